"""Acknowledge an incident; mute an error group, a queue or an alert rule for a while."""

from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from sqlalchemy import ColumnElement, update

from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.database.transactions import reading
from bot.models.alert_rules import OLDEST_JOB
from bot.store.incidents import mutes
from bot.store.incidents.transitions import Subject, group_subject
from bot.store.tables import incidents as incident_table
from bot.store.tables import mutes as mute_table
from tests.crash.mutants import replaced
from tests.kit.clock import Clock
from tests.kit.concurrency import at_once
from tests.kit.mutes import group, mute_of
from tests.kit.on_call import opened, records, text_of, within
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, codes, hold, make_setup

T = TypeVar("T")


def failed_in(setup: Setup, queue: TestQueue, name: str) -> None:
    """Add a failed job of this queue and index it."""
    queue.fail(queue=name)
    index_once(setup, hold(setup))


def test_a_mute_covers_its_error_group_queue_or_alert_rule_until_its_end(queue: TestQueue) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    first, second = group(setup), group(setup, "Timeout")
    queue.push(queue="mail")

    outcomes = [
        ask(setup, f"mute error=E{first}", by=OMAR),
        ask(setup, "mute queue=mail for=2h", by=OMAR),
        ask(setup, "mute alert=backlog_growth for=7d", by=OMAR),
    ]

    assert codes(outcomes) == ["ok", "ok", "ok"]
    assert mute_of(setup, error_group=first)
    assert mute_of(setup, error_group=first, queue="netsuite")
    assert mute_of(setup, error_group=second) is None
    # The mute of one queue does not mute an incident with failures of several queues.
    assert mute_of(setup, error_group=second, queue=None) is None
    assert mute_of(setup, error_group=second, queue="mail")
    assert mute_of(setup, rule="oldest_job", queue="mail")
    assert mute_of(setup, rule="oldest_job", queue="Mail") is None
    assert mute_of(setup, rule="backlog_growth", queue="netsuite")
    clock.move(minutes=59)
    assert mute_of(setup, error_group=first)
    clock.move(minutes=2)
    assert mute_of(setup, error_group=first) is None
    assert mute_of(setup, error_group=second, queue="mail")
    clock.move(hours=1)
    assert mute_of(setup, error_group=second, queue="mail") is None
    assert mute_of(setup, rule="backlog_growth")
    with reading(setup.engine) as connection:
        (left,) = mutes.current(connection, setup.clock(connection))
    assert left.topic.rule == "backlog_growth"


def expires(queue: TestQueue) -> None:
    """Assert that a mute of one hour expires after one hour."""
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    assert codes([ask(setup, "mute alert=oldest_job")]) == ["ok"]
    clock.move(minutes=61)
    assert mute_of(setup, rule="oldest_job") is None
    assert codes([ask(setup, "unmute alert=oldest_job")]) == ["not-muted"]
    assert codes([ask(setup, "mute alert=oldest_job for=5m")]) == ["ok"]


def for_ever(_now: datetime) -> ColumnElement[bool]:
    """Return a condition under which no mute expires."""
    return mute_table.c.ended_at.is_(None)


@pytest.mark.parametrize("works", [True, False])
def test_a_mute_ends_at_its_time(kept_queue: TestQueue, *, works: bool) -> None:
    if works:
        expires(kept_queue)
        return
    with replaced((mutes, "in_force"), by=for_ever), pytest.raises(AssertionError):
        expires(kept_queue)


def test_a_second_mute_of_the_same_topic_extends_the_first(queue: TestQueue) -> None:
    setup = make_setup(queue)

    first = ask(setup, "mute alert=oldest_job for=1h", by=OMAR)
    longer = ask(setup, "mute alert=oldest_job for=3h", by=ANA)
    shorter = ask(setup, "mute alert=oldest_job for=30m", by=OMAR)

    assert codes([first, longer, shorter]) == ["ok", "ok", "already-muted"]
    (row,) = queue.rows(mute_table)
    assert row.muted_by == ANA
    assert timedelta(hours=2.9) < row.until - row.muted_at <= timedelta(hours=3)
    assert "This replaces a mute until" in text_of(setup, longer)
    assert "This replaces a mute until" not in text_of(setup, first)
    assert "muted oldest_job until" in text_of(setup, shorter).replace("`", "")
    assert f"<@{ANA}> already muted" in text_of(setup, shorter)


def test_concurrent_mutes_of_the_same_topic_are_one_mute(mariadb_queue: TestQueue) -> None:
    one, other = make_setup(mariadb_queue, "a"), make_setup(mariadb_queue, "b")

    outcomes = at_once(
        lambda: ask(one, "mute alert=oldest_job for=1h", by=ANA),
        lambda: ask(other, "mute alert=oldest_job for=2h", by=OMAR),
    )

    # The longer mute remains in either order; the shorter one may be refused as already muted.
    assert codes(outcomes) in (["ok", "ok"], ["already-muted", "ok"])
    (row,) = mariadb_queue.rows(mute_table)
    assert row.muted_by == OMAR
    assert timedelta(hours=1.9) < row.until - row.muted_at <= timedelta(hours=2)


def test_unmute_ends_a_mute_and_is_refused_without_one(queue: TestQueue) -> None:
    setup = make_setup(queue)
    ask(setup, "mute alert=no_worker_activity", by=OMAR)

    ended = ask(setup, "unmute alert=no_worker_activity", by=ANA)
    again = ask(setup, "unmute alert=no_worker_activity", by=OMAR)
    never = ask(setup, "unmute queue=nobodys", by=OMAR)

    assert codes([ended, again, never]) == ["ok", "not-muted", "not-muted"]
    assert mute_of(setup, rule="no_worker_activity") is None
    (row,) = queue.rows(mute_table)
    assert (row.ended_by, row.active_subject) == (ANA, None)
    assert f"<@{ANA}> ended the mute" in text_of(setup, again)
    assert "`nobodys` is not muted" in text_of(setup, never)
    assert codes([ask(setup, "mute alert=no_worker_activity")]) == ["ok"]
    assert mute_of(setup, rule="no_worker_activity")


def test_mute_and_unmute_refresh_the_alerts_of_active_incidents(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.push(queue="mail")
    about = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    other = opened(setup, Subject(OLDEST_JOB, "oldest_job:netsuite", "netsuite"))

    def stale() -> list[int]:
        """Return the incidents whose alert is stale, then mark all of them as up to date."""
        ids = [row.id for row in queue.rows(incident_table) if row.stale]
        within(setup, lambda c: c.execute(update(incident_table).values(stale=False)))
        return ids

    assert about != other
    stale()
    done = ask(setup, "mute queue=mail")
    assert stale() == [about]
    assert "This mutes 1 active incident" in text_of(setup, done)
    ask(setup, "unmute queue=mail")
    assert stale() == [about]


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (group_subject(1, "mail"), {"error": "E1"}),
        (
            Subject("oldest_job", "oldest_job:" + "q" * 255, "q" * 255),
            {"alert": "oldest_job", "queue": "q" * 255},
        ),
        (Subject("failed_count", "failed_count"), {"alert": "failed_count"}),
    ],
)
def test_mute_of_an_incident_id_mutes_the_topic_of_the_incident(
    kept_queue: TestQueue, subject: Subject, words: dict[str, str]
) -> None:
    setup = make_setup(kept_queue)
    error_group = group(setup)
    if subject.error_group is not None:
        subject, words = group_subject(error_group, "mail"), {"error": f"E{error_group}"}
    id_ = opened(setup, subject)

    done = ask(setup, f"mute I{id_} for=90m", by=OMAR)

    assert codes([done]) == ["ok"]
    assert mute_of(setup, rule=subject.rule, queue=subject.queue, error_group=subject.error_group)
    ((action, _, arguments),) = records(kept_queue)
    assert action == "mute"
    assert {name: arguments[name] for name in ("id", "for", *words)} == {
        "id": f"I{id_}", "for": "90m", **words,
    }  # fmt: skip
    assert "until" in arguments
    assert codes([ask(setup, f"unmute I{id_}")]) == ["ok"]


def test_the_mute_of_an_alert_covers_neither_new_failures_nor_other_rules_of_its_queue(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    other = opened(setup, Subject("stuck_jobs", "stuck_jobs:mail", "mail"))
    within(setup, lambda c: c.execute(update(incident_table).values(stale=False)))

    done = ask(setup, f"mute I{id_}", by=OMAR)

    assert mute_of(setup, rule=OLDEST_JOB, queue="mail") is not None
    assert mute_of(setup, rule=OLDEST_JOB, queue="netsuite") is None
    assert mute_of(setup, rule="stuck_jobs", queue="mail") is None
    assert mute_of(setup, rule="new_failures", queue="mail", error_group=1) is None
    assert "the alert rule `oldest_job` of the queue mail" in text_of(setup, done)
    assert [row.id for row in queue.rows(incident_table) if row.stale] == [id_] != [other]
    queue.push(queue="mail")
    again = ask(setup, "mute alert=oldest_job queue=mail for=2h")
    assert "This replaces a mute until" in text_of(setup, again)
    assert codes([ask(setup, "unmute alert=oldest_job queue=mail")]) == ["ok"]
    assert codes([ask(setup, "mute alert=failed_count queue=mail")]) == ["invalid"]


def test_unmute_of_an_incident_under_another_mute_names_that_mute(queue: TestQueue) -> None:
    setup = make_setup(queue)
    error_group = group(setup)
    id_ = opened(setup, group_subject(error_group, "night mail"))
    queue.push(queue="night mail")
    ask(setup, "mute queue='night mail'", by=OMAR)

    refused = ask(setup, f"unmute I{id_}")
    shown = text_of(setup, refused)

    assert codes([refused]) == ["muted-otherwise"]
    assert f"<@{OMAR}> muted `night mail`" in shown
    assert "`/queue unmute queue='night mail'`" in shown
    assert codes([ask(setup, "unmute queue='night mail'")]) == ["ok"]
    assert codes([ask(setup, f"unmute I{id_}")]) == ["not-muted"]


def test_unknown_names_are_refused_with_the_known_names(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue)
    queue.push(queue="netsuite")
    failed_in(setup, queue, "mailing")

    outcomes = {
        words: ask(setup, words)
        for words in (
            "mute error=E999",
            "mute queue=mailin",
            "mute alert=oldes",
            "mute I999",
            "mute",
            "mute error=E1 queue=netsuite",
            "mute alert=oldest_job for=4m",
            "mute alert=oldest_job for=8d",
            "mute alert=oldest_job for=soon",
            "unmute",
            "acknowledge",
            "acknowledge E12",
        )
    }
    shown = {words: text_of(setup, outcome) for words, outcome in outcomes.items()}

    assert codes(outcomes.values()) == [
        "error-group-not-found", "queue-not-found", "invalid", "incident-not-found",
        *["invalid"] * 8,
    ]  # fmt: skip
    assert "Known queues: `mailing`" in shown["mute queue=mailin"]
    assert "`oldest_job`" in shown["mute alert=oldes"]
    assert "There is no incident I999" in shown["mute I999"]
    for words in ("mute", "mute error=E1 queue=netsuite", "unmute"):
        assert "Name exactly one topic" in shown[words]
    for words in ("mute alert=oldest_job for=4m", "mute alert=oldest_job for=8d"):
        assert "`for` must be from 5m to 7d" in shown[words]
    assert "not an incident like I12" in shown["acknowledge E12"]
    assert queue.rows(mute_table) == []


def test_the_answer_to_a_mute_says_if_the_queue_has_no_job(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.push(1, queue="mail")
    failed_in(setup, queue, "night")

    empty = ask(setup, "mute queue=night")
    busy = ask(setup, "mute queue=mail")

    assert codes([empty, busy]) == ["ok", "ok"]
    assert "The queue night has no job now" in text_of(setup, empty)
    assert "no job now" not in text_of(setup, busy)


def test_a_queue_is_muted_under_the_name_in_its_jobs(mariadb_queue: TestQueue) -> None:
    setup = make_setup(mariadb_queue)
    mariadb_queue.push(queue="Mail")
    assert codes([ask(setup, "mute queue=mail")]) == ["ok"]
    assert mute_of(setup, queue="Mail")
