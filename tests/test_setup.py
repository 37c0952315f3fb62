"""`queue-bot setup` at a terminal: it checks each answer at once, and writes the settings."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pymysql
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.database.engine import connect
from bot.database.start import at_start, sentence_of
from bot.doctor.start_sentences import in_language, sentences_in
from bot.installing.language import language_of
from bot.installing.questions import APP_QUESTIONS, QUESTIONS
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.models.refusals import StartError
from bot.queue.layouts import spec_tables
from bot.settings.environment import SettingsError, load_settings
from bot.slack.manifest import manifest
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


SPANISH = {
    "must be the token that starts with xoxb-": "debe ser el token que empieza con xoxb-",
    "scopes of the manifest": "scopes del manifiesto",
    "a WebSocket opens": "se abre un WebSocket",
    "does not let this account in": "no deja entrar a esta cuenta",
    "The bot is not in #random": "El bot no está en #random",
    "The buttons of alerts refuse every click": "Los botones de las alertas rechazan cada clic",
    "unknown in the workspace": "no existe en el workspace",
}
"""The awaited words of the dialog in Spanish; other words are the same in both languages."""
ENGLISH_WORDS = "an and are be every for is it not of that the this to which who with you your"


def answered(dialog: Dialog, site: Site, spanish: Mapping[str, str]) -> None:
    """Answer every question; the first answers to some of them are wrong."""

    def wait_for(words: str) -> None:
        dialog.wait_for(spanish.get(words, words))

    slack = site.slack
    dialog.answer("QUEUE_BOT_COMMAND)", "/queue-staging")
    dialog.answer("QUEUE_BOT_ENVIRONMENT)", "staging")
    wait_for("command: /queue-staging")
    dialog.answer("SLACK_BOT_TOKEN):", "not-a-token")
    wait_for("must be the token that starts with xoxb-")
    dialog.answer("SLACK_BOT_TOKEN):", "xoxb-wrong-canary")
    wait_for("invalid_auth")
    dialog.answer("c, n, k", "n")
    dialog.answer("SLACK_BOT_TOKEN):", slack.bot_token)
    wait_for("scopes of the manifest")
    dialog.answer("SLACK_APP_TOKEN):", slack.app_token)
    wait_for("a WebSocket opens")
    dialog.answer("DATABASE_URL):", site.url.replace("geheim", "canary"))
    wait_for("does not let this account in")
    dialog.answer("c, n, k", "n")
    dialog.answer("DATABASE_URL):", site.url)
    dialog.answer("QUEUE_BOT_SCHEMA)", f"{site.schema}_own")
    dialog.answer("QUEUE_BOT_AUDIT_CHANNEL):", IDS.random)
    wait_for("The bot is not in #random")
    dialog.answer("c, n, k", "n")
    dialog.answer("QUEUE_BOT_AUDIT_CHANNEL):", IDS.queue_audit)
    dialog.answer("QUEUE_BOT_ALERT_CHANNEL):", IDS.queue_alerts)
    wait_for("#queue-alerts")
    dialog.answer(f"QUEUE_BOT_CHANGE_CHANNELS) [{IDS.queue_alerts}]:", IDS.queue_ops)
    wait_for("The buttons of alerts refuse every click")
    dialog.answer("c, n, k", "n")
    dialog.answer("QUEUE_BOT_CHANGE_CHANNELS)", f"{IDS.queue_ops}, {IDS.queue_alerts}")
    answer_about_people(dialog, wait_for)


def answer_about_people(dialog: Dialog, wait_for: Callable[[str], None]) -> None:
    """Answer the questions about the roles and the last two questions."""
    dialog.answer("QUEUE_BOT_ADMINS):", "U0NOBODY")
    wait_for("unknown in the workspace")
    dialog.answer("c, n, k", "n")
    dialog.answer("QUEUE_BOT_ADMINS):", IDS.admin)
    wait_for("Ana Admin")
    dialog.answer("QUEUE_BOT_OPERATORS)", IDS.oncall)
    wait_for("Omar Operator")
    dialog.answer("QUEUE_BOT_VIEWERS)", "")
    dialog.answer("QUEUE_BOT_TIME_ZONE)", "America/Lima")
    dialog.answer("QUEUE_BOT_LANGUAGE)", "")


def test_each_answer_is_checked_at_once_and_the_file_has_the_settings(
    site: Site, tmp_path: Path
) -> None:
    path, in_spanish = tmp_path / "queue-bot.env", tmp_path / "es"
    in_spanish.mkdir()
    (in_spanish / path.name).touch()
    lima = site.environ | {"LANG": "es_PE.UTF-8"}
    # The second program starts while the first one asks.
    with (
        at_terminal(SETUP, site.environ, tmp_path) as dialog,
        at_terminal(SETUP, lima, in_spanish) as other,
    ):
        answered(dialog, site, {})
        assert dialog.end() == 0, dialog.screen
        other.answer("¿Reemplazarlo al final? [s/N]:", "tal vez")
        other.answer("Error: responde s o n", "s")
        answered(other, site, SPANISH)
        assert other.end() == 0, other.screen

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for secret in (site.slack.bot_token, site.slack.app_token, "geheim", "canary"):
        assert secret not in dialog.screen
    values = dict(line.split("=", 1) for line in path.read_text().splitlines())
    settings = load_settings(values, need="run")
    assert (settings.admins, settings.viewers) == ((IDS.admin,), ("*",))
    assert settings.audit_key is not None
    assert (settings.command, settings.environment) == ("/queue-staging", "staging")
    assert settings.language == "en"
    assert "QUEUE_BOT_LANGUAGE=es\n" in (in_spanish / path.name).read_text()
    assert english_lines(other.screen) == []


def english_lines(screen: str) -> list[str]:
    """Return the lines with English words, except the manifest and the reason of the server."""
    shown = screen.replace(manifest("/queue-staging", "staging"), "")
    lines = re.sub(r"\(Access denied\b.*?\d\)", "", shown, flags=re.DOTALL).splitlines()
    english = set(ENGLISH_WORDS.split())
    return [line for line in lines if english & set(re.findall(r"\w+", line))]


def test_the_language_is_typed_or_that_of_the_settings_or_of_the_locale() -> None:
    lima, set_to_english = {"LANG": "es_PE.UTF-8"}, {"QUEUE_BOT_LANGUAGE": "en"}
    assert language_of({}) == language_of({"LANG": "de_DE.UTF-8"}) == "en"
    assert language_of(lima) == language_of({"LC_ALL": "es", "LANG": "C.UTF-8"}) == "es"
    assert language_of({"LC_ALL": "C", **lima}) == language_of(lima | set_to_english) == "en"
    assert language_of(set_to_english, "es") == language_of(lima, "fr") == "es"


WRONG = {
    "SLACK_BOT_TOKEN": ("xapp-1", "xoxe.xoxb-1", "xoxb-1 2"),
    "SLACK_APP_TOKEN": ("xoxb-1",),
    "SLACK_SIGNING_SECRET": ("short",),
    "DATABASE_URL": ("shop", "oracle://u:p@h/d", "sqlite://", "mysql+pymysql://u:p@h"),
    "QUEUE_BOT_SCHEMA": ("a b", "queue_bot"),
    "QUEUE_BOT_AUDIT_CHANNEL": ("#audit",),
    "QUEUE_BOT_ALERT_CHANNEL": ("#alerts",),
    "QUEUE_BOT_CHANGE_CHANNELS": ("#ops",),
    "QUEUE_BOT_ADMINS": ("ana",),
    "QUEUE_BOT_OPERATORS": ("ana",),
    "QUEUE_BOT_VIEWERS": ("ana",),
    "QUEUE_BOT_COMMAND": ("queue",),
    "QUEUE_BOT_ENVIRONMENT": ("a b",),
    "QUEUE_BOT_TIME_ZONE": ("Lima",),
    "QUEUE_BOT_LANGUAGE": ("fr",),
}


def test_each_sentence_about_a_wrong_answer_is_also_in_spanish() -> None:
    assert WRONG.keys() == {question.setting for question in (*APP_QUESTIONS, *QUESTIONS)}
    other = {"QUEUE_BOT_SCHEMA": {"DATABASE_URL": "sqlite:////tmp/queue.sqlite3"}}
    wrong = [(name, value) for name, values in WRONG.items() for value in values]
    with pytest.raises(SettingsError) as missing:
        load_settings({}, need="run")
    sentences = list(missing.value.problems)
    for name, value in wrong:
        with pytest.raises(SettingsError) as raised:
            load_settings({name: value, **other.get(name, {})}, need="nothing")
        sentences += raised.value.problems
    numbers = (2003, 1045, 1044, 1040, 2026, 2061, 1820, 1049)
    errors = (DBAPIError("", {}, pymysql.Error(number, "reason")) for number in numbers)
    sentences += [sentence_of(error) for error in errors]
    with pytest.raises(StartError) as silent, at_start():
        raise PoolTimeout
    sentences += silent.value.problems
    english, spanish = sentences_in("en"), sentences_in("es")

    assert [one for one in sentences if in_language(one, spanish) == one] == []
    assert [in_language(one, english) for one in sentences] == sentences


def test_each_sentence_of_a_start_is_as_the_code_writes_it() -> None:
    folders = ("database", "queue/layouts", "settings", "slack", "store", "wiring")
    files = [path for folder in folders for path in (ROOT / "bot" / folder).glob("*.py")]
    code = re.sub(r'"\s*f?"', "", "".join(path.read_text(encoding="utf-8") for path in files))
    catalog = (ROOT / "bot/text/en.ftl").read_text(encoding="utf-8")
    messages = re.findall(r"(?m)^start-(?!wrong-|database-silent)[a-z-]+ = (.*)$", catalog)
    parts = {
        part.strip(" ().:;")
        for message in messages
        for sentence in re.split(r"(?<=\.) ", message)
        for part in re.split(r"\{ \$\w+ \}", sentence)
    }

    assert len(messages) > 25
    assert {part for part in parts if part not in code} == set()


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
    again = run("--language", "es")
    assert again.returncode == 2
    assert again.stderr == f"El archivo {path} ya existe: elige otro con --output, o usa --force.\n"
    assert path.read_text() == before
