"""Failures by cause, through Slack: error groups, their bar, and whether they still happen."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit import replicas
from tests.kit.failure_index import index
from tests.kit.queues import TestQueue
from tests.kit.team import Team, action_ids

TIMEOUT = (
    "GuzzleHttp\\Exception\\ConnectException: cURL error 28: Operation timed out after {ms} "
    "milliseconds with 0 bytes received for https://api.pasarela.example/v1/cobros/{order}"
)
MISSING = 'ErrorException: Undefined array key "sku" in /app/Jobs/Sync.php:{line}\nStack trace:\n#0'


def ago(**length: float) -> datetime:
    """Return a `failed_at` that is this long ago."""
    return (datetime.now(UTC) - timedelta(**length)).replace(tzinfo=None, microsecond=0)


def fail_both(team: Team) -> list[int]:
    """Add 5 missing-key failures of 3 days ago and 3 timeouts of now; return the timeouts' ids."""
    timeouts = []
    for number in range(5):
        team.queue.fail(
            exception=MISSING.format(line=40 + number), order=900 + number, failed_at=ago(days=3)
        )
    for number in range(3):
        exception = TIMEOUT.format(ms=30_001 + number, order=803_193 + number)
        timeouts.append(
            team.queue.fail(
                queue="mail",
                order=803_193 + number,
                exception=exception,
                failed_at=ago(minutes=number),
            )
        )
    team.until(lambda: team.queue.count(tables.failures) == 8)
    return timeouts


def rows_of(message: dict[str, Any]) -> list[str]:
    """Return the texts of the rows; each row is one error group."""
    return [
        block["text"]["text"]
        for block in message["blocks"]
        if block["type"] == "section" and block["text"]["text"].startswith("*E")
    ][1:]


def values_of(message: dict[str, Any], action_id: str) -> list[dict[str, Any]]:
    """Return the values of the buttons with this action id."""
    return [
        json.loads(element["value"])
        for block in message["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory") or {}]
        if element.get("action_id") == action_id
    ]


def test_error_groups_are_listed_with_the_largest_first(team_on_each: Team) -> None:
    team = team_on_each
    fail_both(team)

    answer = team.say("errors", as_="viewer")
    old, new = rows_of(answer.reply)

    assert "Failed jobs: 8 · Error groups: 2" in answer.everything
    assert "5 failed jobs · netsuite (5)" in old
    assert "Undefined array key" in old
    assert "no new failure for 3 d" in old
    assert "3 failed jobs · mail (3)" in new
    assert "still failing: 3 failures in the last 10 min" in new
    assert "orders 803195, 803194, 803193" in new
    assert "failures in the last 24 h: `" in new
    assert answer.reply["response_type"] == "ephemeral"


def test_the_text_has_the_figures_of_the_bar(team: Team) -> None:
    fail_both(team)
    text = team.say("errors", as_="viewer").reply["text"]
    figures = text.split("last 24 h: 3 (by hour: ")[1].split(")")[0].split()
    assert len(figures) == 24
    assert sum(int(figure) for figure in figures) == 3


def test_errors_since_counts_only_failures_of_the_period(team_on_each: Team) -> None:
    team = team_on_each
    fail_both(team)

    (only,) = rows_of(team.say("errors since=24h", as_="viewer").reply)
    both = rows_of(team.say("errors since=7d", as_="viewer").reply)

    assert "3 failed jobs · 3 failures in this period" in only
    assert len(both) == 2


def test_errors_of_a_queue_and_their_retry_button_cover_only_that_queue(team_on_each: Team) -> None:
    team = team_on_each
    fail_both(team)

    reply = team.say("errors queue=mail", as_="operator").reply

    assert len(rows_of(reply)) == 1
    (retry,) = values_of(reply, "run:retry")
    assert retry == {"v": 1, "error": retry["error"], "queue": "mail"}
    assert "There is no queue `stock`" in team.say("errors queue=stock", as_="viewer").text


def test_a_retried_failure_no_longer_counts_as_a_failed_job(team_on_each: Team) -> None:
    team = team_on_each
    first = fail_both(team)[0]
    team.say(f"retry {first}")

    (only,) = rows_of(team.say("errors since=1h", as_="viewer").reply)

    assert "2 failed jobs · 3 failures in this period" in only
    assert "803193" not in only


def test_an_error_group_whose_failures_were_all_retried_is_not_still_failing(
    team_on_each: Team,
) -> None:
    team = team_on_each
    ids = fail_both(team)
    team.say("retry " + " ".join(map(str, ids)))

    (only,) = rows_of(team.say("errors since=1h", as_="viewer").reply)

    assert "no failed jobs · 3 failures in this period" in only
    assert "still failing" not in only
    assert "no new failure for" in only


def test_the_answer_names_its_period(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(failed_at=ago(minutes=1))
    team.until(lambda: team.queue.count(tables.failures) == 1)

    # One of the two does not begin with an hour.
    short = "".join(team.say(f"errors since={n}m", as_="viewer").everything for n in (7, 8))
    whole = team.say("errors", as_="viewer").everything

    assert "The bot counts failures by the hour" in short
    assert ", not at " in short
    assert "The bot counts failures by the hour" not in whole


def test_the_answer_without_errors_is_positive(team: Team) -> None:
    assert team.say("errors", as_="viewer").text == "✅ No errors."


def test_only_people_who_may_retry_see_the_retry_button(team: Team) -> None:
    fail_both(team)
    shown = {
        name: set(action_ids(team.say("errors", as_=name).reply))
        for name in ("viewer", "operator", "admin")
    }
    assert shown == {
        "viewer": {"run:error"},
        "operator": {"run:error", "run:retry"},
        "admin": {"run:error", "run:retry"},
    }


def test_error_groups_that_do_not_fit_are_on_the_next_page(team: Team) -> None:
    names = ("sku", "price", "stock", "name", "color", "size", "brand", "weight", "unit", "tax")
    for number, name in enumerate(names):
        for _ in range(20 - number):
            team.queue.fail(exception=MISSING.replace("sku", name).format(line=1))
    team.until(lambda: team.queue.count(tables.failures) == 155)

    first = team.say("errors", as_="viewer").reply
    second = team.click(first, "page:errors", as_="viewer").reply

    assert [len(rows_of(first)), len(rows_of(second))] == [6, 4]
    assert "tax" in rows_of(second)[3]
    assert "page:errors" not in action_ids(second)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("since=8d", "`since` can be at most `7d`"),
        ("since=soon", "`soon` is not a time like"),
        ("limit=51", "`limit` can be at most `50`"),
        ("after=5", "There is no argument `after`"),
    ],
)
def test_a_period_that_cannot_be_shown_is_refused(team: Team, words: str, sentence: str) -> None:
    assert sentence in team.say(f"errors {words}", as_="viewer").everything


def test_the_dialog_of_an_error_group_has_examples_with_retry_buttons(team_on_each: Team) -> None:
    team = team_on_each
    ids = fail_both(team)
    reply = team.say("errors queue=mail", as_="operator").reply

    view = team.click(reply, "run:error").view

    shown = json.dumps(view)
    assert "Operation timed out after 30003 milliseconds" in shown
    assert f"Failed job {ids[2]}" in shown
    retries = values_of(view, "run:retry")
    assert [value.get("ids") for value in retries] == [None, [ids[2]], [ids[1]], [ids[0]]]

    team.click_in_view(view, "run:retry", block=f"failed:{ids[1]}")
    assert ids[1] not in [row.id for row in team.queue.failed]
    assert len(team.queue.failed) == 7


def test_a_typed_error_command_answers_with_a_text(team_on_each: Team) -> None:
    team = team_on_each
    fail_both(team)
    numbers = sorted(row.id for row in team.queue.rows(tables.error_groups))

    texts = [
        team.say(f"error {word}", as_="viewer").text for word in (f"E{numbers[0]}", numbers[1])
    ]

    assert "*Failed jobs:* 5" in texts[0]
    assert "Undefined array key" in texts[0]
    assert "*Failed jobs:* 3" in texts[1]


def test_a_secret_in_an_exception_is_masked_in_the_example(team: Team) -> None:
    team.queue.fail(exception="RuntimeException: refused Bearer eyJhbGciOi.abcdefgh.12345678901")
    team.until(lambda: team.queue.count(tables.failures) == 1)
    (group,) = team.queue.rows(tables.error_groups)
    answer = team.say(f"error E{group.id}", as_="viewer")
    assert "refused" in answer.everything
    assert "12345678901" not in answer.everything


@pytest.mark.parametrize("word", ["E999999", "E0"])
def test_an_unknown_error_group_is_refused(team_on_each: Team, word: str) -> None:
    answer = team_on_each.say(f"error {word}", as_="viewer").text
    assert f"There is no error group {word}" in answer


@pytest.mark.parametrize("word", ["", "twelve", "E12 E13", "E", "-1", "E٣"])
def test_an_argument_that_is_no_error_group_is_refused(team: Team, word: str) -> None:
    assert "/queue error E12" in team.say(f"error {word}", as_="viewer").everything


def test_strangers_see_no_errors(team: Team) -> None:
    assert "Not allowed" in team.say("errors", as_="stranger").text
    assert "Not allowed" in team.say("error E1", as_="stranger").text


def test_the_terminal_prints_error_groups_as_json_and_as_text(queue: TestQueue) -> None:
    exception = TIMEOUT.format(ms=30_001, order=803_193)
    queue.fail(exception=exception, failed_at=ago(minutes=1))
    index(queue, datetime.now(UTC).replace(tzinfo=None))
    setup = replicas.make_setup(queue)
    lines: list[str] = []
    for words, as_json in (("errors", True), ("error E1", True), ("errors", False)):
        asked = TerminalRequest(words, "ana", as_json=as_json)
        assert do(setup, asked, lines.append, lambda _: None) == 0
    (group,) = json.loads(lines[0])["data"]["errors"]
    assert (group["error"], group["failed"], sum(group["hours"])) == ("E1", 1, 1)
    assert group["queues"] == [{"queue": "netsuite", "count": 1}]
    detail = json.loads(lines[1])["data"]
    assert detail["group"]["error"] == "E1"
    assert detail["exception"] == exception
    assert "1 failed job" in lines[2]
