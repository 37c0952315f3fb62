"""Acknowledge an incident; mute an error group, a queue or an alert rule for a while."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import ColumnElement, update

from bot.app.command import Setup
from bot.background.failures import index_once
from bot.commands.mute import MuteResult
from bot.database.transactions import now_of, reading
from bot.models.alert_rules import OLDEST_JOB
from bot.models.incidents import Incident, muted_until
from bot.models.roles import Role
from bot.store.audit import chain
from bot.store.failures import error_groups
from bot.store.incidents import mutes, transitions
from bot.store.incidents.transitions import Subject, group_subject
from bot.store.tables import incidents as incident_table
from bot.store.tables import mutes as mute_table
from bot.terminal.do import TerminalRequest, do
from tests.crash.mutants import replaced
from tests.kit.clock import Clock
from tests.kit.concurrency import at_once
from tests.kit.on_call import opened, posted_bodies, records, text_of, within
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, ANA, OMAR, SAM, ask, codes, hold, make_setup

T = TypeVar("T")

NAME = "SQLSTATE[HY000] [2006] MySQL server has gone away"


def group(setup: Setup, name: str = NAME) -> int:
    """Return the id of this error group; create the group if needed."""
    return within(setup, lambda c: error_groups.find_or_make(c, [name])[name])


def mute_of(setup: Setup, **about: Any) -> datetime | None:
    """Return the time until which an incident with these fields is muted."""
    values: dict[str, Any] = dict.fromkeys(Incident.__dataclass_fields__)
    incident = Incident(**{**values, "rule": "new_failures", **about})
    return within(setup, lambda c: muted_until(mutes.current(c, setup.clock(c)), incident))


def failed_in(setup: Setup, queue: TestQueue, name: str) -> None:
    """Add a failed job of this queue and index it."""
    queue.fail(queue=name)
    index_once(setup, hold(setup))


def test_a_second_acknowledgement_is_refused_and_names_the_first_person(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, group_subject(group(setup), "netsuite"))
    within(setup, lambda c: transitions.update_incident(c, id_, stale=False))

    done = ask(setup, f"acknowledge I{id_}", by=OMAR)
    again = ask(setup, f"acknowledge {id_}")

    assert codes([done, again]) == ["ok", "already-acknowledged"]
    (row,) = queue.rows(incident_table)
    assert (row.acknowledged_by, row.stale) == (OMAR, True)
    assert row.acknowledged_at is not None
    assert f"You acknowledged *I{id_}*: new failures of *E" in text_of(setup, done)
    assert NAME in text_of(setup, done)
    assert f"<@{OMAR}> already acknowledged I{id_}" in text_of(setup, again)
    (posted,) = posted_bodies(queue)
    assert f"*<@{OMAR}> acknowledged I{id_}*" in posted
    assert records(queue)[0][:2] == ("acknowledge", "ok")
    assert records(queue)[0][2]["id"] == f"I{id_}"
    assert records(queue)[1][:2] == ("acknowledge", "no-op")


def test_a_resolved_or_unknown_incident_cannot_be_acknowledged(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    within(setup, lambda c: transitions.resolve(c, id_, transitions.RECOVERED, now_of(c)))

    over = ask(setup, f"acknowledge I{id_}")
    unknown = ask(setup, "acknowledge I999")

    assert codes([over, unknown]) == ["incident-closed", "incident-not-found"]
    assert f"Incident I{id_} was resolved at" in text_of(setup, over)
    assert "There is no incident I999" in text_of(setup, unknown)
    assert queue.rows(incident_table)[0].acknowledged_by is None


def test_of_two_concurrent_acknowledgements_one_is_refused(
    mariadb_queue: TestQueue,
) -> None:
    one, other = make_setup(mariadb_queue, "a"), make_setup(mariadb_queue, "b")
    id_ = opened(one, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    words = f"acknowledge I{id_}"

    outcome_codes = at_once(
        lambda: codes([ask(one, words, by=ANA)])[0], lambda: codes([ask(other, words, by=OMAR)])[0]
    )

    assert sorted(outcome_codes) == ["already-acknowledged", "ok"]


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


WORDS = ("mute alert=oldest_job", "unmute alert=oldest_job", "acknowledge I1")


def assert_viewer_is_refused(queue: TestQueue, words: str, role: Role | None = None) -> None:
    """Assert that a viewer is denied, and an operator in a channel that allows no changes.

    With `role`, every command needs that role instead.
    """
    setup = make_setup(queue)
    rules = replace(setup.rules, viewers=(SAM,))
    commands = dict(setup.commands)
    if role is not None:
        commands = {name: replace(one, role=role) for name, one in commands.items()}
    setup = replace(setup, rules=rules, commands=commands)
    assert codes([ask(setup, "watch", by=SAM)]) == ["ok"]
    assert codes([ask(setup, words, by=SAM)]) == ["denied"]
    assert codes([ask(setup, words, by=OMAR, channel="C07ELSEWHERE")]) == ["wrong-channel"]
    assert [outcome for _, outcome, _ in records(queue)] == ["denied", "denied"]
    assert queue.rows(mute_table) == []


@pytest.mark.parametrize("words", WORDS)
def test_a_viewer_can_neither_mute_nor_acknowledge(kept_queue: TestQueue, words: str) -> None:
    assert_viewer_is_refused(kept_queue, words)


@pytest.mark.parametrize("words", WORDS)
def test_without_the_required_role_a_viewer_could_mute_and_acknowledge(
    kept_queue: TestQueue, words: str
) -> None:
    with pytest.raises(AssertionError):
        assert_viewer_is_refused(kept_queue, words, Role.VIEWER)


def test_acknowledge_mute_and_unmute_work_during_a_change_freeze(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    ask(setup, "freeze deploying")
    assert codes(
        [
            ask(setup, words, by=OMAR)
            for words in (f"acknowledge I{id_}", f"mute I{id_}", f"unmute I{id_}")
        ]
    ) == ["ok", "ok", "ok"]


def test_a_click_on_an_alert_posts_no_separate_message(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    within(setup, lambda c: transitions.mark_posted(c, id_, ALERTS, "17.1"))

    on_it = ask(setup, f"acknowledge I{id_}", by=OMAR, channel=ALERTS, message_ts="17.1")
    beside = ask(setup, f"mute I{id_}", by=OMAR, channel=ALERTS, message_ts="18.1")

    assert codes([on_it, beside]) == ["ok", "ok"]
    (posted,) = posted_bodies(queue)
    assert "muted*" in posted


def test_a_repeated_click_mutes_once_and_gets_the_same_answer(queue: TestQueue) -> None:
    setup = make_setup(queue)
    first = ask(setup, "mute alert=oldest_job", key="one")
    second = ask(setup, "mute alert=oldest_job", key="one")
    assert second.repeated
    assert isinstance(first.result, MuteResult)
    assert isinstance(second.result, MuteResult)
    assert second.result.data == first.result.data
    assert len(queue.rows(mute_table)) == 1


def is_recorded(queue: TestQueue) -> None:
    """Assert that the audit log records a mute with its topic and its end."""
    ask(make_setup(queue), "mute alert=oldest_job for=2h", by=OMAR)
    ((action, outcome, arguments),) = records(queue)
    assert (action, outcome) == ("mute", "ok")
    assert arguments["alert"] == "oldest_job"
    assert arguments["for"] == "120m"
    assert arguments["until"][:16] == str(queue.rows(mute_table)[0].until)[:16]


def test_the_audit_record_of_a_mute_has_its_topic_and_its_end(queue: TestQueue) -> None:
    is_recorded(queue)


def test_without_the_audit_log_no_record_is_written(kept_queue: TestQueue) -> None:
    unwritten = replaced((chain, "write"), by=lambda *_: None)
    with unwritten, pytest.raises(ValueError, match="not enough values"):
        is_recorded(kept_queue)


class NoRecordError(Exception):
    """The audit record could not be written."""


def not_written(*_: object) -> None:
    """Fail instead of writing the audit record."""
    raise NoRecordError


@pytest.mark.parametrize(
    "words", ["mute alert=no_worker_activity", "unmute alert=oldest_job", "acknowledge I{id}"]
)
def test_a_change_that_cannot_be_audited_is_not_made(kept_queue: TestQueue, words: str) -> None:
    setup = make_setup(kept_queue)
    id_ = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    ask(setup, "mute alert=oldest_job")
    with replaced((chain, "write"), by=not_written), pytest.raises(NoRecordError):
        ask(setup, words.format(id=id_))
    assert mute_of(setup, rule="no_worker_activity") is None
    assert mute_of(setup, rule="oldest_job") is not None
    assert kept_queue.rows(incident_table)[0].acknowledged_by is None
    assert len(records(kept_queue)) == 1


def test_acknowledge_mute_and_unmute_answer_in_json_in_a_terminal(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, group_subject(group(setup), "netsuite"))
    lines: list[str] = []
    for words in (f"acknowledge I{id_}", f"mute I{id_}", f"unmute I{id_}"):
        assert (
            do(setup, TerminalRequest(words, "ana", as_json=True), lines.append, lambda _: None)
            == 0
        )
    acknowledged, muted, unmuted = (json.loads(line)["data"] for line in lines)
    assert acknowledged["incident"] == f"I{id_}"
    assert acknowledged["acknowledged_by"] == "ana"
    assert acknowledged["name"] == NAME
    assert muted["mute"]["topic"]["error_group"] == unmuted["mute"]["topic"]["error_group"]
    assert muted["incidents"] == 1
    assert json.loads(lines[1])["message"].startswith("Muted E")
