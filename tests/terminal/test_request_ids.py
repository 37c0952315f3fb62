"""Request ids and names of people in the terminal."""

from functools import partial

import pytest

from bot.models.operations import Preview
from bot.models.refusals import StartError
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit.queues import TestQueue
from tests.kit.terminal import fill, never, ran, setup_of


@pytest.mark.parametrize("words", ["retry 45", "retry-all", "clear-failed", "retry 46"])
def test_a_repeated_request_id_gets_the_same_answer_and_changes_nothing_again(
    kept_queue: TestQueue, words: str
) -> None:
    kept_queue.fail(45)
    first = ran(kept_queue, words, yes=True, request="deploy-7")
    # Repeating the same words would now change this row.
    kept_queue.fail(46 if words == "retry 46" else 45)
    rows = (kept_queue.failed, kept_queue.jobs)

    again = ran(kept_queue, words, yes=True, request="deploy-7")

    assert again == first
    assert (kept_queue.failed, kept_queue.jobs) == rows


@pytest.mark.parametrize(
    ("words", "code"), [("retry 46", "request-id-used"), ("delete 7", "request-id-used")]
)
def test_a_request_id_that_was_used_for_another_command_is_refused(
    kept_queue: TestQueue, words: str, code: str
) -> None:
    kept_queue.fail(45)
    kept_queue.fail(46)
    kept_queue.push(7)
    first = ran(kept_queue, "retry 45", request="deploy-7")
    rows = (kept_queue.failed, kept_queue.jobs)

    exit_code, printed = ran(kept_queue, words, request="deploy-7")

    assert (exit_code, printed["success"], printed["code"]) == (1, False, code)
    assert "was used for another request" in printed["error"]
    assert (kept_queue.failed, kept_queue.jobs) == rows
    record = kept_queue.rows(tables.audit)[-1]
    assert (record.action, record.outcome, record.reason) == (
        words.partition(" ")[0],
        "refused",
        code,
    )
    # The request id still returns the answer of its own request.
    assert ran(kept_queue, "retry 45", request="deploy-7") == first


def given(count: int, _preview: Preview) -> int | None:
    """Answer every confirmation with this count."""
    return count


def test_a_wrong_count_does_not_block_the_right_count_under_the_same_request_id(
    kept_queue: TestQueue,
) -> None:
    fill(kept_queue)
    for typed, code in ((4, "count-mismatch"), (5, None)):
        _, printed = ran(kept_queue, "clear-failed", request="deploy-7", ask=partial(given, typed))
        assert printed.get("code") == code
    assert kept_queue.failed == []


def test_the_same_request_id_of_another_person_is_another_request(
    kept_queue: TestQueue,
) -> None:
    kept_queue.fail(45)
    ran(kept_queue, "retry 45", request="deploy-7")
    lines: list[str] = []
    asked = TerminalRequest("retry 45", "lucia", "deploy-7", as_json=True)
    assert do(setup_of(kept_queue), asked, lines.append, never) == 1
    assert "already retried by ana (terminal)" in lines[0]


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        " ana",
        "n" * 65,
        "U0MARIA11",
        "W07ADMIN0001",
        "<@U0MARIA11>",
        "S0ONCALL1",
        "ana\n",
        "ana\x00",
        "\udcff",
        "ana\u3164",
        "\u0430na",
        "@ana",
        "queue-bot",
    ],
)
def test_a_name_that_could_belong_to_another_person_is_refused_before_any_change(
    kept_queue: TestQueue, name: str
) -> None:
    kept_queue.fail(45)
    lines: list[str] = []
    with pytest.raises(StartError, match="--as needs a name"):
        do(setup_of(kept_queue), TerminalRequest("retry 45", name), lines.append, never)
    assert lines == []
    assert [row.id for row in kept_queue.failed] == [45]
    assert kept_queue.rows(tables.audit) == []


@pytest.mark.parametrize("name", ["a", "n" * 64, "Ana Pérez", "deploy-7", "U. Maria", "ops@db1"])
def test_a_name_is_stored_unchanged_in_the_audit_log(kept_queue: TestQueue, name: str) -> None:
    kept_queue.fail(45)
    for words in ("retry-all", "retry 45"):
        do(setup_of(kept_queue), TerminalRequest(words, name, yes=True), lambda _said: None, never)
    assert {row.actor for row in kept_queue.rows(tables.audit)} == {name}
