"""A bulk command needs one new file: its preview, batches, undo, outcomes and digest work."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app.command import Arguments, find_commands
from bot.app.plans import BulkArguments
from bot.database.transactions import now_of, reading
from bot.localslack.demo import IDS
from bot.models.actions import Action
from bot.models.digest import Deeds, DoneBy
from bot.store import tables
from bot.store.reports import digest
from bot.store.reports.digest_days import Days
from bot.terminal.do import TerminalRequest, do
from tests.kit.added_command import added_command
from tests.kit.bulk import carried_out, previewed
from tests.kit.bulk_in_slack import ended, fill, shown
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, confirm, make_setup
from tests.kit.team import Json, Team, action_ids, team_at_work

SOURCE = '''
"""`/queue COMMAND`: apply one change to every failed job of a queue, in batches."""

from bot.app.command import Command, Effect, Result
from bot.app.filters import RateArguments
from bot.app.plans import BulkExtra, BulkOptions, preview_or_start
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.operations import Progress, Scope
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.models.value import Value
from bot.views.context import Context
from bot.views.operations.progress import bulk_answer, progress_message

ACTION = Action("COMMAND", counts_as="COUNTS_AS", removes="failed", undo_in_bulk=True)


class ChangedCount(Value):
    """How many failed jobs were changed."""

    changed_count: int


class ChangedResult(Result):
    """The count; 0 until the batches have run."""

    data: ChangedCount
    extra: BulkExtra


def run(work: Work, args: RateArguments) -> ChangedResult:
    """Preview the scope, or start the confirmed plan."""
    options = BulkOptions(rate=args.rate, canary=args.canary)
    started = preview_or_start(work, ACTION, args, Scope(queue=args.queue), options)
    return ChangedResult(
        data=ChangedCount(changed_count=0),
        extra=started.extra,
        outcome=started.outcome,
        recorded=started.recorded,
    )


def view(result: ChangedResult, context: Context) -> Message | Modal:
    """Show the preview, or that the operation has started."""
    return bulk_answer(ACTION.name, result.extra.preview, result.extra.progress, context)


def visible(result: ChangedResult, context: Context) -> Message | None:
    """Show the progress."""
    progress = result.extra.progress
    return None if progress is None else progress_message(progress, context)


def finished(progress: Progress) -> ChangedResult:
    """Return the answer after the last batch."""
    return ChangedResult(
        message=f"Changed {progress.done} failed jobs",
        data=ChangedCount(changed_count=progress.done),
        extra=BulkExtra(progress=progress),
    )


COMMAND = Command(
    name=ACTION.name,
    arguments=RateArguments,
    role=Role.ADMIN,
    result=ChangedResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.BULK,
    finished=finished,
    action=ACTION,
)
'''


def source(name: str, counts_as: str) -> str:
    """Return the command's file; the two commands differ only in their action."""
    return (
        SOURCE.replace("COMMAND`", f"{name}`")
        .replace('"COMMAND"', f'"{name}"')
        .replace("COUNTS_AS", counts_as)
    )


@pytest.fixture
def requeue(tmp_path: Path) -> Iterator[None]:
    """A command `requeue` that retries."""
    with added_command(tmp_path, "requeue", source("requeue", "retried")):
        yield


@pytest.fixture
def discard_all(tmp_path: Path) -> Iterator[None]:
    """A command `discard-all` that deletes."""
    with added_command(tmp_path, "discard_all", source("discard-all", "deleted")):
        yield


@pytest.fixture
def retrying_team(kept_queue: TestQueue, requeue: None) -> Iterator[Team]:  # noqa: ARG001 it comes first
    """People in a local Slack, whose bot starts with `requeue`."""
    with team_at_work(kept_queue) as team:
        yield team


@pytest.fixture
def deleting_team(kept_queue: TestQueue, discard_all: None) -> Iterator[Team]:  # noqa: ARG001 it comes first
    """People in a local Slack, whose bot starts with `discard-all`."""
    with team_at_work(kept_queue) as team:
        yield team


def outcomes(queue: Any) -> list[tuple[str, str]]:
    """Return action and outcome of each audit record."""
    return [(row.action, row.outcome) for row in queue.records]


def message_with(team: Team, words: str) -> Json:
    """Wait for a message with these words in #queue-ops, and return it."""
    return team.until(
        lambda: next((one for one in team.posted("queue-ops") if words in one["text"]), None)
    )


def test_a_new_bulk_command_can_be_previewed_confirmed_run_and_undone(retrying_team: Team) -> None:
    team = retrying_team
    fill(team.queue)
    alert = team.alert("gone away")
    assert "`requeue" in team.say("help", as_="admin").text

    view = team.say("requeue", as_="admin").view
    assert "*5 failed jobs*" in shown(view)
    assert '"rate"' in shown(view)
    team.submit(view)

    assert (ended(team).state, len(team.queue.failed), len(team.queue.jobs)) == ("done", 0, 5)
    message = message_with(team, "Retried 5")
    assert action_ids(message) == ["run:undo"]
    team.until(lambda: "waiting" in team.now(message)["text"])
    team.until(lambda: f"<@{IDS.admin}>" in team.now(alert)["text"])
    assert outcomes(team) == [("requeue", "started"), ("requeue", "done")]

    undo = team.click(message, "run:undo", as_="admin").view
    team.submit(undo)
    team.until(lambda: len(team.queue.failed) == 5)
    assert team.queue.jobs == []
    message_with(team, "Undone by")


def test_a_new_deleting_command_requires_the_count(deleting_team: Team) -> None:
    team = deleting_team
    fill(team.queue)
    view = team.say("discard-all", as_="admin").view

    refused = team.submit(view, "4")
    assert "You did not type 5" in refused.response["errors"]["typed"]
    assert len(team.queue.failed) == 5

    team.submit(view, "5")
    assert (ended(team).state, len(team.queue.failed), team.queue.jobs) == ("done", 0, [])
    assert {row.counts_as for row in team.archived} == {"deleted"}


@pytest.mark.usefixtures("requeue")
def test_a_new_bulk_command_runs_in_batches_and_the_digest_counts_its_jobs(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue)
    fill(queue)

    carried_out(setup, "requeue")

    assert [row.rows for row in queue.rows(tables.batches)] == [2, 2, 1]
    with reading(setup.engine) as connection:
        now = now_of(connection)
        days = Days(now.date(), now.date(), ZoneInfo("UTC"))
        summary = digest.read(connection, days, now, setup.actions)
    assert summary.retried == Deeds(count=5, by=(DoneBy(actor=ANA, count=5),))
    assert summary.deleted == Deeds(count=0)


@pytest.mark.usefixtures("requeue")
def test_a_new_bulk_command_is_refused_without_the_role_and_during_a_freeze(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue)
    fill(queue)
    assert ask(setup, "requeue", by=OMAR).refusal is not None
    plan = previewed(setup, "requeue").plan
    ask(setup, "freeze")

    refused = confirm(setup, "requeue", plan)

    assert refused.refusal is not None
    assert refused.refusal.code == "frozen"
    assert len(queue.failed) == 5


@pytest.mark.usefixtures("discard_all")
def test_the_terminal_runs_a_new_bulk_command_to_its_end_and_prints_json(queue: TestQueue) -> None:
    setup = replace(make_setup(queue), language="en")
    fill(queue)
    printed: list[str] = []

    request = TerminalRequest("discard-all queue=mail", "ana", yes=True, as_json=True)
    assert do(setup, request, printed.append, lambda _preview: None) == 0

    answer = json.loads(printed[-1])
    assert answer["message"] == "Changed 2 failed jobs"
    assert answer["data"] == {"changed_count": 2}
    assert answer["extra"]["progress"]["state"] == "done"
    assert [row.id for row in queue.failed] == [41, 42, 43]


COMMAND = find_commands()["retry-all"]
ACTION = Action("retry-all", counts_as="retried", removes="failed", undo_in_bulk=True)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"action": None}, "counts_as"),
        ({"action": replace(ACTION, counts_as=None)}, "counts_as"),
        ({"action": replace(ACTION, counts_as="undone")}, "counts_as"),
        ({"action": replace(ACTION, removes="job")}, 'removes="failed"'),
        ({"action": replace(ACTION, undo_in_bulk=False)}, "undo_in_bulk"),
        ({"visible": None}, "visible"),
        ({"finished": None}, "finished"),
        ({"arguments": BulkArguments}, "rate, canary"),
        ({"arguments": Arguments}, "plan, rate, canary"),
        ({"action": replace(ACTION, counts_as="deleted"), "arguments": Arguments}, "plan, typed"),
    ],
)
def test_a_bulk_command_without_a_required_part_stops_the_start(
    changes: dict[str, Any], missing: str
) -> None:
    with pytest.raises(ValueError, match=f"retry-all runs in bulk without .*{missing}"):
        replace(COMMAND, **changes)
