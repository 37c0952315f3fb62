"""The digest's numbers agree with a count by hand, and unknown numbers are not 0."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import event, insert

from bot.app.setup import Setup
from bot.background.failures import aggregate_once, merge_once
from bot.background.operations.runner import Runner
from bot.database.time_limits import DeadlinePassed
from bot.models.alert_rules import NO_WORKER_ACTIVITY, OLDEST_JOB
from bot.models.digest import Deeds, DigestIncident, DoneBy, Figure
from bot.store import tables
from bot.store.reports.digest_days import Days
from tests.kit.clock import SetClock, moment
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, confirm, hold
from tests.kit.yesterday import BEGAN, ENDED, HOUR, LIMA, began, read

TODAY = date(2026, 3, 10)
MISSING = "ErrorException: Undefined array key 'sku' in order 803193"


# ---- what failed


def test_failed_counts_every_failure_of_the_day_including_removed_failures(
    setup: Setup, queue: TestQueue, clock: SetClock
) -> None:
    wall = (
        "03-08 23:59:59",
        "03-09 00:00:00",
        "03-09 12:30:00",
        "03-09 23:59:59",
        "03-10 00:00:00",
    )
    ids = [queue.fail(failed_at=datetime.fromisoformat(f"2026-{text}")) for text in wall]
    watch(setup, hold(setup))
    ask(setup, f"delete-failed {ids[2]}")
    assert read(setup).failed == Figure(count=3, before=0)
    clock.at = ENDED + 9 * HOUR
    while aggregate_once(setup, hold(setup)) or merge_once(setup, hold(setup)):
        pass
    assert read(setup).failed == Figure(count=3, before=0)


def test_the_week_before_is_known_after_its_hours_were_merged_into_days(
    setup: Setup, queue: TestQueue, clock: SetClock
) -> None:
    for day in (1, 2, 2, 3, 3, 3, 6, 9):
        failed_at = datetime(2026, 3, day, 15)  # noqa: DTZ001 wall clock
        queue.fail(failed_at=failed_at)
        clock.at = moment(f"2026-03-0{day} 15:01", LIMA)
        watch(setup, hold(setup))
    clock.at = ENDED + 9 * HOUR
    while aggregate_once(setup, hold(setup)) or merge_once(setup, hold(setup)):
        pass
    assert read(setup).failed == Figure(count=1, before=2)
    week = Days(date(2026, 3, 3), date(2026, 3, 9), ZoneInfo(LIMA))
    # Nothing failed in the last days of February; these days are stored, too.
    assert read(setup, week).failed == Figure(count=5, before=3)


def test_figures_from_before_the_first_start_are_unknown(setup: Setup, queue: TestQueue) -> None:
    began(queue, BEGAN - timedelta(days=3))
    assert read(setup).failed == Figure(count=0, before=None)
    assert read(setup).began_at is None
    began(queue, BEGAN + HOUR)
    assert read(setup).failed == Figure(count=0, before=None, at_least=True)
    assert read(setup).began_at == BEGAN + HOUR


def test_days_that_were_merged_are_unknown(setup: Setup) -> None:
    old = Days(date(2026, 2, 1), date(2026, 2, 2), ZoneInfo(LIMA))
    assert read(setup, old).failed.count is None


# ---- what people did


def test_retried_and_deleted_are_counted_by_person(
    setup: Setup, queue: TestQueue, clock: SetClock
) -> None:
    ids = [queue.fail() for _ in range(12)]
    others = [queue.fail(exception=MISSING, queue="mail") for _ in range(3)]
    job = queue.push()
    watch(setup, hold(setup))
    clock.at = BEGAN - HOUR
    ask(setup, f"retry {ids[0]}")
    clock.at = BEGAN
    ask(setup, f"retry {ids[1]} {ids[2]}", by=OMAR)
    ask(setup, f"retry {ids[3]}")
    ask(setup, f"retry {ids[3]}", by=OMAR)  # refused: already retried
    ask(setup, f"delete-failed {ids[4]}")
    ask(setup, f"delete {job}")
    ask(setup, f"delete-failed {ids[5]}", by=OMAR)  # refused: operators may not delete
    clock.at = ENDED - HOUR
    bulk(setup, "retry-all queue=netsuite")
    bulk(setup, "clear-failed queue=mail")
    clock.at = ENDED
    ask(setup, f"retry {others[0]}")
    digest = read(setup)
    # In bulk: 12 less the earlier retry, the three by id, and the deleted one, which leaves 7.
    assert digest.retried == Deeds(
        count=10, by=(DoneBy(actor=ANA, count=8), DoneBy(actor=OMAR, count=2))
    )
    assert digest.deleted == Deeds(count=5, by=(DoneBy(actor=ANA, count=5),))


def bulk(setup: Setup, words: str) -> None:
    """Preview, confirm and run an operation to its end."""
    outcome: Any = ask(setup, words)
    frozen = outcome.result.extra.preview
    begun: Any = confirm(setup, frozen.action, frozen.plan, typed=frozen.total)
    assert Runner(setup).run_to_end(begun.result.extra.progress).state == "done"


def test_only_five_people_are_named_and_the_others_are_counted(
    setup: Setup, queue: TestQueue
) -> None:
    ids = [queue.fail() for _ in range(7)]
    people = tuple(f"U07ADMIN000{number}" for number in range(7))
    many = replace(setup, rules=replace(setup.rules, admins=people))
    for person, id_ in zip(people, ids, strict=True):
        ask(many, f"retry {id_}", by=person)
    retried = read(setup).retried
    assert retried is not None
    assert (retried.count, len(retried.by), retried.others) == (7, 5, 2)


# ---- what went wrong


def incident(
    queue: TestQueue, id_: int, opened: datetime, minutes: int | None, rule: str
) -> DigestIncident:
    """Insert an incident that is resolved after `minutes`, or active, and return it."""
    resolved = None if minutes is None else opened + timedelta(minutes=minutes)
    subject = f"{rule}:{id_}"
    row = {
        "id": id_,
        "rule": rule,
        "subject": subject,
        "active_subject": subject if resolved is None else None,
        "queue": str(id_),
        "triggered_at": opened,
        "last_at": opened,
        "resolved_at": resolved,
    }
    with queue.engine.begin() as connection:
        connection.execute(insert(tables.incidents), row)
    return DigestIncident(
        id=id_, rule=rule, queue=str(id_), error=None, triggered_at=opened, resolved_at=resolved
    )


def test_the_digest_has_the_incidents_of_the_day_and_the_active_incidents(
    setup: Setup, queue: TestQueue
) -> None:
    incident(queue, 1, BEGAN - HOUR, 200, OLDEST_JOB)
    two = incident(queue, 2, BEGAN, 10, OLDEST_JOB)
    three = incident(queue, 3, BEGAN + HOUR, 42, NO_WORKER_ACTIVITY)
    four = incident(queue, 4, BEGAN + HOUR, 3, NO_WORKER_ACTIVITY)
    five = incident(queue, 5, ENDED - HOUR, None, NO_WORKER_ACTIVITY)
    six = incident(queue, 6, ENDED, None, OLDEST_JOB)
    summary = read(setup).incidents
    assert summary is not None
    assert (summary.opened, summary.over, summary.seconds) == (4, 3, 600)
    assert summary.longest == (three, two, four)
    assert (summary.open_now, summary.count_now) == ((six, five), 2)


def test_error_groups_with_failed_jobs_are_listed_with_the_largest_first(
    setup: Setup, queue: TestQueue
) -> None:
    for cause in range(7):
        for _ in range(cause + 1):
            queue.fail(exception=f"{chr(65 + cause)}Exception: it broke")
    watch(setup, hold(setup))
    groups = read(setup).groups
    assert groups is not None
    assert (groups.count, groups.failed) == (7, 28)
    assert [(row.name[:2], row.failed) for row in groups.groups] == [
        ("GE", 7),
        ("FE", 6),
        ("EE", 5),
        ("DE", 4),
        ("CE", 3),
    ]


def test_a_part_of_the_digest_that_takes_too_long_is_unknown_and_other_parts_are_not(
    setup: Setup, queue: TestQueue
) -> None:
    queue.fail(failed_at=datetime(2026, 3, 9, 8))  # noqa: DTZ001 wall clock
    watch(setup, hold(setup))

    def late(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "queue_bot_audit" in statement:
            raise DeadlinePassed

    event.listen(setup.engine, "before_cursor_execute", late)
    try:
        digest = read(setup)
    finally:
        event.remove(setup.engine, "before_cursor_execute", late)
    assert (digest.retried, digest.deleted, digest.failed.count) == (None, None, 1)


def test_the_command_shows_the_days_since_the_last_digest(
    setup: Setup, queue: TestQueue, clock: SetClock
) -> None:
    queue.fail(failed_at=datetime(2026, 3, 9, 8))  # noqa: DTZ001 wall clock
    watch(setup, hold(setup))
    clock.at = ENDED + HOUR
    shown: Any = ask(setup, "digest", by=OMAR)
    assert (shown.result.data.first, shown.result.data.last) == (date(2026, 3, 9),) * 2
    assert shown.result.data.failed.count == 1
    assert shown.result.envelope()["data"]["first"] == "2026-03-09"
