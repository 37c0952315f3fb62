"""The details of an alert's job in a modal: retry, undo, and what they do to the alert."""

import json

from bot.localslack.demo import IDS
from tests.kit.alert_edits import settled
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team, action_ids, team_at_work


def test_details_open_a_modal_that_has_the_exception(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()

    view = team.click(alert, "run:failed-job", as_="viewer").view
    assert view["title"]["text"] == "Failed job 45"
    assert "gone away" in json.dumps(view["blocks"])


def with_buttons(team: Team, view: Json, message: Json) -> Json:
    """Replace the blocks of the person's modal with a message's blocks; return the modal."""
    fields = {key: view[key] for key in ("type", "title", "close", "private_metadata")}
    modal = {**fields, "blocks": message["blocks"]}
    return dict(team.client().views_update(view_id=view["id"], view=modal)["view"])


def test_a_retry_in_a_modal_is_answered_in_the_modal_and_updates_the_alert(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    view = with_buttons(team, team.click(alert, "run:failed-job").view, alert)

    answer = team.click_in_view(view, "run:retry")

    assert "Failed job 45 is back in the queue" in json.dumps(answer.view["blocks"])
    assert answer.view["id"] == view["id"]
    assert action_ids(answer.view) == ["run:undo"]
    assert f"Retried by <@{IDS.operator}>" in settled(team, alert)["text"]
    (record,) = team.records
    assert (record.channel, record.outcome) == (IDS.queue_alerts, "ok")


def test_a_retry_can_be_undone_in_the_same_modal_and_the_alert_is_active_again(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    view = with_buttons(team, team.click(alert, "run:failed-job").view, alert)
    retried = team.click_in_view(view, "run:retry").view
    settled(team, alert)

    answer = team.click_in_view(retried, "run:undo")

    assert "Failed job 45 is back in failed_jobs" in json.dumps(answer.view["blocks"])
    assert [row.id for row in team.queue.failed] == [45]
    team.until(lambda: "run:retry" in action_ids(team.now(alert)))
    assert [(row.action, row.channel) for row in team.records] == [
        ("retry", IDS.queue_alerts),
        ("undo", IDS.queue_alerts),
    ]


def test_a_change_in_the_details_is_checked_against_the_channel_of_the_alert(
    kept_queue: TestQueue,
) -> None:
    with team_at_work(kept_queue, change_channels=(IDS.queue_ops,)) as team:
        team.queue.fail(45)
        alert = team.alert()
        view = team.click(alert, "run:failed-job").view
        # The bot itself shows no such button where changes are not allowed.
        with_buttons(team, view, alert)

        answer = team.click_in_view(view, "run:retry")

        assert "Changes are not allowed here" in answer.everything
        assert len(team.queue.failed) == 1
        assert [(row.channel, row.reason) for row in team.records] == [
            (IDS.queue_alerts, "wrong-channel")
        ]
