"""During a change freeze, every surface refuses every command that changes a job."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from time import monotonic
from uuid import uuid4

import pytest

from bot.app import dispatch as road
from bot.app.command import Effect, find_commands
from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.localslack.demo import IDS
from bot.models.refusals import Frozen
from bot.models.requests import Actor, Invocation, Source
from bot.store import outbox, tables
from bot.store.operations import change_freeze
from tests.crash.bulk_scenarios import meanwhile
from tests.crash.mutants import replaced
from tests.crash.scenarios import run_out
from tests.kit.bulk import extra_of, preview_of
from tests.kit.concurrency import SECONDS, at_once, lock_waits, until
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, OPS, TEAM, ask, codes, make_setup
from tests.kit.team import Team, action_ids

WHEN_FROZEN = {
    "freeze", "unfreeze", "cancel", "decline", "acknowledge", "assign", "merge", "mute", "note",
    "unmute",
}  # fmt: skip
"""The commands that are allowed during a change freeze, because they change no job."""

CHANGING = {name for name, one in find_commands().items() if one.effect is not Effect.READ}


def test_a_freeze_is_posted_in_every_channel_and_ends_with_unfreeze(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45)

    begun = team.say("freeze NetSuite is down", as_="admin")
    refused = team.say("retry 45")
    status = team.say("status")

    assert "the bot now refuses every change" in begun.text
    assert "Reason: `NetSuite is down`" in begun.text
    assert f"Changes are frozen by <@{IDS.admin}> since" in refused.text
    assert "NetSuite is down" in refused.text
    assert f"*Changes are frozen* by <@{IDS.admin}> since" in status.text
    assert [row.id for row in team.queue.failed] == [45]
    assert "already frozen" in team.say("freeze", as_="admin").text

    ended = team.say("unfreeze", as_="admin")
    assert "Changes are allowed again" in ended.text
    assert "back in the queue" in team.say("retry 45").text
    assert "are frozen" not in team.say("status").text
    assert f"<@{IDS.admin}> allowed them again at" in team.say("unfreeze", as_="admin").text
    texts = team.channel_texts("queue-ops", 3)
    assert f"<@{IDS.admin}> froze all changes" in texts[0]
    assert f"<@{IDS.admin}> allows changes again" in texts[1]
    audited = "\n".join(team.audit_texts(5))
    assert f"<@{IDS.admin}> froze all changes" in audited
    assert f"<@{IDS.admin}> allowed changes again" in audited


def test_only_an_admin_can_freeze_and_unfreeze(team: Team) -> None:
    assert "this needs the role admin" in team.say("freeze").text
    team.say("freeze", as_="admin")
    assert "this needs the role admin" in team.say("unfreeze").text
    assert "are frozen" in team.say("status").text


def test_the_buttons_of_an_alert_and_of_home_are_refused_while_frozen(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    team.say("freeze", as_="admin")
    team.slack.open_home("operator")
    home = team.until(lambda: team.slack.home("operator"))

    clicked = team.click(alert, "run:retry")
    at_home = team.click_in_view(home, "run:retry", block="failed:45")

    assert "Changes are frozen" in clicked.text
    assert "run:retry" in action_ids(home)
    assert "are frozen" in json.dumps(home)
    assert "Changes are frozen" in at_home.everything
    assert [row.id for row in team.queue.failed] == [45]


def test_a_preview_of_a_freeze_can_be_confirmed_only_after_unfreeze(
    team: Team,
) -> None:
    team.queue.fail(45)
    team.say("freeze", as_="admin")
    view = team.say("retry-all", as_="admin").view
    assert "only after an unfreeze" in json.dumps(view)

    refused = team.submit(view)
    assert "Changes are frozen" in refused.everything
    assert [row.id for row in team.queue.failed] == [45]

    team.say("unfreeze", as_="admin")
    team.submit(team.say("retry-all", as_="admin").view)
    team.until(lambda: not team.queue.failed)


def words_of_everything(queue: TestQueue, setup: Setup) -> dict[str, str | Request]:
    """Return, for each command that changes jobs, a request that would succeed."""
    for id_ in (1, 2, 3, 4):
        queue.fail(id_)
    queue.push(11, reserved_at=1_762_537_400)
    queue.push(12)
    ask(setup, "retry 4")
    requests: dict[str, str | Request] = {
        "undo": "undo",
        "retry": "retry 1",
        "delete-failed": "delete-failed 2",
        "delete": "delete 12",
        "release": "release 11",
    }
    for action in ("retry-all", "clear-failed"):
        outcome = ask(setup, action)
        assert outcome.result is not None
        assert isinstance(outcome.result.extra, BulkExtra)
        preview = outcome.result.extra.preview
        assert preview is not None
        requests[action] = Request(action, {"plan": preview.plan, "typed": preview.total})
    waiting = replace(setup, second_person=0)
    plan = preview_of(ask(waiting, "retry queue=netsuite", by=OMAR)).plan
    assert codes([ask(waiting, Request("retry", {"plan": plan}), by=OMAR)]) == ["ok"]
    return {**requests, "approve": f"approve O{plan}"}


def from_source(setup: Setup, request: str | Request, source: Source) -> Outcome:
    """Dispatch the request as if it came from this surface."""
    terminal = source is Source.TERMINAL
    actor = Actor("ana" if terminal else ANA, None if terminal else TEAM, source)
    asked = Invocation(actor, request_id(uuid4()), monotonic() + 10, OPS)
    return dispatch(setup, asked, request)


def assert_freeze_refuses_every_change(queue: TestQueue) -> None:
    """Assert that a freeze refuses each command that changes jobs, on each surface."""
    setup = make_setup(queue)
    requests = words_of_everything(queue, setup)
    assert requests.keys() == CHANGING - WHEN_FROZEN, (
        "this test does not run every changing command"
    )
    assert codes([ask(setup, "freeze deploying")]) == ["ok"]
    before = (queue.jobs, queue.failed)
    for words in requests.values():
        for source in Source:
            outcome = from_source(setup, words, source)
            assert codes([outcome]) == ["frozen"], words
            assert isinstance(outcome.refusal, Frozen)
            assert outcome.refusal.reason == "deploying"
    assert (queue.jobs, queue.failed) == before
    assert codes([ask(setup, "unfreeze")]) == ["ok"]
    for words in requests.values():
        assert codes([ask(setup, words)]) in (["ok"], ["operation-running"]), words


def test_every_command_that_changes_is_refused_while_frozen_from_every_surface(
    queue: TestQueue,
) -> None:
    assert_freeze_refuses_every_change(queue)


def test_without_the_check_changes_are_made_during_a_freeze(kept_queue: TestQueue) -> None:
    broken = replaced((road, "changes_jobs"), by=lambda _command, _arguments: False)
    with broken, pytest.raises(AssertionError):
        assert_freeze_refuses_every_change(kept_queue)


@contextmanager
def held_at(name: str) -> Iterator[tuple[Callable[[], bool], Callable[[], None]]]:
    """Block the thread that reaches the failpoint; yield `is_held` and `go_on`, its release."""
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        go_on.wait(SECONDS)

    with meanwhile(name, wait):
        yield reached.is_set, go_on.set


@pytest.mark.parametrize("guarded", [True, False])
def test_a_freeze_waits_for_a_running_change_and_no_change_commits_later(
    mariadb_queue: TestQueue, *, guarded: bool
) -> None:
    queue = mariadb_queue
    queue.fail(45)
    one, other = make_setup(queue, "a"), make_setup(queue, "b")
    committed_when_told: list[int] = []

    def retry() -> str:
        return codes([ask(one, "retry 45", by=OMAR)])[0]

    def freeze() -> str:
        until(is_held)
        code = codes([ask(other, "freeze")])[0]
        committed_when_told.append(len(queue.jobs))
        return code

    def conduct() -> None:
        until(is_held)
        until(lambda: lock_waits(queue.engine) or committed_when_told)
        go_on()

    unguarded = replaced((change_freeze, "require_none"), by=lambda _connection: None)
    with nullcontext() if guarded else unguarded, held_at("retry-locked") as (is_held, go_on):
        answer_codes = at_once(retry, freeze, conduct)[:2]

    assert answer_codes == ["ok", "ok"]
    # Without the guard, the freeze is answered while a change can still commit.
    assert committed_when_told == ([1] if guarded else [0])
    assert len(queue.jobs) == 1


def test_a_freeze_pauses_a_bulk_change_between_batches_until_unfreeze(
    queue: TestQueue,
) -> None:
    for _ in range(6):
        queue.fail()
    setup = make_setup(queue)
    extra = extra_of(ask(setup, "retry-all"))
    assert extra.preview is not None
    runner = Runner(setup, rows=2, lanes=1, seconds=0)
    ask(setup, Request("retry-all", {"plan": extra.preview.plan}))
    assert runner.run_once()
    assert len(queue.jobs) == 2

    ask(setup, "freeze")
    assert [runner.run_once() for _ in range(25)] == [False] * 25
    assert len(queue.jobs) == 2
    (paused,) = queue.rows(tables.operations)
    assert paused.state == "running"
    edits = [row for row in queue.rows(tables.outbox) if row.kind == outbox.EDIT]
    assert len([row for row in edits if "Paused: changes are frozen by" in row.body]) == 1

    ask(setup, "unfreeze")
    run_out(runner)
    assert len(queue.jobs) == 6
    (ended,) = queue.rows(tables.operations)
    assert (ended.state, ended.done) == ("done", 6)


def test_a_paused_bulk_change_can_be_cancelled_during_a_freeze(kept_queue: TestQueue) -> None:
    for _ in range(4):
        kept_queue.fail()
    setup = make_setup(kept_queue)
    extra = extra_of(ask(setup, "retry-all"))
    assert extra.preview is not None
    runner = Runner(setup, rows=2, lanes=1, seconds=0)
    ask(setup, Request("retry-all", {"plan": extra.preview.plan}))
    runner.run_once()
    ask(setup, "freeze")

    assert codes([ask(setup, f"cancel {extra.preview.plan}")]) == ["ok"]
    run_out(runner)

    (ended,) = kept_queue.rows(tables.operations)
    assert (ended.state, ended.done) == ("cancelled", 2)
    assert len(kept_queue.failed) == 2
