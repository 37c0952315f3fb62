"""The reading commands through Slack: lists with pages, details, history, whoami and help."""

import json
import time
from typing import Any

import pytest

from bot.localslack.demo import IDS
from bot.text import texts_for
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.team import Team, action_ids, team_at_work


def unix() -> int:
    return int(time.time())


def table_rows(message: dict[str, Any]) -> list[list[str]]:
    """Return the cells of the message's table without its header row."""
    (table,) = [block for block in message["blocks"] if block["type"] == "data_table"]
    return [[cell["text"] for cell in row] for row in table["rows"][1:]]


def test_status_counts_by_queue_and_warns_of_the_oldest_job(team_on_each: Team) -> None:
    team = team_on_each
    for _ in range(3):
        team.queue.push(created_at=unix() - 600, available_at=unix() - 600)
    team.queue.push(reserved_at=unix() - 10)
    team.queue.push(queue="mail", created_at=unix() - 5, available_at=unix() - 5)
    # A delayed job is neither available nor the oldest, however long ago it was created.
    team.queue.push(queue="mail", created_at=unix() - 90_000, available_at=unix() + 3_600)
    team.queue.fail(45)

    answer = team.say("status", as_="viewer")

    assert "4 available · 1 delayed · 1 reserved · 1 failed" in answer.text
    assert table_rows(answer.reply) == [["netsuite", "3", "0", "1"], ["mail", "1", "1", "0"]]
    assert "Oldest waiting job: 10 min" in answer.text
    assert "are the workers running?" in answer.text
    assert answer.reply["response_type"] == "ephemeral"
    assert team.records == []


def test_a_command_without_words_shows_the_status(team: Team) -> None:
    text = team.say("", as_="viewer").text
    assert "0 available · 0 delayed · 0 reserved · 0 failed" in text
    assert "Oldest waiting job: none" in text


def test_the_buttons_of_status_show_the_lists(team: Team) -> None:
    team.queue.push(121)
    team.queue.fail(45)
    status = team.say("status", as_="viewer").reply

    assert "Job 121" in team.click(status, "run:jobs", as_="viewer").text
    assert "Failed job 45" in team.click(status, "run:failed", as_="viewer").text


def test_jobs_are_filtered_by_queue_and_state(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.push(121)
    team.queue.push(122, queue="mail")
    team.queue.push(123, reserved_at=unix() - 900)
    team.queue.push(124, available_at=unix() + 3600)

    pending = team.say("jobs queue=netsuite status=pending", as_="viewer").text
    reserved = team.say("jobs status=reserved", as_="viewer").text

    assert "Job 121" in pending
    assert "delayed until" in pending
    assert "Job 122" not in pending
    assert "Job 123" not in pending
    assert "Job 123" in reserved
    assert "stuck: reserved for 15 min" in reserved
    assert "Job 121" not in reserved


def test_the_next_page_of_a_list_replaces_the_page_in_its_message(team_on_each: Team) -> None:
    team = team_on_each
    for id_ in range(1, 26):
        team.queue.fail(id_)
    first = team.say("failed", as_="viewer").reply
    assert "Failed job 25" in first["text"]
    assert "Failed job 16" in first["text"]
    assert "Failed job 15" not in first["text"]

    second = team.click(first, "page:failed", as_="viewer").reply
    assert second["ts"] == first["ts"]
    assert "Failed job 15" in second["text"]
    assert "Failed job 6*" in second["text"]

    third = team.click(second, "page:failed", as_="viewer").reply
    assert "Failed job 1*" in third["text"]
    assert "page:failed" not in action_ids(third)


def test_the_next_page_of_jobs_keeps_the_filters(team: Team) -> None:
    for id_ in range(1, 16):
        team.queue.push(id_)
        team.queue.push(100 + id_, queue="mail")
    first = team.say("jobs queue=mail sort=oldest", as_="viewer").reply

    second = team.click(first, "page:jobs", as_="viewer").reply

    assert [f"Job {id_}*" in second["text"] for id_ in (110, 111, 115, 15)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_row_has_only_the_buttons_that_its_reader_may_use(team: Team) -> None:
    team.queue.fail(45)
    shown = {
        name: set(action_ids(team.say("failed", as_=name).reply))
        for name in ("viewer", "operator", "admin")
    }

    assert shown == {
        "viewer": {"run:failed-job"},
        "operator": {"run:failed-job", "run:retry"},
        "admin": {"run:failed-job", "run:retry", "run:menu", "run:retry-all"},
    }


def test_rows_have_no_change_buttons_in_a_channel_without_changes(team: Team) -> None:
    team.queue.fail(45)
    reply = team.say("failed", as_="admin", channel="random").reply
    assert set(action_ids(reply)) == {"run:failed-job"}


def test_a_failed_job_is_shown_with_its_exception_and_a_masked_payload(team_on_each: Team) -> None:
    team = team_on_each
    body = json.dumps(
        {"job": "App\\Jobs\\NetsuiteSyncJob", "data": {"order_id": 1, "token": "canary-8731"}}
    )
    team.queue.fail(45, body=body, exception=f"{GONE_AWAY}\n#0 /app/Jobs/X.php(12) <b>&")

    answer = team.say("failed-job 45", as_="viewer")

    assert "MySQL server has gone away" in answer.text
    assert "&lt;b&gt;&amp;" in answer.text
    assert "NetsuiteSyncJob" in answer.text
    assert "canary-8731" not in answer.everything


def test_a_click_on_details_opens_a_modal(team: Team) -> None:
    team.queue.fail(45)
    team.queue.push(121)
    failed = team.say("failed", as_="operator").reply
    jobs = team.say("jobs", as_="operator").reply

    view = team.click(failed, "run:failed-job", as_="operator").view
    assert view["title"]["text"] == "Failed job 45"
    assert "gone away" in str(view["blocks"])
    team.slack.close_view("operator", view["id"])
    view = team.click(jobs, "run:job", as_="operator").view
    assert view["title"]["text"] == "Job 121"


def test_a_job_is_shown_with_its_state_and_attempts(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.push(123, attempts=2, reserved_at=unix() - 900)

    text = team.say("job 123", as_="viewer").text

    assert "stuck: reserved for 15 min" in text
    assert "2 of 3" in text
    assert "803196" in text


def test_history_shows_changes_and_refusals_by_person_and_by_job(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45)
    team.queue.fail(46)
    team.say("retry 45", as_="operator")
    team.say("retry 46", as_="lucia")
    team.say("retry 45", as_="stranger")

    whole = team.say("history", as_="viewer").text
    of_lucia = team.say("history user=@lucia", as_="viewer").text
    of_45 = team.say("history job=45", as_="viewer").text

    assert [whole.count(f"<@{who}>") for who in (IDS.operator, IDS.lucia, IDS.stranger)] == [1] * 3
    assert whole.index(IDS.stranger) < whole.index(IDS.lucia) < whole.index(IDS.operator)
    assert f"<@{IDS.lucia}>" in of_lucia
    assert IDS.operator not in of_lucia
    assert "failed job 45" in of_45
    assert "failed job 46" not in of_45


@pytest.mark.parametrize(
    ("who", "role"),
    [("viewer", "viewer"), ("operator", "operator"), ("admin", "admin"), ("stranger", "none")],
)
def test_whoami_names_the_role_and_the_commands_that_it_allows(
    team: Team, who: str, role: str
) -> None:
    text = team.say("whoami", as_=who).text
    assert f"your role is *{role}*" in text
    assert ("retry" in text) == (role in ("operator", "admin"))
    assert ("clear-failed" in text) == (role == "admin")


def test_whoami_names_the_rule_of_the_role_and_the_channels_for_changes(team: Team) -> None:
    assert f"operators: {IDS.oncall}" in team.say("whoami").text
    assert f"<#{IDS.queue_ops}>" in team.say("whoami", channel="random").text


def test_help_lists_the_commands_that_the_person_may_run(team: Team) -> None:
    shown = {name: team.say("help", as_=name).text for name in ("stranger", "viewer", "admin")}

    for name, command in team.bot.setup.commands.items():
        line = f"`{name}` — "
        assert (line in shown["stranger"]) == (command.role == 0), name
        assert (line in shown["viewer"]) == (command.role <= 1), name
        assert line in shown["admin"], name


def test_the_help_is_grouped_by_task_and_fits_a_screen(team: Team) -> None:
    lines = team.say("help", as_="admin").text.split("\n")
    titles = [line for line in lines if line.startswith("*")]
    assert titles[1:] == ["*View*", "*Retry and delete*", "*Alerts*", "*Administration*"]
    assert len(lines) == len(team.bot.setup.commands) + len(titles) + 1
    assert max(len(line) for line in lines) < 110
    assert "*Alerts*" in team.say("help", as_="viewer").text
    assert "*Retry and delete*" not in team.say("help", as_="viewer").text


def test_the_help_of_a_command_shows_its_usage_and_examples(team: Team) -> None:
    text = team.say("help retry", as_="viewer").text
    assert f"`/queue {team.bot.setup.commands['retry'].usage()}`" in text
    assert "`/queue retry 45 46 50-60`" in text
    assert "`/queue retry error=E12`" in text
    assert "Lowest role: operator" in text
    assert "A message in Slack shows 10 of these rows" in team.say("help failed", as_="viewer").text
    assert "`ack`" in team.say("help ack", as_="viewer").text
    assert "Did you mean `/queue retry`?" in team.say("help retri", as_="viewer").text
    assert "one word too many" in team.say("help retry now", as_="viewer").text


def test_an_answer_is_in_the_slack_language_of_the_person(team: Team) -> None:
    team.queue.fail(45)
    zone = team.bot.setup.zone
    for who, language in (("lucia", "es"), ("operator", "en")):
        assert texts_for(language, "en", zone)("help-title") in team.say("help", as_=who).text
    answer = team.say("retry 45", as_="lucia")
    assert "Failed job" not in answer.text
    # The channel's message is for everyone, so it has the configured language.
    (text,) = team.channel_texts("queue-ops")
    assert "retried failed job 45" in text


def test_a_channel_message_is_in_the_configured_language(kept_queue: TestQueue) -> None:
    with team_at_work(kept_queue, language="es") as team:
        team.queue.fail(45)
        team.say("retry 45")
        (text,) = team.channel_texts("queue-ops")
        (audited,) = team.audit_texts()
    assert "retried" not in text
    assert "done" not in audited
