"""Every screen offers the next step: it releases a stuck job, and a typing error gets a hint."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.localslack.demo import IDS
from bot.store import tables
from bot.wall_clock import unix
from tests.kit.team import Team, action_ids

LONG_AGO = 1_762_537_400


def released(team: Team) -> bool:
    return [row.reserved_at for row in team.queue.jobs] == [None]


@pytest.mark.parametrize("words", ["jobs", "job 123", "find 803196"])
def test_a_shown_stuck_job_has_a_release_button(team: Team, words: str) -> None:
    team.queue.push(123, reserved_at=LONG_AGO, order=803196)
    team.queue.push(124, order=803197, available_at=LONG_AGO)
    reply = team.say(words).reply

    assert action_ids(reply).count("run:release") == 1
    assert "run:release" not in action_ids(team.say(words, as_="viewer").reply)
    team.click(reply, "run:release")

    assert {row.id: row.reserved_at for row in team.queue.jobs} == {123: None, 124: None}


def test_a_job_that_another_worker_has_reserved_since_is_not_released(team: Team) -> None:
    team.queue.push(123, reserved_at=LONG_AGO)
    reply = team.say("jobs").reply
    jobs = team.queue.queue.jobs
    with team.queue.engine.begin() as connection:
        connection.execute(update(jobs).values(reserved_at=LONG_AGO + 60))

    assert "A worker took job 123 again" in team.click(reply, "run:release").text
    assert not released(team)


def test_a_job_that_is_not_stuck_has_no_release_button(team: Team) -> None:
    with team.queue.engine.begin() as connection:
        now = unix(team.clock(connection))
    team.queue.push(123, reserved_at=now - 20)

    assert "run:release" not in action_ids(team.say("jobs").reply)
    assert "run:release" not in action_ids(team.say("job 123").reply)


def test_status_has_a_button_for_the_stuck_jobs(team: Team) -> None:
    assert "run:stuck" not in action_ids(team.say("status").reply)
    team.queue.push(123, reserved_at=LONG_AGO)

    stuck = team.click(team.say("status").reply, "run:stuck").reply
    team.click(stuck, "run:release")

    assert released(team)


def test_the_alert_of_a_stuck_job_has_a_release_button(team: Team) -> None:
    team.queue.push(123, reserved_at=LONG_AGO)
    alert = team.alert("reserved for more than")

    team.click(alert, "run:release")

    assert released(team)


def test_the_details_of_an_alert_have_buttons_for_retry_and_the_error_group(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert("Failed job 45")

    details = team.click(alert, "run:failed-job").view
    text = json.dumps(details)

    assert "*Error group:*\\nE" in text
    assert {"run:retry", "run:error"} <= set(action_ids(details))
    group = team.click_in_view(details, "run:error").view
    assert "Error group E" in group["title"]["text"]
    answer = team.click_in_view(details, "run:retry")
    assert "Failed job 45 is back in the queue" in answer.everything
    assert [row.id for row in team.queue.failed] == []


def test_an_order_typed_as_an_id_gets_a_hint_to_the_order_argument(team: Team) -> None:
    team.queue.fail(45, order=810005)
    team.until(lambda: team.queue.rows(tables.failures))

    assert "No failed job 810005." in team.say("retry 810005").text
    assert "An order? `/queue retry order=810005`" in team.say("retry 810005").text
    assert "An order? `/queue find 810006`" in team.say("retry 810006").text
    assert "An order? `/queue find 810005`" in team.say("failed-job 810005", as_="viewer").text
    assert "An order? `/queue find 810005`" in team.say("job 810005", as_="viewer").text
    team.say("retry 45")
    assert "An order? `/queue find 810005`" in team.say("retry 810005").text


def test_an_error_group_typed_as_an_id_gets_a_hint_to_the_error_argument(team: Team) -> None:
    for words in ("retry E4", "clear-failed E4"):
        assert "Did you mean `error=E4`?" in team.say(words, as_="admin").text


@pytest.mark.parametrize(
    "words", ["failed queue=maill", "jobs queue=maill", "errors queue=maill", "retry queue=maill"]
)
def test_a_mistyped_queue_is_refused_with_the_known_name(team: Team, words: str) -> None:
    team.queue.push(1, queue="mail")

    def is_answered() -> bool:
        text = team.say(words).text
        assert "There is no queue `maill`" in text
        return "Did you mean `mail`?" in text

    # The queue is known after its first check.
    team.until(is_answered)


def test_a_known_queue_without_failures_is_not_refused(team: Team) -> None:
    team.queue.push(1, queue="mail")

    assert "No failed jobs in mail" in team.say("failed queue=mail").text


def test_history_can_be_filtered_by_the_name_of_a_person(team: Team) -> None:
    team.queue.fail(45)
    team.queue.fail(46)
    team.say("retry 45")
    team.say("retry 46", as_="lucia")

    for name in ("operator", "Omar", "omar", '"Omar Operator"', f"<@{IDS.operator}>"):
        text = team.say(f"history user={name}", as_="viewer").text
        assert "failed job 45" in text, name
        assert "failed job 46" not in text, name


def test_history_with_an_unknown_name_says_that_nobody_has_the_name(team: Team) -> None:
    answer = team.say("history user=oparator", as_="viewer").text

    assert "Nobody called `oparator` is known here" in answer
    assert "No record matches" in team.say("history user=admin", as_="viewer").text


def record_days_ago(team: Team, days: int) -> None:
    with team.queue.engine.begin() as connection:
        at = team.clock(connection) - timedelta(days=days)
        connection.execute(update(tables.audit).values(at=at))


@pytest.mark.parametrize("day", ["today", "yesterday", "ayer"])
def test_history_and_errors_accept_the_name_of_a_day(team: Team, day: str) -> None:
    team.queue.fail(45)
    team.say("retry 45")

    assert "failed job 45" in team.say(f"history since={day}", as_="viewer").text
    record_days_ago(team, 3)
    assert "No record matches" in team.say(f"history since={day}", as_="viewer").text
    assert "since" in team.say(f"errors since={day}", as_="viewer").text
    assert "No failed job matches" in team.say(f"retry after={day}").text


def test_a_word_that_is_no_day_is_refused_with_examples(team: Team) -> None:
    for command in ("history", "errors"):
        text = team.say(f"{command} since=someday", as_="viewer").text
        assert "is not a time like 30m, 24h, yesterday or monday" in text
