"""People correct the grouping of errors: a merge is previewed, audited, remembered and undone."""

from functools import partial
from threading import Thread

from sqlalchemy import delete, update

from bot.app.parsing import Request
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.background.failures import aggregate_once, index_once, merge_once
from bot.background.incidents.grouping import group_all
from bot.commands.error import ErrorResult
from bot.commands.errors import ErrorsResult
from bot.commands.retry import RetryResult
from bot.store import tables
from bot.store.failures.failure_counts import ALL_HOURS
from tests.kit.concurrency import before_statement, lock_waits, until
from tests.kit.on_call import records, text_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, SAM, ask, codes, hold, make_setup

ONE, OTHER = "RuntimeException: Stock is negative", "RuntimeException: Stock is below zero"


def index(setup: Setup) -> None:
    """Index the failed jobs and assign them to incidents."""
    lease = hold(setup)
    index_once(setup, lease)
    group_all(setup, lease)


def two_groups(queue: TestQueue) -> Setup:
    """Index the begin of monitoring, then two failures of E1 and three of E2."""
    setup = make_setup(queue)
    index(setup)
    for exception, count in ((ONE, 2), (OTHER, 3)):
        for _ in range(count):
            queue.fail(exception=exception)
        index(setup)
    return setup


def merge(setup: Setup, **values: object) -> Outcome:
    """Click the button of the preview."""
    return ask(setup, Request("merge", {"error": "E1", "into": "E2", "confirmed": 1, **values}))


def groups(setup: Setup, words: str = "errors") -> list[tuple[str, int, int]]:
    """Return each listed group with its failed jobs and its new failures."""
    result = ask(setup, words).result
    assert isinstance(result, ErrorsResult)
    return [(one.error, one.failed, one.appeared) for one in result.data.errors]


def planned(setup: Setup, words: str) -> int:
    """Return how many jobs the preview of a retry counts."""
    result = ask(setup, words).result
    assert isinstance(result, RetryResult)
    assert isinstance(result.extra, BulkExtra)
    assert result.extra.preview is not None
    return result.extra.preview.total


def test_a_merge_is_previewed_confirmed_audited_and_undone(queue: TestQueue) -> None:
    setup = two_groups(queue)
    before = groups(setup)

    preview = ask(setup, "error E1 merge=E2", by=OMAR)
    assert "Merge *E1* into *E2*?" in text_of(setup, preview)
    assert groups(setup) == before
    assert records(queue) == []

    done = merge(setup)
    assert "Merged *E1* into *E2*" in text_of(setup, done)
    assert [row[:2] for row in groups(setup)] == [("E2", 5)]
    detail = ask(setup, "error E1").result
    assert isinstance(detail, ErrorResult)
    assert (detail.data.group.error, len(detail.data.failed_jobs)) == ("E2", 5)
    assert [part.error for part in detail.extra.merged] == ["E1"]
    assert planned(setup, "retry error=E2") == planned(setup, "retry error=E1") == 5

    undone = ask(setup, "error E1 merge=no")
    assert "separate group again" in text_of(setup, undone)
    assert groups(setup) == before
    assert planned(setup, "retry error=E1") == 2
    assert [(name, outcome, values["into"]) for name, outcome, values in records(queue)] == [
        ("merge", "ok", "E2"),
        ("merge", "ok", "no"),
    ]


def test_new_failures_of_merged_groups_share_an_incident_and_the_merge_is_kept(
    queue: TestQueue,
) -> None:
    setup = two_groups(queue)
    merge(setup)
    lease = hold(setup)

    queue.fail(exception=ONE)
    index(setup)
    newest = queue.rows(tables.failures)[-1]
    (incident,) = [row for row in queue.rows(tables.incidents) if row.id == newest.incident]
    assert incident.error_group == 2
    assert [row[:2] for row in groups(setup)] == [("E2", 6)]
    aggregate_once(setup, lease)
    f, c = tables.failures, tables.failure_counts
    with queue.engine.begin() as connection:
        # What the purge leaves of a group that has been quiet for long.
        connection.execute(delete(f).where(f.c.error_group == 1))
        connection.execute(delete(c).where(c.c.error_group == 1, c.c.hour != ALL_HOURS))
        connection.execute(update(c).where(c.c.error_group == 1).values(removed=c.c.appeared))
    merge_once(setup, lease)
    assert {row.id for row in queue.rows(tables.error_groups)} == {1, 2}
    muted = ask(setup, "mute error=E1 for=1h")
    assert [row.error_group for row in queue.rows(tables.mutes)] == [2], codes([muted])


def test_an_invalid_merge_is_refused(queue: TestQueue) -> None:
    setup = two_groups(queue)
    say = partial(ask, setup)

    assert codes([say("error E1 merge=E9"), say("merge E9 into=E1")]) == (
        ["error-group-not-found"] * 2
    )
    assert codes([say("merge E1 into=E1"), say("merge E1 into=no")]) == ["invalid", "not-merged"]
    assert codes([say("error E1 merge=E2", by=SAM)]) == ["denied"]
    merge(setup)
    again = [merge(setup), merge(setup, error="E2", into="E1")]
    assert codes(again) == ["already-merged"] * 2
    assert "/queue error E1 merge=no" in text_of(setup, again[0])


def test_two_merges_at_the_same_moment_do_not_merge_two_groups_into_each_other(
    mariadb_queue: TestQueue,
) -> None:
    queue = mariadb_queue
    setup = two_groups(queue)
    others: list[Outcome] = []
    other = Thread(target=lambda: others.append(merge(setup, error="E2", into="E1")))

    def overtake() -> None:
        other.start()
        until(lambda: others or lock_waits(queue.engine))

    # The first request has read the merges and has not stored its own merge yet.
    with before_statement(queue.engine, "INSERT INTO queue_bot_error_merges", overtake):
        outcome = merge(setup)
    other.join(20)

    assert codes([outcome, *others]) == ["ok", "already-merged"]
    assert [row.error_group for row in queue.rows(tables.error_merges)] == [1]
