"""Bulk changes through Slack: the dialog with the frozen scope, the confirmation, the progress."""

from datetime import datetime

import pytest
from sqlalchemy import delete, select

from bot.localslack.demo import IDS
from bot.slack.directory import SlackDirectory
from bot.store import tables
from bot.store.operations.batches import BATCH_ROWS
from tests.kit.bulk_in_slack import OTHER, ended, fill, operation, shown
from tests.kit.queues import TestQueue, payload
from tests.kit.team import Team, action_ids, team_at_work


def outcomes(team: Team) -> list[tuple[str, str]]:
    """Return action and outcome of every audit record, oldest first."""
    return [(row.action, row.outcome) for row in team.records]


def test_retry_all_previews_its_scope_then_runs_and_posts_its_progress(team_on_each: Team) -> None:
    team = team_on_each
    fill(team.queue)
    before = {row.payload for row in team.queue.failed}

    view = team.say("retry-all", as_="admin").view

    text = shown(view)
    for part in ("*5 failed jobs*", "netsuite", "mail", "gone away", "503"):
        assert part in text, part
    assert len(team.queue.failed) == 5
    assert outcomes(team) == []

    late = team.queue.fail(46)
    team.submit(view)

    assert team.slack.views("admin") == []
    done = ended(team)
    assert (done.state, done.done, done.skipped) == ("done", 5, 0)
    assert [row.id for row in team.queue.failed] == [late]
    assert len(team.queue.jobs) == 5
    assert {row.payload for row in team.queue.jobs} == before
    assert {row.attempts for row in team.queue.jobs} == {0}
    assert [row.operation for row in team.queue.rows(tables.failures)][:5] == [done.id] * 5
    assert {row.action for row in team.archived} == {"retry-all"}
    assert outcomes(team) == [("retry-all", "started"), ("retry-all", "done")]
    started, finished = team.audit_texts(2)
    assert f"confirmed operation O{done.id}: retry 5 failed jobs" in started
    assert "finished: retried 5 of 5 failed jobs" in finished
    message = team.until(
        lambda: next((m for m in team.posted("queue-ops") if "Retried 5" in m["text"]), None)
    )
    assert "edited" in message
    assert f"<@{IDS.admin}>" in message["text"]
    assert action_ids(message) == ["run:undo"]
    assert len(team.posted("queue-ops")) == 1


def test_clear_failed_requires_its_count_in_the_dialog(team_on_each: Team) -> None:
    team = team_on_each
    fill(team.queue)

    view = team.say("clear-failed", as_="admin").view
    assert "*5 failed jobs*" in shown(view)

    wrong = team.submit(view, "4")
    assert "You did not type 5" in wrong.response["errors"]["typed"]
    assert len(team.queue.failed) == 5
    assert operation(team).state == "planned"
    assert outcomes(team) == [("clear-failed", "refused")]

    late = team.queue.fail(46)
    team.submit(view, "5")

    done = ended(team)
    assert (done.state, done.done) == ("done", 5)
    assert [row.id for row in team.queue.failed] == [late]
    assert team.queue.jobs == []
    assert sorted(row.row_id for row in team.archived) == [41, 42, 43, 44, 45]
    assert {row.payload for row in team.archived} == {payload()}
    assert outcomes(team)[1:] == [("clear-failed", "started"), ("clear-failed", "done")]
    team.until(lambda: any("Cleared 5" in text for text in team.channel_texts("queue-ops")))


@pytest.mark.parametrize("typed", ["", "one", "1x", "-1", "\uff11", "1 1", "11"])
def test_an_invalid_count_is_reported_at_its_field(team: Team, typed: str) -> None:
    team.queue.fail(45)
    view = team.say("clear-failed", as_="admin").view

    answer = team.submit(view, typed)

    assert answer.response.get("errors"), answer.response
    assert len(team.queue.failed) == 1


def test_clear_failed_deletes_only_the_scope_of_its_arguments(team: Team) -> None:
    fill(team.queue)
    view = team.say("clear-failed queue=netsuite older=30d", as_="admin").view
    assert "*3 failed jobs* in netsuite" in shown(view)

    team.submit(view, "3")

    ended(team)
    assert {row.queue for row in team.queue.failed} == {"mail"}


def test_a_row_removed_since_the_preview_is_skipped_and_reported(team: Team) -> None:
    fill(team.queue)
    view = team.say("retry-all", as_="admin").view
    with team.queue.engine.begin() as connection:
        failed = team.queue.queue.failed
        connection.execute(delete(failed).where(failed.c.id == 43))

    team.submit(view)

    done = ended(team)
    assert (done.done, done.skipped) == (4, 1)
    message = team.until(
        lambda: next((m for m in team.posted("queue-ops") if "Retried 4" in m["text"]), None)
    )
    assert "1 failed job was skipped" in message["text"]


@pytest.mark.parametrize("command", ["retry-all", "clear-failed"])
def test_a_bulk_command_without_failed_jobs_answers_without_a_dialog(
    team: Team, command: str
) -> None:
    answer = team.say(command, as_="admin")
    assert answer.response["views"] == []
    assert "There is nothing to" in answer.text
    assert outcomes(team) == [(command, "no-op")]


def test_a_second_confirmation_is_refused(team: Team) -> None:
    fill(team.queue)
    view = team.say("retry-all", as_="admin").view
    kept = {key: view[key] for key in ("type", "title", "blocks", "submit", "close")}
    kept |= {"callback_id": view["callback_id"], "private_metadata": view["private_metadata"]}
    team.submit(view)
    ended(team)
    again = team.queue.fail(46)

    # A second dialog with the metadata of the first one, like a click on an old copy.
    other = team.say("retry-all", as_="admin").view
    team.client().views_update(view_id=other["id"], view=kept)
    team.submit(other)

    assert other["id"] not in [shown["id"] for shown in team.slack.views("admin")]
    assert [row.id for row in team.queue.failed] == [again]
    assert [row.state for row in team.queue.rows(tables.operations)] == ["done", "planned"]


def test_an_expired_confirmation_changes_nothing(team: Team) -> None:
    fill(team.queue)
    view = team.say("retry-all", as_="admin").view
    team.clock.move(seconds=11 * 60)

    answer = team.submit(view)

    assert "expired or was used already" in answer.everything
    assert len(team.queue.failed) == 5
    assert outcomes(team) == [("retry-all", "refused")]


def test_a_plan_of_another_person_cannot_be_confirmed(kept_queue: TestQueue) -> None:
    with team_at_work(kept_queue, admins=(IDS.admin, IDS.lucia)) as team:
        fill(team.queue)
        of_ana = team.say("clear-failed", as_="admin").view
        of_lucia = team.say("clear-failed", as_="lucia").view
        copied = {key: of_lucia[key] for key in ("type", "title", "blocks", "submit", "close")}
        copied |= {key: of_ana[key] for key in ("callback_id", "private_metadata")}
        team.client().views_update(view_id=of_lucia["id"], view=copied)

        team.submit(of_lucia, "5", as_="lucia")

        assert len(team.queue.failed) == 5
        assert outcomes(team) == [("clear-failed", "refused")]
        states = {row.state for row in team.queue.rows(tables.operations)}
    assert states == {"planned"}


def test_a_confirmation_is_refused_if_the_person_lost_the_role_since_the_preview(
    kept_queue: TestQueue,
) -> None:
    with team_at_work(kept_queue, admins=(IDS.oncall,), operators=()) as team:
        fill(team.queue)
        view = team.say("clear-failed", as_="operator").view
        group = team.slack.workspace.groups[IDS.oncall]
        team.slack.workspace.put_group(
            type(group)(group.id, group.handle, group.name, (IDS.lucia,))
        )
        directory = team.bot.setup.directory
        assert isinstance(directory, SlackDirectory)
        directory.forget_group(IDS.oncall)

        answer = team.submit(view, "5", as_="operator")

        assert "this needs the role admin" in answer.everything
        assert len(team.queue.failed) == 5


def test_cancel_is_refused_if_the_operation_does_not_run(team: Team) -> None:
    fill(team.queue)
    team.submit(team.say("retry-all", as_="admin").view)
    number = ended(team).id

    for words in (f"cancel {number}", "cancel 999"):
        assert "no longer running" in team.say(words, as_="admin").text
    assert outcomes(team)[-1] == ("cancel", "refused")


def test_cancel_stops_between_two_batches(team: Team) -> None:
    failed = team.queue.queue.failed
    row = {
        "queue": "netsuite",
        "payload": payload(),
        "exception": OTHER,
        "failed_at": datetime(2025, 11, 7, 10, 0),  # noqa: DTZ001 wall clock
    }
    with team.queue.engine.begin() as connection:
        connection.execute(failed.insert(), [row] * (BATCH_ROWS + 9))
    view = team.say("retry-all", as_="admin").view

    with team.queue.engine.begin() as worker:
        # The lock on the last row makes the second batch wait.
        newest = select(failed.c.id).order_by(failed.c.id.desc()).limit(1)
        worker.execute(newest.with_for_update())
        team.submit(view)
        team.until(lambda: operation(team).done == BATCH_ROWS)
        message = team.until(lambda: team.posted("queue-ops"))[0]
        answer = team.click(message, "run:cancel", as_="admin")

    assert "stops after its current batch" in answer.text
    assert ended(team).state == "cancelled"
    assert len(team.queue.jobs) == BATCH_ROWS
    assert len(team.queue.failed) == 9
    assert outcomes(team)[-2:] == [("cancel", "ok"), ("retry-all", "cancelled")]
