"""All settings of the bot, read from environment variables.

The bot checks all settings before it starts.
"""

import difflib
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.app.subjects import taken_names
from bot.models.refusals import StartError
from bot.models.requests import SLASH_COMMAND
from bot.models.roles import Role
from bot.models.routes import AlertRoute
from bot.models.subjects import ORDER, SHOP, USUAL
from bot.route_settings import read_routes
from bot.setting_types import (
    PLAIN_SENTENCES,
    ApiUrl,
    AppToken,
    AuditSecret,
    BotToken,
    Channel,
    Channels,
    DatabaseUrl,
    Drain,
    EnvironmentName,
    ExistingFile,
    FailedTable,
    Link,
    Members,
    Mention,
    Paths,
    Port,
    Positive,
    Readers,
    Replicas,
    RoleWord,
    SigningSecret,
    SlashCommand,
    Subjects,
    Table,
    TeamId,
    TimeOfDay,
    Weekdays,
    Words,
    Zone,
    is_exposed,
)

PREFIX = "QUEUE_BOT_"
Need = Literal["run", "database", "manifest", "nothing"]


class SettingsError(StartError):
    """The settings are invalid; `problems` has one sentence per problem and contains no values."""


class Settings(BaseSettings):
    """All settings; the variable of a field without alias has the prefix `QUEUE_BOT_`.

    `load_settings` builds the settings from an environment. The constructor takes field names.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        enable_decoding=False,  # lists are typed as words, not as JSON
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )
    SECRETS: ClassVar[tuple[str, ...]] = (
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "SLACK_SIGNING_SECRET",
        "DATABASE_URL",
        "QUEUE_BOT_AUDIT_KEY",
        "QUEUE_BOT_AUDIT_KEY_OLD",
    )
    NEEDED: ClassVar[Mapping[Need, tuple[str, ...]]] = {
        "run": (
            "SLACK_BOT_TOKEN",
            "DATABASE_URL",
            "QUEUE_BOT_AUDIT_CHANNEL",
            "QUEUE_BOT_ALERT_CHANNEL",
        ),
        "database": ("DATABASE_URL",),
        "manifest": (),
        "nothing": (),
    }
    OF_MANIFEST: ClassVar[tuple[str, ...]] = ("QUEUE_BOT_COMMAND", "QUEUE_BOT_ENVIRONMENT")
    NEEDED_BY_MODE: ClassVar[Mapping[str, str]] = {
        "socket": "SLACK_APP_TOKEN",
        "http": "SLACK_SIGNING_SECRET",
    }

    slack_bot_token: BotToken | None = Field(None, alias="SLACK_BOT_TOKEN")
    slack_app_token: AppToken | None = Field(None, alias="SLACK_APP_TOKEN")
    slack_signing_secret: SigningSecret | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_api_url: ApiUrl = Field("https://slack.com/api/", alias="SLACK_API_URL")
    database_url: DatabaseUrl | None = Field(None, alias="DATABASE_URL")
    database_ca: ExistingFile | None = Field(None, alias="DATABASE_CA")
    database_tls: Literal["required", "off"] | None = Field(None, alias="DATABASE_TLS")

    command: SlashCommand = SLASH_COMMAND
    environment: EnvironmentName | None = None

    viewers: Readers = ()
    operators: Members = ()
    admins: Members = ()
    team_id: TeamId | None = None
    terminal_role: RoleWord = Role.ADMIN
    allowed_queues: Words | None = None

    change_channels: Channels = ()
    changes_in_home: bool = True
    audit_channel: Channel | None = None
    alert_channel: Channel | None = None
    fallback_channel: Channel | None = None

    language: Literal["en", "es"] = "en"
    time_zone: Zone = Field(default_factory=lambda: ZoneInfo("UTC"))

    oldest_seconds: Positive = 300
    reserved_seconds: Positive = 300
    failed_count: Positive = 100
    alerts_per_minute: Positive = 20
    alert_mention: Mention | None = None
    no_worker_activity_seconds: Positive = Field(
        300,
        validation_alias=AliasChoices(
            "QUEUE_BOT_NO_WORKER_ACTIVITY_SECONDS", "QUEUE_BOT_SILENT_SECONDS"
        ),
    )
    backlog_count: Positive = 500
    worker_seconds: Positive | None = None
    escalate_seconds: Positive = 900
    remind_seconds: Positive = 14_400
    resolve_seconds: Positive = Field(
        60, validation_alias=AliasChoices("QUEUE_BOT_RESOLVE_SECONDS", "QUEUE_BOT_RECOVER_SECONDS")
    )
    digest_at: TimeOfDay = time(9)
    digest_days: Weekdays = (0, 1, 2, 3, 4)
    digest_channel: Channel | None = None
    archive_days: Positive = 7
    commands_per_minute: Positive = 60
    previews_per_minute: Positive = 10
    refusals_per_minute: Positive = 10
    operator_minutes: Positive = 10
    second_person: Positive | None = None
    personal_data_role: RoleWord = Role.OPERATOR
    audit_key: AuditSecret | None = None
    audit_key_old: AuditSecret | None = None

    config: str | None = None
    # Only the file `queue-bot.toml` has the routes, because they are a list.
    routes: tuple[AlertRoute, ...] = ()

    mode: Literal["socket", "http"] = "socket"
    replicas: Replicas = 2
    http_port: Port = 3000
    http_host: str = "127.0.0.1"
    drain_seconds: Drain = 5
    monitoring_port: Port | None = None
    monitoring_host: str = "127.0.0.1"

    # `schema` alone would hide a method of pydantic.
    own_schema: Table | None = Field(None, validation_alias="QUEUE_BOT_SCHEMA")
    layout: Literal["spec", "laravel", "codeigniter_queue"] | None = None
    jobs_table: Table = "jobs"
    failed_jobs_table: FailedTable = "failed_jobs"
    batches_table: Table = "job_batches"
    retry_after: Positive = 90
    connections: Words = ("database",)
    subjects: Subjects | None = None
    order_paths: Paths | None = None
    tienda_paths: Paths | None = None
    masked_keys: Words = ()
    order_link: Link | None = None
    job_link: Link | None = None
    log_link: Link | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 the base class's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return only the arguments as a source, because the caller reads the environment."""
        return (init_settings,)


def variables() -> dict[str, str]:
    """Map each environment variable of the settings to its field."""
    fields = Settings.model_fields.items()
    return {_names(name, field)[0]: name for name, field in fields if name != "routes"}


def old_variables() -> dict[str, str]:
    """Map each variable name of an earlier version to the current name."""
    names = [_names(name, field) for name, field in Settings.model_fields.items()]
    return {old: present for present, *others in names for old in others}


def _names(name: str, field: FieldInfo) -> list[str]:
    """Return the names of a field's environment variable, the current name first."""
    match field.validation_alias:
        case AliasChoices(choices=choices):
            return [str(choice) for choice in choices]
        case str(alias):
            return [alias]
    return [f"{PREFIX}{name.upper()}"]


def load_settings(environ: Mapping[str, str], *, need: Need) -> Settings:
    """Read the settings; raises `SettingsError` with one sentence per problem.

    `need="database"` is for commands that work without Slack. Slack's variables are not read then,
    so that an invalid token does not prevent the terminal's commands. `need="manifest"` reads only
    the settings that the manifest depends on, because the manifest is needed before all others.
    """
    raw_values = {name: value for name, value in environ.items() if value.strip()}
    if need == "manifest":
        raw_values = {name: raw_values[name] for name in Settings.OF_MANIFEST if name in raw_values}
    if need == "database":
        raw_values = {
            name: value for name, value in raw_values.items() if not name.startswith("SLACK_")
        }
    problems = [*_unknown(raw_values), *_named_twice(raw_values)]
    raw_values = _with_files(raw_values, problems)
    problems += [_missing(name) for name in needed(raw_values, need) if name not in raw_values]
    routes: tuple[AlertRoute, ...] = ()
    if need in ("run", "database"):
        routes, wrong_routes = read_routes(raw_values.get("QUEUE_BOT_CONFIG"))
        problems += wrong_routes
    source = EnvSettingsSource(Settings)
    fields_of = {**variables(), **old_variables()}
    source.env_vars = {
        name.lower(): raw_values[name].strip() for name in fields_of if raw_values.get(name)
    }
    try:
        settings = Settings(**source(), routes=routes)
    except ValidationError as error:
        problems += [_sentence(detail, raw_values) for detail in error.errors(include_input=False)]
    else:
        problems += _contradictions(settings, need)
        if not problems:
            return settings
    raise SettingsError(problems)


def needed(raw_values: Mapping[str, str], need: Need) -> list[str]:
    """Return the variables that a command needs, in the mode that the variables name."""
    by_mode = Settings.NEEDED_BY_MODE
    names = list(Settings.NEEDED[need])
    if need == "run":
        mode = raw_values.get("QUEUE_BOT_MODE", "socket").strip()
        names.insert(1, by_mode.get(mode, by_mode["socket"]))
    return names


def _unknown(raw_values: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable that looks like a setting but is not a setting."""
    names = {*variables(), *old_variables(), *(f"{name}_FILE" for name in Settings.SECRETS)}
    problems = []
    for name in sorted(raw_values):
        if name.startswith(PREFIX) and name not in names:
            # The most likely mistake is a missing or an unnecessary prefix.
            bare = name.removeprefix(PREFIX)
            near = [bare] if bare in names else difflib.get_close_matches(name, names, 1, 0.7)
            advice = f"did you mean {near[0]}?" if near else "see docs/settings.md."
            problems.append(f"{name} is not a setting; {advice}")
    return problems


def _named_twice(raw_values: Mapping[str, str]) -> list[str]:
    return [
        f"{present} and {old} are both set; keep {present}."
        for old, present in old_variables().items()
        if old in raw_values and present in raw_values
    ]


def _with_files(raw_values: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """Replace each variable NAME_FILE by NAME with the content of the file."""
    merged = dict(raw_values)
    for name in Settings.SECRETS:
        path = merged.pop(f"{name}_FILE", None)
        if path is None:
            continue
        if name in merged:
            problems.append(f"{name} and {name}_FILE are both set; keep one of them.")
            continue
        # Without this empty secret, a bad file would also be reported as a missing secret.
        merged[name] = ""
        try:
            merged[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"{name}_FILE names a file that queue-bot cannot read as text.")
        else:
            if not merged[name]:
                problems.append(f"{name}_FILE names an empty file.")
    return merged


def exposed_files(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each secret file that every account can read or change."""
    paths = {name: environ.get(f"{name}_FILE", "").strip() for name in Settings.SECRETS}
    return [
        f"{name}_FILE names a file that every account on this machine can read or change: "
        "run chmod 600."
        for name, path in paths.items()
        if path and is_exposed(path)
    ]


def _missing(name: str) -> str:
    alternative = f", or {name}_FILE to a file that contains it" if name in Settings.SECRETS else ""
    return f"{name} is missing; set it{alternative}. docs/settings.md explains the value."


def _sentence(detail: ErrorDetails, raw_values: Mapping[str, str]) -> str:
    """Return a sentence about pydantic's problem; it names the variable but not the value."""
    place = str(detail["loc"][0])
    fields = {field: name for name, field in variables().items()}
    name = fields.get(place, place)
    if name not in raw_values:
        name = next((old for old, new in old_variables().items() if new == name), name)
    reason = PLAIN_SENTENCES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    reason = reason.replace("Input should be", "must be")
    return f"{name} {reason}."


def _contradictions(settings: Settings, need: Need) -> list[str]:
    """Return a sentence for each contradiction between valid settings."""
    problems = []
    if settings.database_ca is not None and settings.database_tls == "off":
        problems.append("DATABASE_CA and DATABASE_TLS=off contradict each other; keep one of them.")
    url = settings.database_url
    is_file = url is not None and url.get_secret_value().startswith("sqlite")
    if settings.own_schema is not None and is_file:
        problems.append(
            "QUEUE_BOT_SCHEMA needs MariaDB or MySQL: an SQLite file has no schemas; unset it."
        )
    problems += _wrong_subjects(settings)
    if "." in settings.failed_jobs_table and is_file:
        problems.append(
            "QUEUE_BOT_FAILED_JOBS_TABLE names a database, but an SQLite file has no databases; "
            "write the table's name alone."
        )
    if settings.audit_key is None and settings.audit_key_old is not None:
        problems.append("QUEUE_BOT_AUDIT_KEY_OLD is set without QUEUE_BOT_AUDIT_KEY; set both.")
    if need == "run" and not (settings.viewers or settings.operators or settings.admins):
        problems.append(
            "Nobody has a role yet; list ids of Slack users or user groups in "
            "QUEUE_BOT_ADMINS, QUEUE_BOT_OPERATORS or QUEUE_BOT_VIEWERS."
        )
    return problems


def _wrong_subjects(settings: Settings) -> list[str]:
    """Return a sentence for each subject that contradicts another setting or a command."""
    if settings.subjects is None:
        return []
    own = {
        ORDER: ("QUEUE_BOT_ORDER_PATHS", settings.order_paths),
        SHOP: ("QUEUE_BOT_TIENDA_PATHS", settings.tienda_paths),
    }
    problems = [
        f"QUEUE_BOT_SUBJECTS and {own[subject.name][0]} both have paths; keep one of them."
        for subject in settings.subjects
        if subject.paths and subject.name in own and own[subject.name][1] is not None
    ]
    taken = sorted({subject.name for subject in settings.subjects} & (taken_names() - USUAL))
    return problems + [
        f"QUEUE_BOT_SUBJECTS uses the name {name}, which commands use for another argument; "
        "choose another name."
        for name in taken
    ]
