"""`queue-bot do … --json` follows the spec's API; also refusals, confirmation and exit codes."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.models.roles import Role
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit.queues import TestQueue, make_queue
from tests.kit.spec_answers import (
    CLEAR,
    DELETE,
    DELETE_FAILED,
    FAILED,
    JOBS,
    RETRY,
    RETRY_ALL,
    STATUS,
)
from tests.kit.terminal import fill, never, ran, setup_of


def shape(value: object) -> object:
    """Return keys and types; of a list, those of its first entry."""
    match value:
        case dict():
            return {key: shape(entry) for key, entry in value.items()}
        case [first, *_]:
            return [shape(first)]
    return type(value).__name__


@pytest.mark.parametrize(
    ("words", "example"),
    [
        ("status", STATUS),
        ("jobs queue=netsuite status=pending", JOBS),
        ("failed", FAILED),
        ("retry 45", RETRY),
        ("retry-all", RETRY_ALL),
        ("delete 123", DELETE),
        ("delete-failed 45", DELETE_FAILED),
        ("clear-failed", CLEAR),
    ],
)
def test_the_json_of_each_command_equals_the_spec(
    kept_queue: TestQueue, tmp_path: Path, words: str, example: str
) -> None:
    expected = json.loads(example)
    on_sqlite = make_queue(f"sqlite:///{tmp_path / 'q.sqlite3'}")
    for queue in (kept_queue, on_sqlite):
        fill(queue)
        code, printed = ran(queue, words, yes=True)

        assert code == 0
        printed.pop("extra", None)
        assert shape(printed) == shape(expected)
        assert list(printed) == list(expected)
        assert printed.get("message") == expected.get("message")
        if "message" in expected:
            assert printed["data"] == expected["data"]
    on_sqlite.engine.dispose()


def test_json_has_no_control_character_of_a_job(queue: TestQueue) -> None:
    queue.fail(queue="mail\x9b2J\u202e", exception="RuntimeError: \x9b2J\u202e")
    lines: list[str] = []
    for words in ("failed", "status", "retry 'a\x9b\u202e'"):
        do(setup_of(queue), TerminalRequest(words, "ana", as_json=True), lines.append, never)
    assert "\\u009b2J\\u202e" in lines[0]
    assert not [line for line in lines if {"\x9b", "\u202e"} & set(line)]


def test_the_json_of_the_lists_equals_the_spec_for_the_same_rows(kept_queue: TestQueue) -> None:
    kept_queue.push(123)
    kept_queue.fail(45)
    _, jobs = ran(kept_queue, "jobs queue=netsuite status=pending")
    _, failed = ran(kept_queue, "failed")

    expected = json.loads(JOBS)["data"]
    assert jobs["data"]["filters"] == expected["filters"]
    assert jobs["data"]["jobs"][0] | {"age_seconds": 245} == expected["jobs"][0]
    row = json.loads(FAILED)["data"]["failed_jobs"][0]
    assert failed["data"]["failed_jobs"] == [row]


def test_a_long_exception_is_truncated_as_in_the_spec(kept_queue: TestQueue) -> None:
    kept_queue.fail(45, exception="x" * 300)
    _, printed = ran(kept_queue, "failed")
    assert printed["data"]["failed_jobs"][0]["exception_short"] == "x" * 100 + "..."


@pytest.mark.parametrize(
    ("words", "error", "code"),
    [
        ("retry 9", "No failed job 9", "failed-job-not-found"),
        ("delete 9", "Job 9 not found", "job-not-found"),
        ("retri 9", "There is no command retri", "unknown-command"),
        ("jobs limit=201", "limit can be at most 200", "invalid"),
        ("cancel 7", "no longer running", "plan-expired"),
    ],
)
def test_a_refusal_prints_an_error_and_exits_with_1(
    kept_queue: TestQueue, words: str, error: str, code: str
) -> None:
    exit_code, printed = ran(kept_queue, words)
    assert exit_code == 1
    assert printed["success"] is False
    assert error in printed["error"]
    assert printed["code"] == code
    assert "data" not in printed


def test_a_bulk_change_requires_yes_or_the_count(kept_queue: TestQueue) -> None:
    fill(kept_queue)
    for ask in (never, lambda _preview: 4):
        code, printed = ran(kept_queue, "clear-failed", ask=ask)
        assert (code, printed["success"]) == (1, False)
        assert len(kept_queue.failed) == 5

    code, printed = ran(kept_queue, "clear-failed", ask=lambda preview: preview.total)
    assert (code, printed["data"]) == (0, {"deleted_count": 5})
    assert kept_queue.failed == []


def test_a_retry_without_failed_jobs_succeeds_and_moves_no_job(kept_queue: TestQueue) -> None:
    code, printed = ran(kept_queue, "retry-all", yes=True)
    assert (code, printed["message"], printed["data"]) == (
        0,
        "Retried 0 failed jobs",
        {"retried_count": 0},
    )


def test_a_named_environment_is_the_first_line_of_an_answer_but_not_of_json(
    kept_queue: TestQueue,
) -> None:
    setup = replace(setup_of(kept_queue), environment="staging")
    lines: list[str] = []
    assert do(setup, TerminalRequest("status", "ana"), lines.append, never) == 0
    assert lines[0] == "🟨 staging"
    lines.clear()
    assert do(setup, TerminalRequest("status", "ana", as_json=True), lines.append, never) == 0
    assert json.loads(lines[0])["success"] is True


def test_the_terminal_has_the_role_of_its_setting(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    code, printed = ran(kept_queue, "delete-failed 45", QUEUE_BOT_TERMINAL_ROLE="operator")
    assert (code, printed["code"]) == (1, "denied")
    assert "needs the role admin, yours is operator" in printed["error"]
    assert len(kept_queue.failed) == 1


def test_a_change_in_the_terminal_is_audited_with_the_person_and_the_machine(
    kept_queue: TestQueue,
) -> None:
    kept_queue.fail(45)
    ran(kept_queue, "retry 45")
    ran(kept_queue, "retry 45")
    done, refused = kept_queue.rows(tables.audit)
    assert (done.actor, done.source, done.role, done.rule) == (
        "ana",
        "terminal",
        Role.ADMIN.word,
        "terminal",
    )
    assert re.fullmatch(r".+@.+", done.detail)
    assert (done.outcome, refused.outcome) == ("ok", "refused")


def test_the_terminal_prints_sentences_without_the_json_option(kept_queue: TestQueue) -> None:
    fill(kept_queue)
    setup = setup_of(kept_queue)

    def text(words: str) -> str:
        lines: list[str] = []
        do(setup, TerminalRequest(words, "ana", yes=True), lines.append, never)
        return "\n".join(lines)

    assert "Failed job 45" in text("failed")
    assert "Failed job 45 is back in the queue" in text("retry 45")
    assert text("retry 99") == (
        "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16} "
        "No failed job 99.\n"
        "An order? `/queue find 99`"
    )
    whole = text("retry-all")
    assert "4 failed jobs will go back" in whole.replace("*", "")
    assert "<!date" not in whole


# ---- the real program
