"""`queue-bot setup` at a terminal: it checks each answer at once, and writes the settings."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.database.engine import connect
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.queue.layouts import spec_tables
from bot.settings.environment import load_settings
from tests.kit.dialog import Dialog, at_terminal
from tests.kit.queues import GRACE
from tests.services.mariadb import MariaDB

ROOT = Path(__file__).parents[1]
SETUP = [sys.executable, "-m", "bot", "setup"]
PASSWORD = "geheim&1"


@dataclass(frozen=True)
class Site:
    """A workspace without the bot in #random, a server with a queue, and the bot's account."""

    server: MariaDB
    slack: LocalSlack
    schema: str
    user: str

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the commands, which has no settings but Slack's address."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "SLACK_API_URL": self.slack.base_url,
        }

    @property
    def url(self) -> str:
        """The address of the database, as a person types it."""
        return self.server.url(self.schema, user=self.user, password="geheim%261")


@pytest.fixture
def site(mariadb_server: MariaDB) -> Iterator[Site]:
    """The installation that a stranger starts with: two tables, an account that reads them."""
    with mariadb_server.database() as schema, LocalSlack(rates=False) as slack:
        engine = connect(mariadb_server.url(schema), grace=GRACE)
        spec_tables()[0].metadata.create_all(engine)
        engine.dispose()
        user = f"bot_{schema}"[:32]
        account = f"'{user}'@'127.0.0.1'"
        mariadb_server.execute(
            f"CREATE USER {account} IDENTIFIED BY '{PASSWORD}'",
            f"GRANT SELECT ON {schema}.jobs TO {account}",
            f"GRANT SELECT ON {schema}.failed_jobs TO {account}",
        )
        try:
            yield Site(mariadb_server, slack, schema, user)
        finally:
            mariadb_server.execute(
                f"DROP USER {account}",
                "DROP USER IF EXISTS 'queue_bot_migrate'@'127.0.0.1'",
                f"DROP DATABASE IF EXISTS {schema}_own",
            )


def answered(dialog: Dialog, site: Site) -> None:
    """Answer every question; the first answers to some of them are wrong."""
    slack = site.slack
    dialog.answer("QUEUE_BOT_COMMAND)", "/queue-staging")
    dialog.answer("QUEUE_BOT_ENVIRONMENT)", "staging")
    dialog.wait_for("command: /queue-staging")
    dialog.answer("SLACK_BOT_TOKEN):", "not-a-token")
    dialog.wait_for("must be the token that starts with xoxb-")
    dialog.answer("SLACK_BOT_TOKEN):", "xoxb-wrong-canary")
    dialog.wait_for("invalid_auth")
    dialog.answer("c, n, k", "n")
    dialog.answer("SLACK_BOT_TOKEN):", slack.bot_token)
    dialog.wait_for("scopes of the manifest")
    dialog.answer("SLACK_APP_TOKEN):", slack.app_token)
    dialog.wait_for("a WebSocket opens")
    dialog.answer("DATABASE_URL):", site.url.replace("geheim", "canary"))
    dialog.wait_for("does not let this account in")
    dialog.answer("c, n, k", "n")
    dialog.answer("DATABASE_URL):", site.url)
    dialog.answer("QUEUE_BOT_SCHEMA)", f"{site.schema}_own")
    dialog.answer("QUEUE_BOT_AUDIT_CHANNEL):", IDS.random)
    dialog.wait_for("The bot is not in #random")
    dialog.answer("c, n, k", "n")
    dialog.answer("QUEUE_BOT_AUDIT_CHANNEL):", IDS.queue_audit)
    dialog.answer("QUEUE_BOT_ALERT_CHANNEL):", IDS.queue_alerts)
    dialog.wait_for("#queue-alerts")
    dialog.answer(f"QUEUE_BOT_CHANGE_CHANNELS) [{IDS.queue_alerts}]:", IDS.queue_ops)
    dialog.wait_for("The buttons of alerts refuse every click")
    dialog.answer("c, n, k", "n")
    dialog.answer("QUEUE_BOT_CHANGE_CHANNELS)", f"{IDS.queue_ops}, {IDS.queue_alerts}")
    dialog.answer("QUEUE_BOT_ADMINS):", "U0NOBODY")
    dialog.wait_for("unknown in the workspace")
    dialog.answer("c, n, k", "n")
    dialog.answer("QUEUE_BOT_ADMINS):", IDS.admin)
    dialog.wait_for("Ana Admin")
    dialog.answer("QUEUE_BOT_OPERATORS)", IDS.oncall)
    dialog.wait_for("Omar Operator")
    dialog.answer("QUEUE_BOT_VIEWERS)", "")
    dialog.answer("QUEUE_BOT_TIME_ZONE)", "America/Lima")
    dialog.answer("QUEUE_BOT_LANGUAGE)", "")


def test_each_answer_is_checked_at_once_and_the_file_has_the_settings(
    site: Site, tmp_path: Path
) -> None:
    with at_terminal(SETUP, site.environ, tmp_path) as dialog:
        answered(dialog, site)
        assert dialog.end() == 0, dialog.screen
    path = tmp_path / "queue-bot.env"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for secret in (site.slack.bot_token, site.slack.app_token, "geheim", "canary"):
        assert secret not in dialog.screen
    values = dict(line.split("=", 1) for line in path.read_text().splitlines())
    settings = load_settings(values, need="run")
    assert (settings.admins, settings.viewers) == ((IDS.admin,), ("*",))
    assert settings.audit_key is not None
    assert (settings.command, settings.environment) == ("/queue-staging", "staging")


def test_a_script_gives_every_answer_and_never_replaces_a_file(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "bot.env"
    given = {
        "SLACK_BOT_TOKEN": site.slack.bot_token,
        "SLACK_APP_TOKEN": site.slack.app_token,
        "DATABASE_URL": site.url,
    }
    options = [
        *("--schema", "-", "--audit-channel", IDS.queue_audit, "--admins", IDS.admin),
        *("--change-channels", IDS.queue_alerts, "--alert-channel", IDS.queue_alerts),
    ]

    def run(*options: str, **given: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*SETUP, "--output", str(path), *options],
            env=site.environ | given,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    missing = run()
    assert (missing.returncode, path.exists()) == (2, False)
    assert "SLACK_BOT_TOKEN is missing: use --slack-bot-token." in missing.stderr

    made = run(*options, **given)
    assert made.returncode == 0, made.stdout + made.stderr
    grants = re.findall(r"^GRANT .* ON (\S+) TO", made.stdout, re.MULTILINE)
    assert {name.split(".")[0] for name in grants} == {site.schema}
    before = path.read_text()
    again = run()
    assert again.returncode == 2
    assert "exists" in again.stderr
    assert path.read_text() == before
