"""A stranger gets from nothing to a retried job with the lines of docs/first-fifteen-minutes.md."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.database.engine import connect
from bot.installing.questions import APP_QUESTIONS, QUESTIONS
from bot.queue.layouts import spec_tables
from tests.kit.concurrency import SECONDS, until
from tests.kit.dialog import at_terminal
from tests.kit.queues import GRACE
from tests.services.mariadb import MariaDB

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "first-fifteen-minutes.md").read_text(encoding="utf-8")
PROGRAM = ".venv/bin/queue-bot"
PASSWORD = "choose-a-password"
LINES = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
_INSTALL, PLAYGROUND, _EXPORT, SETUP, RUN = LINES


class Stranger:
    """A folder with the installed program, an empty workspace and a queue on a server."""

    def __init__(self, folder: Path, server: MariaDB, schema: str) -> None:
        self.folder = folder
        self.server = server
        self.schema = schema
        self.user = f"new_{schema}"[:32]
        self.slack: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        program = folder / PROGRAM
        program.parent.mkdir(parents=True)
        program.write_text(f"#!{sys.executable}\nfrom bot.__main__ import main\n\nmain()\n")
        program.chmod(0o755)
        (folder / "manifest.yml").symlink_to(ROOT / "manifest.yml")

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the shell, with the address of the local Slack after its start."""
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        names = ("SLACK_API_URL",)
        return environ | {name: self.slack[name] for name in names if name in self.slack}

    def sql(self, text: str) -> None:
        """Execute statements of the page or of setup, with the names of this test."""
        text = text.replace("'queue_bot'@'localhost'", f"'{self.user}'@'127.0.0.1'")
        text = text.replace("shop.", f"{self.schema}.").replace("'PASSWORD'", "'migrate-1'")
        self.server.execute(*(line for line in text.split(";") if line.strip()))

    def shell(self, line: str) -> str:
        """Run a line of the page or of setup, and return its output."""
        ended = subprocess.run(
            ["sh", "-c", line],
            env=self.environ,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode in (0, 1), ended.stdout + ended.stderr
        return ended.stdout

    @contextmanager
    def started(self, line: str, last: str) -> Iterator[list[str]]:
        """Run a line until the block ends; give its output up to the line with the last word."""
        process = subprocess.Popen(
            ["sh", "-c", line],
            env=self.environ,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        printed: list[str] = []
        try:
            while not any(last in line for line in printed):
                printed.append(process.stdout.readline())
                assert printed[-1], "".join(printed)
            yield printed
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate(timeout=SECONDS)

    def in_slack(self, endpoint: str, **body: Any) -> Any:
        """Act as a person in the workspace, or read its state."""
        url = f"{self.slack['Page']}_local/{endpoint}"
        answer = httpx.post(url, json=body, timeout=SECONDS) if body else httpx.get(url)
        return answer.json()

    def messages(self, channel: str) -> list[dict[str, Any]]:
        """Return the messages of a channel."""
        return list(self.in_slack("state")["messages"][self.ids[channel]])


def sql_of(block: str) -> str:
    """Return the statements of a block of the page."""
    return PAGE.split(f"<!-- {block} -->\n```sql\n")[1].split("```")[0]


@pytest.fixture
def stranger(tmp_path: Path, mariadb_server: MariaDB) -> Iterator[Stranger]:
    """A server with the two tables of a queue, and nothing of the bot."""
    with mariadb_server.database() as schema:
        engine = connect(mariadb_server.url(schema), grace=GRACE)
        spec_tables()[0].metadata.create_all(engine)
        engine.dispose()
        person = Stranger(tmp_path, mariadb_server, schema)
        try:
            yield person
        finally:
            mariadb_server.execute(
                f"DROP USER IF EXISTS '{person.user}'@'127.0.0.1'",
                "DROP USER IF EXISTS 'queue_bot_migrate'@'127.0.0.1'",
                f"DROP DATABASE IF EXISTS {schema}_own",
            )


def answers(stranger: Stranger) -> dict[str, str]:
    """Return the typed answers; an answer that the page gives as Enter is empty."""
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+) \|$", PAGE, re.MULTILINE)
    asked = (*APP_QUESTIONS, *QUESTIONS)
    assert [name for name, _ in rows] == [q.setting for q in asked if "socket" in q.modes]
    ids, port = stranger.ids, stranger.server.port
    typed = {
        "SLACK_BOT_TOKEN": stranger.slack["SLACK_BOT_TOKEN"],
        "SLACK_APP_TOKEN": stranger.slack["SLACK_APP_TOKEN"],
        "DATABASE_URL": f"mysql+pymysql://{stranger.user}:{PASSWORD}@127.0.0.1:{port}"
        f"/{stranger.schema}",
        "QUEUE_BOT_AUDIT_CHANNEL": ids["#random"],
        "QUEUE_BOT_ALERT_CHANNEL": ids["#alerts"],
        "QUEUE_BOT_ADMINS": ids["Ana Admin"],
        "QUEUE_BOT_OPERATORS": ids["Omar Operator"],
    }
    by_enter = [name for name, answer in rows if "Enter" in answer]
    assert sorted([*typed, *by_enter]) == sorted(name for name, _ in rows)
    # The server of the tests may have a database `queue_bot` of another test.
    own = {"QUEUE_BOT_SCHEMA": f"{stranger.schema}_own"}
    given = dict.fromkeys(by_enter, "") | typed | own
    return {name: given[name] for name, _ in rows}


def set_up(stranger: Stranger) -> str:
    """Answer the questions of setup, and return its last lines."""
    with at_terminal(SETUP.split(), stranger.environ, stranger.folder) as dialog:
        for name, typed in answers(stranger).items():
            dialog.answer(f"({name})", typed)
        assert dialog.end() == 0, dialog.screen
    assert "c, n, k" not in dialog.screen, "a right answer needs no decision"
    return dialog.screen[dialog.screen.index("\n1. An administrator") :]


def follow(stranger: Stranger, screen: str) -> None:
    """Run the three printed blocks in their order."""
    first, second, third = re.findall(r"^\d\. .*:\n((?:.+\n)+?)(?=\d\. |\n)", screen, re.MULTILINE)
    stranger.sql(first)
    assert "Migrations applied" in stranger.shell(second.replace(":PASSWORD@", ":migrate-1@"))
    stranger.sql(third)


def test_each_step_of_the_page_leads_to_a_retried_job(stranger: Stranger) -> None:
    assert (ROOT / LINES[0].split()[0]).is_file()
    slack = f"{PLAYGROUND.strip()} --port 0 --no-browser"
    with stranger.started(slack, "User groups:") as printed:
        named = (line.strip().partition("=" if "=" in line else ": ") for line in printed)
        stranger.slack = {name: value for name, _, value in named}
        for kind in ("Channels", "People", "User groups"):
            pairs = (one.rpartition(" ") for one in stranger.slack[kind].split(", "))
            stranger.ids |= {name: id_ for name, _, id_ in pairs}
        invited = stranger.in_slack(
            "command", user="admin", channel="random", text="/invite @queue-bot"
        )
        assert "was added to #random" in invited["replies"][0]["text"]
        stranger.sql(sql_of("first-account"))
        screen = set_up(stranger)
        follow(stranger, screen)
        assert screen.splitlines()[-2:] == RUN.splitlines()
        doctor, run = RUN.splitlines()
        summary = stranger.shell(doctor)
        assert "1 warning," in summary, summary
        assert "The bot has not run yet" in summary
        with stranger.started(run, "socket mode connected"):
            first_alert_and_retry(stranger)


def first_alert_and_retry(stranger: Stranger) -> None:
    """Let a job fail, wait for its alert, and press Retry as the operator."""
    answer = stranger.in_slack("command", user="admin", channel="alerts", text="/queue")
    assert "Queue status" in answer["replies"][0]["text"]
    stranger.sql(sql_of("first-failure"))

    def alert_text() -> str:
        return str(next((one["text"] for one in alerts() if "Failed job 1" in one["text"]), ""))

    def alerts() -> list[dict[str, Any]]:
        return [one for one in stranger.messages("#alerts") if "ephemeral_to" not in one]

    until(alert_text)
    (alert,) = alerts()
    click = {"user": "operator", "channel": "alerts", "ts": alert["ts"], "action_id": "run:retry"}
    answer = stranger.in_slack("click", **click)
    assert "Failed job 1 is back in the queue as job 1." in answer["replies"][0]["text"]
    until(lambda: "Retried by" in alert_text())
    until(lambda: any("retried" in one["text"] for one in stranger.messages("#random")))
