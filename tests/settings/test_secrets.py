"""Secrets of the settings: read from files, and never printed."""

import traceback
from pathlib import Path

import pytest

from bot.settings.environment import SettingsError, load_settings
from bot.settings.secret_files import exposed_files
from bot.wiring.bot import slack_access
from bot.wiring.start_notes import start_notes
from tests.kit.settings import CANARY, KEYED, RUNS, problems


def test_a_secret_is_read_from_its_file_without_the_line_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"xoxb-{CANARY}\n")
    environ = {name: value for name, value in RUNS.items() if name != "SLACK_BOT_TOKEN"}
    settings = load_settings({**environ, "SLACK_BOT_TOKEN_FILE": str(file)}, need="run")
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == f"xoxb-{CANARY}"


def test_a_secret_and_its_file_together_are_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(CANARY)
    (sentence,) = problems({**RUNS, "DATABASE_URL_FILE": str(file)})
    assert sentence == "DATABASE_URL and DATABASE_URL_FILE are both set; keep one of them."


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_used_is_the_only_problem(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    environ = {name: value for name, value in RUNS.items() if name != "SLACK_APP_TOKEN"}
    (sentence,) = problems({**environ, "SLACK_APP_TOKEN_FILE": str(file)})
    assert sentence.startswith("SLACK_APP_TOKEN_FILE names ")


def test_no_secret_is_printed_by_the_settings_or_their_errors() -> None:
    settings = load_settings(RUNS, need="run")
    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(SettingsError) as caught:
        load_settings({**RUNS, "SLACK_BOT_TOKEN": CANARY, "DATABASE_URL": CANARY}, need="run")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_http_mode_needs_the_signing_secret_instead_of_the_app_token() -> None:
    environ = {name: value for name, value in RUNS.items() if name != "SLACK_APP_TOKEN"}
    (sentence,) = problems({**environ, "QUEUE_BOT_MODE": "http"})
    assert sentence.startswith("SLACK_SIGNING_SECRET is missing")
    secret = {"QUEUE_BOT_MODE": "http", "SLACK_SIGNING_SECRET": "0" * 32}
    assert slack_access(load_settings({**environ, **secret}, need="run")).app_token is None
    (sentence,) = problems({**environ, **secret, "SLACK_SIGNING_SECRET": f"{CANARY} x"})
    assert (
        sentence == "SLACK_SIGNING_SECRET must be the app's Signing Secret, from Basic Information."
    )


def test_secret_files_that_every_account_can_read_or_change_are_named(tmp_path: Path) -> None:
    secret, database = tmp_path / "token", tmp_path / "queue.sqlite3"
    for file in (secret, database):
        file.write_text(f"xoxb-{CANARY}")
    environ = {"SLACK_BOT_TOKEN_FILE": str(secret)}
    at_file = load_settings({**KEYED, "DATABASE_URL": f"sqlite:///{database}"}, need="database")
    for mode, count in ((0o600, 0), (0o644, 1), (0o602, 1)):
        secret.chmod(mode)
        database.chmod(mode)
        assert len(exposed_files(environ)) == count
        assert len(start_notes(at_file)) == count
    assert exposed_files({"DATABASE_URL_FILE": "/does/not/exist"}) == []
