"""The installed program: its output, its exit codes, and the audit commands."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.store import tables
from tests.kit.queues import TestQueue, make_queue, payload
from tests.kit.spec_answers import RETRY

ROOT = Path(__file__).parents[2]


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
