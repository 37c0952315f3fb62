"""Every setting with its type and default."""

from collections.abc import Mapping
from datetime import time
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.models.requests import SLASH_COMMAND
from bot.models.roles import Role
from bot.models.routes import AlertRoute
from bot.settings.addresses import ApiUrl, DatabaseUrl
from bot.settings.links import Link, SubjectLinks
from bot.settings.subjects import Subjects
from bot.settings.times import TimeOfDay, Weekdays, Zone
from bot.settings.value_types import (
    AppToken,
    AuditSecret,
    BotToken,
    Channel,
    Channels,
    Drain,
    EnvironmentName,
    ExistingFile,
    FailedTable,
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
    Table,
    TeamId,
    Words,
)

PREFIX = "QUEUE_BOT_"
Need = Literal["run", "database", "manifest", "nothing"]


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
    subject_links: SubjectLinks | None = None
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
