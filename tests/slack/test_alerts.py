"""Alerts about failed jobs: posted once, with buttons, and edited after someone handled the job."""

import json

from sqlalchemy import delete

from bot.localslack.demo import IDS
from bot.store import tables
from tests.kit.alert_edits import settled
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team, action_ids, option, team_at_work


def test_a_new_failure_is_posted_with_retry_details_and_a_menu(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45)

    alert = team.alert()

    assert "Failed job 45" in alert["text"]
    assert "NetsuiteSyncJob" in alert["text"]
    assert "order 803193" in alert["text"]
    assert "MySQL server has gone away" in alert["text"]
    assert action_ids(alert) == ["run:retry", "run:failed-job", "run:menu"]
    (incident,) = team.queue.rows(tables.incidents)
    (failure,) = team.queue.rows(tables.failures)
    assert failure.incident == incident.id
    assert (incident.count, incident.failed_id) == (1, 45)


def test_a_clicked_retry_names_its_person_and_removes_the_buttons(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45)
    alert = team.alert()

    answer = team.click(alert, "run:retry")

    assert "Failed job 45 is back in the queue" in answer.text
    assert answer.reply["response_type"] == "ephemeral"
    assert team.queue.failed == []
    assert len(team.queue.jobs) == 1
    assert f"Retried by <@{IDS.operator}>" in settled(team, alert)["text"]
    (audited,) = team.audit_texts()
    assert f"<@{IDS.operator}> retried failed job 45" in audited
    link = f"{team.slack.url}archives/{IDS.queue_alerts}/p{alert['ts'].replace('.', '')}"
    assert link in json.dumps(team.posted("queue-audit"))
    # The alert itself shows the retry, so nothing else is posted in the channel.
    assert len(team.posted("queue-alerts")) == 1
    (incident,) = team.queue.rows(tables.incidents)
    assert (incident.removed, incident.retried, incident.settled_by) == (1, 1, IDS.operator)


def test_a_typed_retry_updates_the_alert_too(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    team.say("retry 45", as_="lucia")
    assert f"Retried by <@{IDS.lucia}>" in settled(team, alert)["text"]


def test_retry_all_updates_the_alerts(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    team.submit(team.say("retry-all", as_="admin").view)
    assert f"Retried by <@{IDS.admin}>" in settled(team, alert)["text"]


def test_a_second_click_is_refused_and_names_the_first_person(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    team.click(alert, "run:retry", as_="operator")
    settled(team, alert)  # else the bot's own edit could remove the button again

    # Lucía's page still shows the button, so she clicks after the message was edited.
    team.client().chat_update(channel=alert["channel"], ts=alert["ts"], **_content(alert))
    answer = team.click(alert, "run:retry", as_="lucia")

    assert f"<@{IDS.operator}>" in answer.text
    assert len(team.queue.jobs) == 1
    assert [row.outcome for row in team.records] == ["ok", "refused"]


def _content(message: Json) -> Json:
    return {"text": message["text"], "blocks": message["blocks"]}


def test_delete_in_the_details_of_an_alert_has_a_confirmation(team: Team) -> None:
    """Delete is a button in the details, because a menu has one question for all of its options."""
    team.queue.fail(45)
    alert = team.alert()
    assert [json.loads(value)["c"] for value in options(alert)] == [
        "acknowledge",
        "mute",
        "mute",
        "find",
        "failed-job",
    ]

    entry = option(alert, "failed-job")
    view = team.click(alert, "run:menu", as_="admin", value=entry).view
    (delete_,) = [e for e in elements_of(view) if e.get("action_id") == "run:delete-failed"]
    assert delete_["confirm"]["title"]["text"] == "Delete failed job 45?"
    answer = team.click_in_view(view, "run:delete-failed", as_="admin")

    assert "Failed job 45 deleted permanently" in answer.everything
    assert team.queue.failed == []
    assert team.queue.jobs == []
    assert f"Deleted by <@{IDS.admin}>" in settled(team, alert)["text"]


def options(message: Json) -> list[str]:
    """Return the values of the options in a message's menu."""
    return [
        choice["value"] for element in elements_of(message) for choice in element.get("options", ())
    ]


def elements_of(view: Json) -> list[Json]:
    """Return every element that can be clicked in a message or a view."""
    return [element for block in view["blocks"] for element in block.get("elements", ())]


def test_the_alert_shows_acknowledge_and_mute_from_its_menu(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()

    team.click(alert, "run:menu", value=option(alert, "acknowledge"))
    team.until(lambda: f"Acknowledged by <@{IDS.operator}>" in team.now(alert)["text"])
    team.click(alert, "run:menu", value=option(alert, "mute"))
    team.until(lambda: "muted until" in team.now(alert)["text"])

    alert_now = team.now(alert)
    assert [json.loads(value)["c"] for value in options(alert_now)] == [
        "assign",
        "unmute",
        "find",
        "failed-job",
    ]
    assert len(team.posted("queue-alerts")) == 1
    assert [row.action for row in team.records] == ["acknowledge", "mute"]


def test_the_menu_of_an_alert_shows_the_story_of_the_order(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    answer = team.click(alert, "run:menu", as_="viewer", value=option(alert, "find"))
    assert "803193" in answer.text


def test_the_second_failure_of_an_error_group_changes_the_alert_to_a_group_alert(
    team: Team,
) -> None:
    team.queue.fail(45)
    alert = team.alert()
    for failed_id in (46, 47, 48, 49):
        team.queue.fail(failed_id)

    team.until(lambda: "5 failed jobs" in team.now(alert)["text"])

    now = team.now(alert)
    assert len(team.posted("queue-alerts")) == 1
    assert action_ids(now) == ["run:retry", "run:error", "run:menu"]
    assert [f"Failed job {id_}" in now["text"] for id_ in (49, 48, 47, 46)] == [
        True,
        True,
        True,
        False,
    ]
    assert "… and 2 more" in now["text"]
    team.submit(team.click(now, "run:retry", as_="operator").view, as_="operator")
    team.until(lambda: not team.queue.failed)
    team.until(lambda: "5 retried" in team.now(alert)["text"])
    assert f"last change by <@{IDS.operator}>" in team.now(alert)["text"]


def test_the_click_of_a_stranger_is_refused_and_audited(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    retry = team.click(alert, "run:retry", as_="stranger")
    mute = team.click(alert, "run:menu", as_="stranger", value=option(alert, "mute"))
    details = team.click(alert, "run:failed-job", as_="stranger")

    assert "this needs the role operator, and you have no role" in retry.text
    assert f"Who can: <!subteam^{IDS.oncall}>, <@{IDS.admin}>" in retry.text
    assert "this needs the role operator" in mute.text
    assert "this needs the role viewer" in details.text
    assert [row.id for row in team.queue.failed] == [45]
    assert action_ids(team.now(alert)) == ["run:retry", "run:failed-job", "run:menu"]
    assert {(row.actor, row.outcome) for row in team.records} == {(IDS.stranger, "denied")}
    # The later refusals of one person share a message, which is posted after a minute.
    team.clock.move(seconds=61)
    tried = [f"tried `{name} " for name in ("retry", "mute", "failed-job")]
    team.until(lambda: all(words in "".join(team.audit_texts()) for words in tried))


def test_failures_before_the_first_start_have_no_alert(kept_queue: TestQueue) -> None:
    kept_queue.fail(41)
    kept_queue.fail(42)
    with team_at_work(kept_queue) as team:
        team.until(lambda: len(team.queue.rows(tables.failures)) == 2)
        team.queue.fail(45)
        assert "Failed job 45" in team.alert()["text"]
        assert len(team.posted("queue-alerts")) == 1
        # They are still in the index, so that bulk changes include them.
        assert "*3 failed jobs*" in json.dumps(team.say("retry-all", as_="admin").view)


def test_failures_during_downtime_of_the_bot_are_posted_at_its_next_start(team: Team) -> None:
    team.queue.fail(45)
    team.alert()
    team.stop()
    team.queue.fail(46)
    team.bot = team.make_bot()
    team.start()
    team.alert("Failed job 46")


def test_alerts_above_the_rate_are_posted_as_one_summary(kept_queue: TestQueue) -> None:
    with team_at_work(kept_queue, alerts_per_minute=2) as team:
        with team.queue.engine.begin() as connection:
            failed = team.queue.queue.failed
            row = {"queue": "netsuite", "payload": "{}", "failed_at": team.clock(connection)}
            causes = [{**row, "id": n, "exception": "x" * n} for n in range(1, 8)]
            connection.execute(failed.insert(), causes)

        summary = team.alert("more jobs failed")

        assert "5 more jobs failed within a minute" in summary["text"]
        assert action_ids(summary) == ["run:errors", "run:failed", "run:menu"]
        assert len(team.posted("queue-alerts")) == 3
        incidents = {row.incident for row in team.queue.rows(tables.failures)}
        assert len(incidents) == 3
        assert "Failed job 7" in team.click(summary, "run:failed", as_="viewer").text
        team.say("retry 7")
        text = team.until(
            lambda: next(
                (
                    m["text"]
                    for m in [team.now(summary)]
                    if "4 of these jobs are still" in m["text"]
                ),
                None,
            )
        )
        assert text


def test_the_alert_shows_that_a_failure_was_removed_without_the_bot(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    with team.queue.engine.begin() as connection:
        connection.execute(delete(team.queue.queue.failed))

    team.restart()  # the start scans every row at once, without a wait of half a minute

    now = settled(team, alert)
    assert "The job is no longer in failed_jobs" in now["text"]
    (incident,) = team.queue.rows(tables.incidents)
    assert (incident.removed, incident.settled_by, incident.settled_how) == (1, None, "gone")


def test_an_alert_whose_layout_slack_refuses_is_posted_as_text(team: Team) -> None:
    team.slack.script("chat.postMessage", ["invalid_blocks"])
    team.queue.fail(45)
    alert = team.alert()
    assert "Failed job 45" in alert["text"]
    assert action_ids(alert) == []


def test_an_alert_whose_delivery_is_unknown_is_posted_again_with_a_label(team: Team) -> None:
    team.slack.script("chat.postMessage", [500])
    team.queue.fail(45)
    team.until(lambda: any(row.in_doubt for row in team.queue.rows(tables.outbox)))
    team.clock.move(seconds=60)
    assert "possibly posted twice" in team.alert()["text"]


def test_a_click_on_an_alert_is_refused_if_the_id_has_another_job(team: Team) -> None:
    team.queue.fail(45, order=1)
    alert = team.alert()
    with team.queue.engine.begin() as connection:
        connection.execute(delete(team.queue.queue.failed))
    team.queue.fail(45, order=2)

    answer = team.click(alert, "run:retry")

    assert "is no longer the job that was shown" in answer.text
    assert team.queue.jobs == []
    assert [row.reason for row in team.records] == ["changed"]
