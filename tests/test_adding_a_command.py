"""A command with a button that changes jobs needs one new file; all else follows from it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app.responses import envelope
from bot.database.transactions import now_of, reading
from bot.localslack.demo import IDS
from bot.models.digest import Deeds, DoneBy
from bot.models.refusals import FailedJobNotFound
from bot.store.reports import digest
from bot.store.reports.digest_days import Days
from bot.terminal.do import TerminalRequest, do
from bot.text import LANGUAGES, texts_for
from bot.views.people import help_key
from tests.kit.added_command import added_command
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, make_setup
from tests.kit.team import Team, action_ids, team_at_work

DISCARD = '''
"""`/queue discard 45`: delete failed jobs, and offer the next one."""

from sqlalchemy import select

from bot.app.command import Command, Effect, Result
from bot.app.targets import RowArguments, archived_as, lock_failed, target
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.job_changes import DeletedCount
from bot.models.requests import Message
from bot.models.roles import Role
from bot.models.value import Value
from bot.queue import moves
from bot.store import archive
from bot.store.failures import removal
from bot.text import escape
from bot.views.blocks import actions, message, section
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.operations.undo import undo_blocks

ACTION = Action("discard", counts_as="deleted", removes="failed", undo_by_id=True)


class Next(Value):
    """The failed job that a button offers to discard."""

    id: int | None


class DiscardResult(Result):
    """How many failed jobs were deleted."""

    data: DeletedCount
    extra: Next


def run(work: Work, args: RowArguments) -> DiscardResult:
    """Lock, archive and delete the failed jobs."""
    rows, _skipped = lock_failed(work, args.ids, args.digest)
    c = work.queue.failed.c
    for row in rows:
        archive.keep_failed(
            work.connection,
            work.queue,
            c.id == row.id,
            archived_as(work, ACTION),
        )
        moves.delete_failed(work.connection, work.queue, row.id)
    actor = work.invocation.actor.user
    removal.mark_removed_by(work.connection, [row.id for row in rows], actor, ACTION, work.now)
    return DiscardResult(
        message=f"Discarded {len(rows)} failed jobs",
        data=DeletedCount(deleted_count=len(rows)),
        extra=Next(id=work.connection.execute(select(c.id).order_by(c.id)).scalar()),
        targets=tuple(target("failed", row) for row in rows),
    )


def view(result: DiscardResult, context: Context) -> Message:
    """How many were deleted, a button for the next one, and one to undo it."""
    line = escape(result.message or "")
    blocks = [section(line), *undo_blocks(context)]
    if result.extra.id is not None and "discard" in context.runnable:
        label, texts = f"Discard {result.extra.id}", context.texts
        button = run_button("discard", label, {"ids": [result.extra.id]}, texts, style="danger")
        blocks.append(actions([button], "discard"))
    return message([line], blocks)


def visible(result: DiscardResult, context: Context) -> Message:
    """The same for the channel."""
    return message([escape(result.message or "")], undo_blocks(context))


COMMAND = Command(
    name=ACTION.name,
    arguments=RowArguments,
    role=Role.OPERATOR,
    result=DiscardResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    action=ACTION,
)
'''


@pytest.fixture(autouse=True)
def added(tmp_path: Path) -> Iterator[None]:
    """The command's file, which the registry finds."""
    with added_command(tmp_path, "discard", DISCARD):
        yield


@pytest.fixture
def at_work(kept_queue: TestQueue, added: None) -> Iterator[Team]:  # noqa: ARG001 it comes first
    """People in a local Slack, whose bot starts with the new command."""
    with team_at_work(kept_queue) as team:
        yield team


def outcomes(queue: Any) -> list[tuple[str, str, str]]:
    """Return actor, action and outcome of each audit record."""
    return [(row.actor, row.action, row.outcome) for row in queue.records]


def test_a_new_command_has_a_help_line_a_button_an_audit_record_and_an_undo(at_work: Team) -> None:
    team = at_work
    for id_ in (45, 46):
        team.queue.fail(id_)

    assert "`discard` — " in team.say("help").text
    answer = team.say("discard 45")
    assert "Discarded 1 failed jobs" in answer.text
    assert action_ids(answer.reply) == ["run:undo", "run:discard"]
    assert [row.id for row in team.queue.failed] == [46]

    team.click(answer.reply, "run:discard")
    assert team.queue.failed == []
    assert len(team.channel_texts("queue-ops", 2)) == 2
    assert "ran `discard` on failed job" in team.audit_texts(2)[0]

    assert "is back in failed_jobs" in team.say("undo").text
    assert "is back in failed_jobs" in team.click(answer.reply, "run:undo").text
    assert [row.id for row in team.queue.failed] == [45, 46]
    by = IDS.operator
    assert outcomes(team) == [(by, "discard", "ok")] * 2 + [(by, "undo", "ok")] * 2


def test_the_alert_of_a_failure_shows_the_outcome(at_work: Team) -> None:
    team = at_work
    team.queue.fail(45)
    alert = team.alert()

    team.say("discard 45")

    team.until(lambda: f"Deleted by <@{IDS.operator}>" in team.now(alert)["text"])


def test_a_person_without_the_role_is_refused_and_the_record_names_the_row(at_work: Team) -> None:
    team = at_work
    team.queue.fail(45)

    team.say("discard 45", as_="viewer")

    assert [row.id for row in team.queue.failed] == [45]
    assert outcomes(team) == [(IDS.viewer, "discard", "denied")]
    assert "tried `discard 45`: needs " in team.say("history job=45").text


def test_a_second_request_is_refused_and_names_who_deleted_the_row(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.fail(45)
    ask(setup, "discard 45", by=OMAR)

    refused = ask(setup, "retry 45")

    assert isinstance(refused.refusal, FailedJobNotFound)
    assert "already deleted by" in envelope(setup, refused)["error"]


def test_a_freeze_refuses_a_new_command(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.fail(45)
    ask(setup, "freeze")

    refused = ask(setup, "discard 45")

    assert refused.refusal is not None
    assert refused.refusal.code == "frozen"
    assert len(queue.failed) == 1


def test_the_digest_counts_a_new_command_and_the_terminal_prints_it_as_json(
    queue: TestQueue,
) -> None:
    setup = replace(make_setup(queue), language="en")
    for id_ in (45, 46):
        queue.fail(id_)
    lines: list[str] = []

    asked = TerminalRequest("discard 45 46", "ana", yes=True, as_json=True)
    assert do(setup, asked, lines.append, lambda _preview: None) == 0

    answer = json.loads(lines[0])
    assert answer["data"] == {"deleted_count": 2}
    with reading(setup.engine) as connection:
        now = now_of(connection)
        days = Days(now.date(), now.date(), ZoneInfo("UTC"))
        report = digest.read(connection, days, now, setup.actions)
    assert report.deleted == Deeds(count=2, by=(DoneBy(actor="ana", count=2),))
    assert report.retried == Deeds(count=0)
    assert ANA not in str(report)


def test_a_command_without_texts_of_its_own_has_a_readable_help_line() -> None:
    for language in LANGUAGES:
        texts = texts_for(language, "en", ZoneInfo("UTC"))
        assert texts.plain(help_key("discard", texts))
        assert help_key("retry", texts) == "help-retry"
