"""Acknowledge, mute and unmute: roles, freezes, repeated clicks, audit records and JSON."""

import json
from dataclasses import replace

import pytest

from bot.commands.mute import MuteResult
from bot.models.alert_rules import OLDEST_JOB
from bot.models.roles import Role
from bot.store.audit import chain
from bot.store.incidents import transitions
from bot.store.incidents.transitions import Subject, group_subject
from bot.store.tables import incidents as incident_table
from bot.store.tables import mutes as mute_table
from bot.terminal.do import TerminalRequest, do
from tests.crash.mutants import replaced
from tests.kit.mutes import NAME, group, mute_of
from tests.kit.on_call import opened, posted_bodies, records, within
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, OMAR, SAM, ask, codes, make_setup

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
