"""`queue-bot do … --json` follows the spec's API; also refusals, confirmation and exit codes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.access.no_slack import NoSlack
from bot.app.command import Setup
from bot.models.operations import Preview
from bot.models.refusals import StartError
from bot.models.roles import Role
from bot.settings import load_settings
from bot.store import tables
from bot.terminal import TerminalRequest, do
from bot.wiring import make_setup
from tests.kit.queues import TestQueue, make_queue, payload

ROOT = Path(__file__).parent.parent
Json = dict[str, Any]


def setup_of(queue: TestQueue, **environ: str) -> Setup:
    """Return the setup of `queue-bot do` on the test's database."""
    settings = load_settings({"DATABASE_URL": queue.url, **environ}, need="database")
    return make_setup(settings, queue.engine, NoSlack())


def never(_preview: Preview) -> int | None:
    """Answer no confirmation, as if no person were at the terminal."""
    return None


def ran(
    queue: TestQueue,
    words: str,
    *,
    yes: bool = False,
    request: str | None = None,
    ask: Callable[[Preview], int | None] = never,
    **environ: str,
) -> tuple[int, Json]:
    """Run a command; return its exit code and its printed JSON."""
    lines: list[str] = []
    asked = TerminalRequest(words, "ana", request, yes, as_json=True)
    code = do(setup_of(queue, **environ), asked, lines.append, ask)
    (printed,) = lines
    read: Json = json.loads(printed)
    return code, read


def shape(value: object) -> object:
    """Return keys and types; of a list, those of its first entry."""
    match value:
        case dict():
            return {key: shape(entry) for key, entry in value.items()}
        case [first, *_]:
            return [shape(first)]
    return type(value).__name__


# The responses are copied from the spec of the queue's API.
STATUS = """{"success": true, "data": {
  "pending_jobs": [{"queue": "netsuite", "count": 3}],
  "reserved_jobs": [{"queue": "netsuite", "count": 1}],
  "failed_jobs_count": 5, "oldest_pending_age_seconds": 120,
  "oldest_pending_job": {
    "queue": "netsuite", "created_at": 1730997654, "available_at": 1730997654},
  "timestamp": "2025-11-07 19:30:00"}}"""
JOBS = r"""{"success": true, "data": {
  "jobs": [{"id": 123, "queue": "netsuite", "attempts": 0, "max_attempts": 3,
    "job_class": "App\\Jobs\\NetsuiteSyncJob", "order_id": 803196, "tienda_id": 12097,
    "created_at_human": "2025-11-07 17:42:56", "available_at_human": "2025-11-07 17:42:56",
    "reserved_at_human": null, "age_seconds": 245}],
  "count": 1, "filters": {"queue": "netsuite", "status": "pending", "limit": 50}}}"""
FAILED = r"""{"success": true, "data": {
  "failed_jobs": [{"id": 45, "queue": "netsuite", "job_class": "App\\Jobs\\NetsuiteSyncJob",
    "order_id": 803193, "tienda_id": 12097,
    "exception_short": "NetSuite sync failed: exception - MySQL server has gone away...",
    "failed_at": "2025-11-07 17:45:59"}],
  "count": 1}}"""
RETRY = """{"success": true, "message": "Job 45 moved back to queue for retry",
  "data": {"queue": "netsuite", "failed_at": "2025-11-07 17:45:59"}}"""
RETRY_ALL = (
    """{"success": true, "message": "Retried 5 failed jobs", "data": {"retried_count": 5}}"""
)
DELETE = """{"success": true, "message": "Job 123 deleted",
  "data": {"queue": "netsuite", "attempts": 2}}"""
DELETE_FAILED = """{"success": true, "message": "Failed job 45 deleted permanently",
  "data": {"queue": "netsuite", "failed_at": "2025-11-07 17:45:59"}}"""
CLEAR = """{"success": true, "message": "Cleared 5 failed jobs", "data": {"deleted_count": 5}}"""


def fill(queue: TestQueue) -> None:
    """Insert the rows of the spec's examples."""
    queue.push(123, attempts=2)
    queue.push(124, reserved_at=1762537400)
    for id_ in range(41, 46):
        queue.fail(id_)


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


def queue_bot(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program in its own process, without this machine's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=ROOT,
        env={**kept, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.fixture
def program_queue(tmp_path: Path) -> TestQueue:
    """An SQLite queue for other processes; the test's own engine is closed."""
    made = make_queue(f"sqlite:///{tmp_path / 'program.sqlite3'}")
    made.fail(45)
    made.engine.dispose()
    return made


def test_the_program_prints_json_and_verifies_and_prints_its_audit_log(
    program_queue: TestQueue,
) -> None:
    url = {"DATABASE_URL": program_queue.url}
    done = queue_bot("do", "retry 45", "--as", "ana", "--json", "--request-id", "r1", **url)
    assert (done.returncode, done.stderr) == (0, "")
    printed = json.loads(done.stdout)
    assert {key: printed[key] for key in ("success", "message", "data")} == json.loads(RETRY)
    assert [row.payload for row in program_queue.jobs] == [payload()]

    refused = queue_bot("do", "retry 45", "--as", "ana", "--json", **url)
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["success"] is False

    tail = queue_bot("audit", "tail", **url)
    assert tail.returncode == 0
    lines = tail.stdout.splitlines()
    assert len(lines) == 2
    assert "ana retry" in lines[0]
    assert "ok" in lines[0]
    assert "refused" in lines[1]
    program_queue.engine.dispose()


def test_verify_finds_a_changed_record_and_a_wrong_anchor(team_on_each: Any) -> None:
    team = team_on_each
    team.queue.fail(45)
    team.say("retry 45")
    anchor = re.search(r"#(\d+) ([0-9a-f]{8})", team.audit_texts()[0])
    assert anchor is not None
    url = {"DATABASE_URL": team.queue.url}
    good = queue_bot("audit", "verify", "--anchor", f"{anchor[1]}:{anchor[2]}", **url)
    assert (good.returncode, "The chain is valid" in good.stdout) == (0, True)

    with team.queue.engine.begin() as connection:
        connection.execute(update(tables.audit).values(actor="somebody else"))
    bad = queue_bot("audit", "verify", "--anchor", "1:00000000", **url)

    assert bad.returncode == 1
    assert "was changed" in bad.stdout
    assert "rewritten" in bad.stdout


def test_a_start_with_wrong_settings_prints_a_line_a_problem_and_exits_2() -> None:
    wrong = {
        "SLACK_BOT_TOKEN": "xapp-canary-secret",
        "QUEUE_BOT_TIME_ZONE": "Mars/Olympus",
        "QUEUE_BOT_ADMIN": "U07ADMINANA1",
        "DATABASE_URL": "oracle://u:canary-secret@h/db",
    }
    ended = queue_bot("run", **wrong)

    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    for name in (*wrong, "SLACK_APP_TOKEN", "QUEUE_BOT_AUDIT_CHANNEL"):
        assert sum(line.startswith(name) for line in lines) == 1, (name, lines)
    assert all(line.endswith((".", "?")) for line in lines)
    assert "canary-secret" not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr


def test_missing_tables_stop_the_start_with_a_sentence(tmp_path: Path) -> None:
    ended = queue_bot(
        "do", "status", "--as", "ana", DATABASE_URL=f"sqlite:///{tmp_path}/no.sqlite3"
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) >= 1
    assert "jobs" in ended.stderr


@pytest.mark.parametrize("what", ["verify", "tail"])
def test_audit_verify_without_the_tables_of_the_bot_prints_a_sentence(
    tmp_path: Path, what: str
) -> None:
    ended = queue_bot("audit", what, DATABASE_URL=f"sqlite:///{tmp_path}/new.sqlite3")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "queue-bot migrate" in ended.stderr


def test_a_database_that_cannot_be_reached_is_reported_with_a_sentence() -> None:
    url = "mysql+pymysql://bot:canary-secret@127.0.0.1:1/nothing"
    ended = queue_bot("do", "status", "--as", "ana", DATABASE_URL=url)
    assert ended.returncode in (1, 2)
    assert "The database cannot be reached" in ended.stderr
    assert "canary-secret" not in ended.stderr
    assert "Traceback" not in ended.stderr
