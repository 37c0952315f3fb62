"""Settings: accepted and refused values, the sentences of refusals, and a complete page."""

import re
import traceback
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from bot.models.roles import Role
from bot.settings.environment import SettingsError, load_settings, needed
from bot.settings.secret_files import exposed_files
from bot.settings.settings import Need, Settings
from bot.settings.variables import old_variables, variables
from bot.text import LANGUAGES
from bot.wiring.bot import slack_access
from bot.wiring.queue_tables import queue_of
from bot.wiring.start_notes import start_notes
from tests.kit.frameworks import SPEC

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"
CANARY = "hunter2"
RUNS = {
    "SLACK_BOT_TOKEN": f"xoxb-{CANARY}",
    "SLACK_APP_TOKEN": f"xapp-{CANARY}",
    "DATABASE_URL": f"mysql+pymysql://bot:{CANARY}@db.example.com/shop",
    "QUEUE_BOT_AUDIT_CHANNEL": "C0AUDIT",
    "QUEUE_BOT_ALERT_CHANNEL": "C0ALERT",
    "QUEUE_BOT_ADMINS": "U0ADMIN",
}


KEYED = {"QUEUE_BOT_AUDIT_KEY": "0f" * 32}


def problems(environ: dict[str, str], need: Need = "run") -> list[str]:
    """Return the sentences that a start with this environment prints."""
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, need=need)
    return caught.value.problems


def test_the_smallest_valid_environment_has_the_documented_defaults() -> None:
    settings = load_settings(RUNS, need="run")
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.time_zone == ZoneInfo("UTC")
    assert settings.terminal_role is Role.ADMIN
    assert settings.admins == ("U0ADMIN",)
    assert settings.change_channels == ()
    assert settings.changes_in_home
    assert settings.order_paths is None


def test_an_empty_environment_gives_one_sentence_for_each_required_setting() -> None:
    sentences = problems({})
    assert [sentence.split()[0] for sentence in sentences] == [*needed({}, "run"), "Nobody"]
    assert all(sentence.endswith(".") for sentence in sentences)


def test_the_terminal_needs_the_database_only_and_ignores_a_broken_token() -> None:
    broken = {"SLACK_BOT_TOKEN": "nonsense", "SLACK_APP_TOKEN_FILE": "/does/not/exist"}
    settings = load_settings({"DATABASE_URL": RUNS["DATABASE_URL"], **broken}, need="database")
    assert settings.slack_bot_token is None
    assert len(problems(broken, "database")) == 1


def test_lists_are_separated_by_commas_or_spaces_and_keep_each_id_once() -> None:
    settings = load_settings(
        {**RUNS, "QUEUE_BOT_OPERATORS": " U0A,W0B  S0C,\n U0A ,", "QUEUE_BOT_VIEWERS": "*"},
        need="run",
    )
    assert settings.operators == ("U0A", "W0B", "S0C")
    assert settings.viewers == ("*",)


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = load_settings({**RUNS, "QUEUE_BOT_LANGUAGE": " "}, need="run")
    assert settings.language == "en"


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


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("QUEUE_BOT_ADMIN", "QUEUE_BOT_ADMINS"),
        ("QUEUE_BOT_AUDIT_CHANEL", "QUEUE_BOT_AUDIT_CHANNEL"),
        ("QUEUE_BOT_DATABASE_URL", "DATABASE_URL"),
        ("QUEUE_BOT_SLACK_BOT_TOKEN", "SLACK_BOT_TOKEN"),
    ],
)
def test_an_unknown_setting_is_refused_with_the_nearest_known_setting(
    name: str, nearest: str
) -> None:
    assert problems({**RUNS, name: CANARY}) == [f"{name} is not a setting; did you mean {nearest}?"]


def test_an_unknown_setting_without_a_near_name_is_refused_with_a_link_to_the_page() -> None:
    (sentence,) = problems({**RUNS, "QUEUE_BOT_XYZZY_PLUGH": "1"})
    assert sentence == "QUEUE_BOT_XYZZY_PLUGH is not a setting; see docs/settings.md."


WRONG = [
    ("SLACK_BOT_TOKEN", f"xapp-{CANARY}"),
    ("SLACK_APP_TOKEN", f"xoxb-{CANARY}"),
    ("SLACK_API_URL", f"http://{CANARY}.example.com/"),
    ("SLACK_API_URL", f"ftp://{CANARY}/"),
    ("SLACK_API_URL", CANARY),
    ("DATABASE_URL", CANARY),
    ("DATABASE_URL", f"mysql://u:{CANARY}@h/d"),
    ("DATABASE_URL", f"postgresql://u:{CANARY}@h/d"),
    ("DATABASE_URL", f"mysql+pymysql://u:{CANARY}@h"),
    ("DATABASE_URL", f"mysql+pymysql://u:{CANARY}@h:port/d"),
    ("DATABASE_URL", "sqlite://"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_CA", f"/{CANARY}/ca.pem"),
    ("QUEUE_BOT_ADMINS", "*"),
    ("QUEUE_BOT_ADMINS", f"@{CANARY}"),
    ("QUEUE_BOT_OPERATORS", "C0CHANNEL"),
    ("QUEUE_BOT_VIEWERS", f"U0A, {CANARY}"),
    ("QUEUE_BOT_CHANGE_CHANNELS", "#queue-ops"),
    ("QUEUE_BOT_CHANGE_CHANNELS", "D0DIRECT"),
    ("QUEUE_BOT_AUDIT_CHANNEL", "C0A,C0B"),
    ("QUEUE_BOT_FALLBACK_CHANNEL", f"#{CANARY}"),
    ("QUEUE_BOT_TEAM_ID", CANARY),
    ("QUEUE_BOT_AUDIT_KEY", CANARY),
    ("QUEUE_BOT_TERMINAL_ROLE", "root"),
    ("QUEUE_BOT_TERMINAL_ROLE", "none"),
    ("QUEUE_BOT_CHANGES_IN_HOME", CANARY),
    ("QUEUE_BOT_LANGUAGE", "fr"),
    ("QUEUE_BOT_TIME_ZONE", f"../{CANARY}"),
    ("QUEUE_BOT_TIME_ZONE", "Lima"),
    ("QUEUE_BOT_OLDEST_SECONDS", CANARY),
    ("QUEUE_BOT_RESERVED_SECONDS", "0"),
    ("QUEUE_BOT_ARCHIVE_DAYS", "-1"),
    ("QUEUE_BOT_SCHEMA", "queue_bot; DROP TABLE jobs"),
    ("QUEUE_BOT_JOBS_TABLE", "jobs; DROP TABLE jobs"),
    ("QUEUE_BOT_FAILED_JOBS_TABLE", "a.shop.failed_jobs"),
    ("QUEUE_BOT_FAILED_JOBS_TABLE", f"mysql://{CANARY}/failed_jobs"),
    ("QUEUE_BOT_ORDER_PATHS", "data..order_id"),
    ("QUEUE_BOT_SUBJECTS", f"order; {CANARY.upper()}=data.x"),
    ("QUEUE_BOT_SUBJECTS", "order; u=data.user_id"),
    ("QUEUE_BOT_SUBJECTS", "order; user"),
    ("QUEUE_BOT_SUBJECTS", f"order=data..{CANARY}"),
    ("QUEUE_BOT_SUBJECTS", "order; order=data.order_id"),
    ("QUEUE_BOT_SUBJECTS", "order; limit=data.limit"),
    ("QUEUE_BOT_SUBJECTS", "tienda=data.store"),
    ("QUEUE_BOT_SUBJECTS", ";"),
    ("QUEUE_BOT_SUBJECTS", "; ".join(f"s{n}=data.s{n}" for n in range(10, 19))),
    ("QUEUE_BOT_ORDER_LINK", f"https://x.example.com/{{{CANARY}}}"),
    ("QUEUE_BOT_ORDER_LINK", "https://{order_id}.example.com/"),
    ("QUEUE_BOT_ORDER_LINK", "https://x.example.com@{order_id}/"),
    ("QUEUE_BOT_JOB_LINK", "javascript:alert({job_id})"),
    ("QUEUE_BOT_JOB_LINK", "https://x.example.com/{job_id.__class__}"),
    ("QUEUE_BOT_JOB_LINK", "https://x.example.com/{job_id!r}"),
    ("QUEUE_BOT_LOG_LINK", "https://x.example.com/{queue"),
    ("QUEUE_BOT_LOG_LINK", "https://x.example.com/{}"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_an_invalid_value_gives_one_sentence_that_names_the_variable_and_not_the_value(
    name: str, value: str
) -> None:
    (sentence,) = problems({**RUNS, name: value})
    assert sentence.startswith(f"{name} ")
    assert sentence.endswith(".")
    assert CANARY not in sentence
    assert "\n" not in sentence


OLD = list(old_variables().items())


@pytest.mark.parametrize(("old", "present"), OLD)
def test_a_setting_is_read_under_its_old_name_too(old: str, present: str) -> None:
    field = variables()[present]
    assert getattr(load_settings({**RUNS, old: "7"}, need="run"), field) == 7
    assert getattr(load_settings({**RUNS, present: "7"}, need="run"), field) == 7


@pytest.mark.parametrize(("old", "present"), OLD)
def test_an_invalid_value_under_an_old_name_gives_one_sentence_about_that_name(
    old: str, present: str
) -> None:
    assert problems({**RUNS, old: "0"}) == [f"{old} must be at least 1."]
    assert problems({**RUNS, old: "5", present: "7"}) == [
        f"{present} and {old} are both set; keep {present}."
    ]


def test_the_page_lists_every_old_name() -> None:
    text = PAGE.read_text()
    assert OLD
    assert [name for pair in OLD for name in pair if f"`{name}`" not in text] == []


def test_every_problem_of_the_settings_is_reported_at_once() -> None:
    assert len(problems({**RUNS, **dict(WRONG)})) == len(dict(WRONG))


def test_no_secret_is_printed_by_the_settings_or_their_errors() -> None:
    settings = load_settings(RUNS, need="run")
    assert CANARY not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(SettingsError) as caught:
        load_settings({**RUNS, "SLACK_BOT_TOKEN": CANARY, "DATABASE_URL": CANARY}, need="run")
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_settings_cannot_be_changed() -> None:
    settings = load_settings(RUNS, need="run")
    with pytest.raises(ValidationError):
        settings.language = "es"  # type: ignore[misc] # what the test shows to be refused


def test_only_the_environment_given_by_the_caller_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QUEUE_BOT_LANGUAGE", "es")
    assert load_settings(RUNS, need="run").language == "en"
    assert Settings().language == "en"


def test_the_api_url_ends_with_a_slash() -> None:
    settings = load_settings({**RUNS, "SLACK_API_URL": "http://127.0.0.1:1/api"}, need="run")
    assert settings.slack_api_url == "http://127.0.0.1:1/api/"


def test_the_languages_are_those_of_the_catalogs() -> None:
    for language in LANGUAGES:
        settings = load_settings({**RUNS, "QUEUE_BOT_LANGUAGE": language}, need="run")
        assert settings.language == language


def rows() -> dict[str, tuple[str, str]]:
    """Return the page's settings: name to (default, example)."""
    row = re.compile(r"^\| `([A-Z_]+)` \| .+ \| (?:`([^`]+)`|none) \| `([^`]+)` \|$", re.MULTILINE)
    return {name: (default, example) for name, default, example in row.findall(PAGE.read_text())}


def written(field: str) -> str:
    """Return a default as a person would set it; empty if there is none."""
    default = Settings.model_fields[field].get_default(call_default_factory=True, validated_data={})
    assert default is not PydanticUndefined
    match default:
        case None | ():
            return ""
        case Role():
            return default.word
        case time():
            return f"{default:%H:%M}"
        case (0, 1, 2, 3, 4):
            return "mon-fri"
        case bool():
            return str(default).lower()
        case _:
            return ", ".join(default) if isinstance(default, tuple) else str(default)


def test_the_page_has_every_setting_with_its_default_and_no_other() -> None:
    documented = {name: default for name, (default, _) in rows().items()}
    assert documented == {name: written(field) for name, field in variables().items()}


def test_the_page_documents_the_file_variable_of_each_secret() -> None:
    text = PAGE.read_text()
    assert [name for name in Settings.SECRETS if f"`{name}_FILE`" not in text] == []


def test_the_page_lists_the_settings_that_run_needs() -> None:
    (row,) = re.findall(r"^\| `queue-bot run` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert re.findall(r"`([A-Z_]+)`", row) == needed({}, "run")


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


def test_the_examples_of_the_page_are_accepted_together(tmp_path: Path) -> None:
    examples = {name: example for name, (_, example) in rows().items()}
    authority = tmp_path / "ca.pem"
    authority.touch()
    files = {"DATABASE_CA": str(authority), "QUEUE_BOT_CONFIG": str(authority)}
    settings = load_settings({**examples, **files}, need="run")
    unchanged = {
        name
        for name, field in variables().items()
        if getattr(settings, field)
        == Settings.model_fields[field].get_default(call_default_factory=True, validated_data={})
    }
    assert unchanged == set()


def test_a_database_without_tls_is_mentioned_at_start_and_contradicts_an_authority() -> None:
    settings = load_settings({**RUNS, "DATABASE_TLS": "off"}, need="run")
    notes = [note.partition(":")[0] for note in start_notes(settings)]
    assert notes[0] == "DATABASE_TLS=off"
    assert notes[1].startswith("QUEUE_BOT_AUDIT_KEY is not set")
    (sentence,) = problems({**RUNS, "QUEUE_BOT_AUDIT_KEY_OLD": "0f" * 32})
    assert "without QUEUE_BOT_AUDIT_KEY" in sentence
    assert start_notes(load_settings({**RUNS, **KEYED}, need="run")) == []
    both = {**RUNS, "DATABASE_TLS": "off", "DATABASE_CA": str(PAGE)}
    assert "DATABASE_CA and DATABASE_TLS=off" in problems(both)[0]


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
@pytest.mark.parametrize("start", ["xoxe.xoxb-1-", "xoxe-1-"])
def test_a_token_that_expires_is_refused_with_a_sentence(name: str, start: str) -> None:
    (problem,) = problems({**RUNS, name: f"{start}{CANARY}"})
    assert problem.startswith(f"{name} is a token that expires")
    assert CANARY not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", f"xoxb-{CANARY}\r\nQUEUE_BOT_ADMINS=U0STRANGER"),
        ("SLACK_APP_TOKEN", f"xapp-{CANARY} x"),
        ("SLACK_API_URL", f"https://slack.com@{CANARY}.example/api/"),
        ("SLACK_API_URL", f"http://[::1].{CANARY}.example/api/"),
    ],
)
def test_a_token_with_further_lines_and_an_address_of_another_host_are_refused(
    name: str, value: str
) -> None:
    (problem,) = problems({**RUNS, name: value})
    assert problem.startswith(f"{name} must be ")
    assert CANARY not in problem


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


def test_an_sqlite_file_has_no_schema_for_the_bots_tables() -> None:
    environ = {"DATABASE_URL": "sqlite:///queue.sqlite3", "QUEUE_BOT_SCHEMA": "queue_bot"}
    with pytest.raises(SettingsError) as raised:
        load_settings(environ, need="database")
    (sentence,) = raised.value.problems
    assert sentence.startswith("QUEUE_BOT_SCHEMA needs MariaDB or MySQL")


def test_an_order_has_paths_in_only_one_setting() -> None:
    both = {**RUNS, "QUEUE_BOT_ORDER_PATHS": "data.id"}
    (sentence,) = problems({**both, "QUEUE_BOT_SUBJECTS": "order=data.order; user=data.user_id"})
    assert "both have paths" in sentence
    settings = load_settings({**both, "QUEUE_BOT_SUBJECTS": "order; user=data.u"}, need="run")
    queue = queue_of(settings, SPEC.layout)
    assert queue.order_paths == ("data.id",)
    assert queue.tienda_paths == ()


def test_the_queues_tables_are_named_with_their_database_beside_a_schema_of_the_bot() -> None:
    environ = {"DATABASE_URL": "mysql+pymysql://u:p@localhost/shop"}
    for own, expected in ({}, None), ({"QUEUE_BOT_SCHEMA": "queue_bot"}, "shop"):
        queue = queue_of(load_settings({**environ, **own}, need="database"), SPEC.layout)
        assert [queue.jobs.schema, queue.failed.schema] == [expected] * 2


def test_the_failed_jobs_may_be_in_another_database_of_a_server() -> None:
    environ = {"QUEUE_BOT_FAILED_JOBS_TABLE": "logs.failed_jobs"}
    on_server = {**environ, "DATABASE_URL": "mysql+pymysql://u:p@localhost/shop"}
    queue = queue_of(load_settings(on_server, need="database"), SPEC.layout)
    assert (queue.jobs.fullname, queue.failed.fullname) == ("jobs", "logs.failed_jobs")
    with pytest.raises(SettingsError, match="an SQLite file has no databases"):
        load_settings({**environ, "DATABASE_URL": "sqlite:///queue.sqlite3"}, need="database")
    for other in ("mysql://db2/shop.failed_jobs", "db2:3306/failed_jobs"):
        with pytest.raises(SettingsError, match="cannot span two servers"):
            load_settings({**on_server, "QUEUE_BOT_FAILED_JOBS_TABLE": other}, need="database")
