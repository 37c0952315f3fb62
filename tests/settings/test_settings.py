"""Settings: accepted and refused values, the sentences of refusals, and a complete page."""

from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from bot.models.roles import Role
from bot.settings.environment import SettingsError, load_settings, needed
from bot.settings.settings import Settings
from bot.settings.variables import variables
from bot.text import LANGUAGES
from bot.wiring.queue_tables import queue_of
from bot.wiring.start_notes import start_notes
from tests.kit.frameworks import SPEC
from tests.kit.settings import CANARY, KEYED, OLD, PAGE, RUNS, problems


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
    ("QUEUE_BOT_SUBJECTS", ";"),
    ("QUEUE_BOT_SUBJECTS", "; ".join(f"s{n}=data.s{n}" for n in range(10, 19))),
    ("QUEUE_BOT_ORDER_LINK", f"https://x.example.com/{{{CANARY}}}"),
    ("QUEUE_BOT_ORDER_LINK", "https://{order_id}.example.com/"),
    ("QUEUE_BOT_SUBJECT_LINKS", f"{CANARY}"),
    ("QUEUE_BOT_SUBJECT_LINKS", "shop=https://{shop}.example.com/"),
    ("QUEUE_BOT_SUBJECT_LINKS", "shop=https://x.example.com/{user}"),
    ("QUEUE_BOT_SUBJECT_LINKS", "user=https://x.example.com/{user}"),
    ("QUEUE_BOT_SUBJECT_LINKS", "shop=https://x.example.com/1; tienda=https://x.example.com/2"),
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


def test_every_problem_of_the_settings_is_reported_at_once() -> None:
    assert len(problems({**RUNS, **dict(WRONG)})) == len(dict(WRONG))


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
