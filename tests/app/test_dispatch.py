"""After a missed deadline, a lock or a bug, dispatch answers and rolls the change back."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from bot.access.no_slack import NoSlack
from bot.app.command import Command
from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.setup import Setup
from bot.app.work import Work
from bot.commands.retry import COMMAND as RETRY
from bot.commands.retry import RetryResult
from bot.commands.status import COMMAND as STATUS
from bot.database.engine import POOL
from bot.localslack.demo import IDS
from bot.models.refusals import Busy
from bot.models.requests import Actor, Invocation, Message, Source
from bot.models.roles import Role
from bot.settings.environment import load_settings
from bot.slack import handler
from bot.slack.envelopes import CHANGE_SECONDS
from bot.slack.handler import ANSWER_WITHIN, START_WITHIN
from bot.store import tables
from bot.views.context import Context
from bot.wiring.setup import make_setup
from tests.kit.queues import TestQueue
from tests.kit.team import Team, sqlite_queue, team_at_work

SLACK_WAITS = 20.0
"""Seconds for which the local Slack of a punctual team waits, with a margin for a busy machine."""


@pytest.fixture
def punctual(kept_queue: TestQueue) -> Iterator[Team]:
    """A team whose bot has production's time limits plus a grace for a busy machine."""
    with team_at_work(kept_queue, grace=1) as at_work:
        at_work.slack.hub.ack_timeout = SLACK_WAITS
        yield at_work


def register(team: Team, command: Command) -> None:
    """Add a command to this bot only."""
    commands = team.bot.setup.commands
    assert isinstance(commands, dict)
    commands[command.name] = command


def renamed(command: Command, name: str, **changed: Any) -> Command:
    """Return the command with another name and the changed fields."""
    assert command.action is not None
    return replace(command, name=name, action=replace(command.action, name=name), **changed)


def test_each_time_limit_of_a_request_leaves_time_for_the_next_step() -> None:
    assert START_WITHIN < CHANGE_SECONDS < ANSWER_WITHIN <= handler.SLACK_WAITS - 0.5


def test_a_change_that_waits_for_a_lock_is_refused_as_busy_in_time_and_can_be_repeated(
    punctual: Team,
) -> None:
    team = punctual

    def busy() -> bool:
        texts = "\n".join(message["text"] for message in team.slack.messages("queue-ops"))
        return "The database is busy. Nothing was changed" in texts

    def redelivered() -> bool:
        acks = team.slack.hub.repeated_acks
        team.slack.redeliver()
        team.until(lambda: team.slack.hub.repeated_acks > acks)
        return bool(team.queue.jobs)

    team.queue.fail(45)
    failed = team.queue.queue.failed
    with team.queue.engine.begin() as worker:
        worker.execute(select(failed.c.id).where(failed.c.id == 45).with_for_update())
        # The answer comes while the row is still locked; on a stalled machine, after the ack.
        answer = team.say("retry 45")
        assert "error" not in answer.response
        team.until(busy)

    assert [row.id for row in team.queue.failed] == [45]
    # The refusal is not stored, so a redelivered envelope may succeed.
    team.until(redelivered)
    assert len(team.queue.jobs) == 1
    *refused, last = [row.outcome for row in team.records]
    assert (set(refused), last) == ({"refused"}, "ok")


def test_a_change_after_its_deadline_does_not_start(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    setup = terminal_setup(kept_queue)
    actor = Actor("ana", None, Source.TERMINAL)
    late = Invocation(actor, request_id("late"), time.monotonic() - 0.001)

    outcome = dispatch(setup, late, "retry 45")

    assert isinstance(outcome.refusal, Busy)
    assert [row.id for row in kept_queue.failed] == [45]
    (record,) = kept_queue.rows(tables.audit)
    assert (record.outcome, record.reason) == ("refused", "busy")


def terminal_setup(queue: TestQueue) -> Setup:
    """Return the setup that dispatch needs, without Slack."""
    return make_setup(
        load_settings({"DATABASE_URL": queue.url}, need="database"), queue.engine, NoSlack()
    )


def test_a_late_request_is_recorded_with_its_arguments(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    asked = Invocation(Actor("ana", None, Source.TERMINAL), request_id("a"), time.monotonic() + 5)

    outcome = dispatch(terminal_setup(kept_queue), asked, "retry 45", late=True)

    assert isinstance(outcome.refusal, Busy)
    assert [row.id for row in kept_queue.failed] == [45]
    (record,) = kept_queue.rows(tables.audit)
    assert (record.action, record.arguments) == ("retry", '{"ids":["45"]}')
    assert (record.outcome, record.reason) == ("refused", "busy")


@pytest.mark.parametrize("outcome", ["ok", "refused"])
def test_a_request_that_is_repeated_late_gets_its_first_answer(
    kept_queue: TestQueue, outcome: str
) -> None:
    if outcome == "ok":
        kept_queue.fail(45)
    setup = terminal_setup(kept_queue)
    asked = Invocation(Actor("ana", None, Source.TERMINAL), request_id("a"), time.monotonic() + 5)
    first = dispatch(setup, asked, "retry 45")

    again = dispatch(setup, asked, "retry 45", late=True)

    assert again.repeated
    assert again.result == (
        None if first.result is None else first.result.model_copy(update={"targets": ()})
    )
    assert (again.refusal is None) == (outcome == "ok")
    assert not isinstance(again.refusal, Busy)
    assert [row.outcome for row in kept_queue.rows(tables.audit)] == [outcome]


@pytest.mark.parametrize(
    "typed",
    ["retry \ud800", "\udfff", "delete 45 queue=\ud83d", Request("retry", {"ids": ["\ud800"]})],
)
def test_half_a_surrogate_pair_is_refused_and_recorded_like_any_other_word(
    tmp_path: Path, typed: str | Request
) -> None:
    queue = sqlite_queue(tmp_path)
    asked = Invocation(Actor("ana", None, Source.TERMINAL), request_id("a"), time.monotonic() + 5)

    outcome = dispatch(terminal_setup(queue), asked, typed)

    assert outcome.refusal is not None
    records = queue.rows(tables.audit)
    # A mistake in typed text is only logged; the audit log has no record of it.
    assert len(records) == isinstance(typed, Request)
    for record in records:
        assert record.outcome == "refused"
        assert "\N{REPLACEMENT CHARACTER}" in record.arguments + record.answer
    queue.engine.dispose()


def test_a_change_with_a_bug_is_rolled_back_and_the_answer_has_an_error_number(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(work: Work, args: object) -> RetryResult:
        RETRY.run(work, args)
        work.connection.execute(delete(work.queue.jobs))
        raise ZeroDivisionError("canary 45")

    team.queue.fail(45)
    register(team, renamed(RETRY, "boom", run=run))

    answer = team.say("boom 45")

    assert "The bot had an internal error. Nothing was changed" in answer.text
    assert "canary" not in answer.everything
    assert [row.id for row in team.queue.failed] == [45]
    assert team.queue.jobs == team.archived == team.records == []
    incident = answer.text.rstrip(".").split()[-1].strip("`")
    assert incident in capsys.readouterr().out
    # The request id was rolled back too, so the next command works.
    assert "back in the queue" in team.say("retry 45").text


def test_a_bug_in_the_view_of_a_committed_change_is_not_reported_as_no_change(team: Team) -> None:
    def view(_result: RetryResult, _context: Context) -> Message:
        raise ZeroDivisionError

    team.queue.fail(45)
    register(team, renamed(RETRY, "boom", view=view))

    answer = team.say("boom 45")

    assert "internal error" in answer.text
    assert "Nothing was changed" not in answer.text
    assert len(team.queue.jobs) == 1
    assert [row.outcome for row in team.records] == ["ok"]


def test_a_slow_answer_is_announced_in_the_acknowledgement_and_posted_later(punctual: Team) -> None:
    team, acknowledged = punctual, threading.Event()

    def view(_result: object, _context: Context) -> Message:
        acknowledged.wait(40)
        return Message("here it is")

    register(team, replace(STATUS, name="slow", view=view))

    # The view waits until the request is acknowledged.
    answer = team.say("slow", as_="viewer")

    assert "error" not in answer.response
    assert "the answer follows" in answer.text or "aparecerá" in answer.text
    acknowledged.set()
    team.until(lambda: any("here it is" in m["text"] for m in team.slack.messages("queue-ops")))


def test_a_slow_change_is_not_known_yet_and_a_slow_preview_opens_its_dialog(punctual: Team) -> None:
    team, acknowledged = punctual, threading.Event()

    def view(_result: object, _context: Context) -> Message:
        acknowledged.wait(40)
        return Message("here it is")

    team.queue.fail(45)
    register(team, renamed(RETRY, "slow", view=view))
    register(team, renamed(team.bot.setup.commands["retry-all"], "slow-all", view=view))
    with ThreadPoolExecutor(2) as people:
        change = people.submit(team.say, "slow 45", as_="admin")
        preview = people.submit(team.say, "slow-all", as_="admin")
        changed, looked = change.result(), preview.result()

    assert "does not know yet whether the change was made" in changed.text
    assert "do not click or type again" in changed.text
    assert "Counting" in str(looked.view["blocks"])
    assert not {"error"} & {*changed.response, *looked.response}
    acknowledged.set()
    team.until(lambda: "here it is" in str(team.slack.messages("queue-ops")))
    team.until(lambda: "here it is" in str(team.slack.views("admin")))
    assert len(team.queue.jobs) == 1


def test_background_work_needs_no_connection_of_the_request_pool(team: Team) -> None:
    engine = team.bot.setup.engine
    with ExitStack() as held:
        for _ in range(POOL):
            held.enter_context(engine.connect())
        team.queue.fail(45)
        team.alert()


def test_each_of_many_concurrent_requests_is_answered_in_time(team: Team) -> None:
    for id_ in range(1, 25):
        team.queue.fail(id_)
    with ThreadPoolExecutor(24) as people:
        answers = list(people.map(lambda id_: team.say(f"retry {id_}"), range(1, 25)))

    texts = [answer.text for answer in answers]
    done = sum("back in the queue" in text for text in texts)
    assert done + sum("busy" in text for text in texts) == 24
    # Without an answer in time, Slack would show an error instead.
    assert not [answer.response for answer in answers if "error" in answer.response]
    assert (len(team.queue.jobs), len(team.queue.failed)) == (done, 24 - done)
    assert done > 0


def test_the_audit_record_of_a_change_has_every_field(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    team.click(alert, "run:retry")
    (record,) = team.records
    assert (record.actor, record.team, record.source) == (IDS.operator, IDS.team, "button")
    assert (record.role, record.rule) == (Role.OPERATOR.word, f"operators: {IDS.oncall}")
    assert (record.action, record.outcome) == ("retry", "ok")
    assert (record.channel, record.message_ts) == (IDS.queue_alerts, alert["ts"])
    assert '"ids":[45]' in record.arguments
    assert '"kind":"failed"' in record.targets
    assert record.replica == team.bot.setup.replica
    assert record.version == team.bot.setup.version
    assert len(record.request_id) == 64
