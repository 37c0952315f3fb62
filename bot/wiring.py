"""Build the bot from the settings: create the parts and connect the parts."""

import os
import secrets
import socket
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import URL, Engine, MetaData, make_url

from bot import __version__
from bot.access.no_slack import NoSlack
from bot.access.roles import Directory, Rules
from bot.app.command import Alerting, Setup
from bot.app.limits import PersonLimits
from bot.app.subjects import commands_of
from bot.background.loop import INTERVAL
from bot.database.dialects import is_sqlite
from bot.database.engine import POOL, READ_SECONDS, connect
from bot.database.session import require_session, warn_of_kept
from bot.database.start import START_SECONDS, at_start
from bot.database.time_limits import LOCK_WAIT_SECONDS
from bot.database.transactions import reading, time_limit
from bot.fingerprint.payload import DEFAULT_ORDER_PATHS, DEFAULT_TIENDA_PATHS
from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import text_mask
from bot.models.doctor import Diagnose, undiagnosed
from bot.models.refusals import StartError
from bot.models.subjects import ORDER, SHOP, USUAL
from bot.queue.layouts import Layout, Queue, all_layouts, detect, fitted, require, warnings
from bot.setting_types import is_exposed
from bot.settings import Settings
from bot.slack.runtime import Access, SlackBot, look_up
from bot.store.audit.keys import AuditKey, AuditKeys
from bot.store.migrate import require_current
from bot.views.context import Links

log = structlog.get_logger(__name__)


def replica_name() -> str:
    """Return the replica name of this process: host, process id and four random hex digits."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(2)}"


REQUEST_READ_SECONDS = 3.0
"""Read timeout of requests, in seconds.

Statements of requests end within 2 s, so a server that is silent for 3 s hangs.
"""
POLLING_POOL = 2
"""The number of connections that poll: one for the background work, and one for monitoring."""
BACKGROUND_POOL = 5
"""The number of connections for background threads.

The checks, two batch workers and the aggregation need one connection each; one is spare.
"""
MOST_CONNECTIONS = POOL + BACKGROUND_POOL + POLLING_POOL
"""The most connections to the database of one replica."""


def database_address(settings: Settings) -> URL:
    """Return the address of the configured database; raises `StartError` if there is none."""
    if settings.database_url is None:
        raise StartError(["DATABASE_URL is not set: give the address of the queue's database."])
    return make_url(settings.database_url.get_secret_value())


def open_database(
    settings: Settings,
    *,
    pool: int = POOL,
    read_seconds: float = READ_SECONDS,
    lock_seconds: float = LOCK_WAIT_SECONDS,
    grace: float = 0.0,
    autocommit: bool = False,
) -> Engine:
    """Return the engine of the configured database; for the options, see `connect`."""
    address = database_address(settings)
    ca = None if settings.database_ca is None else str(settings.database_ca)
    return connect(
        address.render_as_string(hide_password=False),
        ca=ca,
        tls=settings.database_tls,
        pool=pool,
        read_seconds=read_seconds,
        lock_seconds=lock_seconds,
        grace=grace,
        autocommit=autocommit,
        schema=settings.own_schema,
    )


def start_notes(settings: Settings) -> list[str]:
    """Return one sentence for each setting that reduces the security of the bot."""
    return [*_link_notes(settings), *([KEYLESS] if settings.audit_key is None else [])]


KEYLESS = (
    "QUEUE_BOT_AUDIT_KEY is not set: everybody who can write to the database can forge audit "
    "records that verify accepts. queue-bot audit new-key prints a new key."
)


def _link_notes(settings: Settings) -> list[str]:
    url = None if settings.database_url is None else settings.database_url.get_secret_value()
    database = make_url(url).database if url is not None and url.startswith("sqlite") else None
    if database is not None and is_exposed(database):
        return ["Every account on this machine can read the SQLite file: run chmod 600."]
    if settings.database_tls == "off":
        return ["DATABASE_TLS=off: the database is not verified, and the link may be unencrypted."]
    return []


@dataclass(frozen=True, slots=True)
class Engines:
    """The database engines of a running bot.

    `requests`: has a short read timeout for a silent server. `background`: allows long statements.
    `polling`: reads with single statements, each with one round trip. For an SQLite file, the three
    are one engine.
    """

    requests: Engine
    background: Engine
    polling: Engine


def open_engines(settings: Settings, grace: float = 0.0) -> Engines:
    """Return the engines of the configured database; for `grace`, see `connect`."""
    engine = open_database(
        settings,
        read_seconds=REQUEST_READ_SECONDS + grace,
        lock_seconds=LOCK_WAIT_SECONDS + grace,
        grace=grace,
    )
    if is_sqlite(engine):
        return Engines(engine, engine, engine)
    return Engines(
        engine,
        open_database(settings, pool=BACKGROUND_POOL, grace=grace),
        open_database(settings, pool=POLLING_POOL, grace=grace, autocommit=True),
    )


def layout_of(settings: Settings, engine: Engine) -> Layout:
    """Return the layout of the queue's tables: their columns show it, or the settings name it.

    Raises `StartError` if the columns fit several layouts.
    """
    every = all_layouts(settings.retry_after, settings.connections, settings.time_zone)
    layouts = [layout for layout in every if settings.layout in (None, layout.name)]
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        return detect(connection, settings.jobs_table, settings.failed_jobs_table, layouts)


def queue_of(settings: Settings, layout: Layout) -> Queue:
    """Return the queue with the configured tables and payload paths."""
    url = settings.database_url
    schema = None
    if settings.own_schema is not None and url is not None:
        schema = make_url(url.get_secret_value()).database
    order_paths, tienda_paths = (_paths(settings, name) for name in (ORDER, SHOP))
    own = tuple(s for s in settings.subjects or () if s.name not in USUAL)
    names = {subject.name for subject in own}
    database, _, failed_name = settings.failed_jobs_table.rpartition(".")
    jobs, failed = layout.tables(settings.jobs_table, failed_name, schema)
    if database:
        failed = failed.to_metadata(MetaData(), schema=database)
    return Queue(
        layout=layout,
        jobs=jobs,
        failed=failed,
        zone=settings.time_zone,
        order_paths=order_paths,
        tienda_paths=tienda_paths,
        subjects=own + tuple(s for s in layout.subjects if s.name not in names),
        batches=layout.batches and layout.batches(settings.batches_table, schema),
        mask=text_mask(masked_keys(settings)),
    )


def _paths(settings: Settings, name: str) -> tuple[str, ...]:
    """Return the paths of the order or of the shop; none if the settings name other subjects."""
    if name == ORDER:
        usual = settings.order_paths or DEFAULT_ORDER_PATHS
    else:
        usual = settings.tienda_paths or DEFAULT_TIENDA_PATHS
    if settings.subjects is None:
        return usual
    paths = {subject.name: subject.paths or usual for subject in settings.subjects}
    return paths.get(name, ())


def masked_keys(settings: Settings) -> tuple[str, ...]:
    """Return the masked keys: the defaults, and the keys that the settings add."""
    return (*DEFAULT_MASKED_KEYS, *settings.masked_keys)


def audit_keys(settings: Settings) -> AuditKeys:
    """Return the keys of the audit log that this replica has."""
    secrets_ = (settings.audit_key, settings.audit_key_old)
    newest, older = (
        None if secret is None else AuditKey(secret.get_secret_value()) for secret in secrets_
    )
    return AuditKeys(newest, older)


def check_tables(engine: Engine, queue: Queue) -> dict[str, str]:
    """Raise `StartError` if the session, the queue's tables or the bot's own tables are invalid.

    Return the result of `require_session`.
    """
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        server_settings = require_session(connection)
        require(connection, queue)
        require_current(connection)
    return server_settings


def warn_of_tables(engine: Engine, queue: Queue) -> None:
    """Log warnings about the queue's tables; these problems do not prevent the bot's work."""
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        sentences = warnings(connection, queue)
    for sentence in sentences:
        log.warning(sentence)


def make_setup(
    settings: Settings, engine: Engine, directory: Directory, team: str | None = None
) -> Setup:
    """Build the setup that all requests use, from the settings."""
    queue = queue_of(settings, layout_of(settings, engine))
    with at_start(), reading(engine) as connection:
        queue = fitted(connection, queue)
    return Setup(
        engine=engine,
        queue=queue,
        rules=Rules(
            viewers=tuple(settings.viewers),
            operators=tuple(settings.operators),
            admins=tuple(settings.admins),
            change_channels=tuple(settings.change_channels),
            changes_in_home=settings.changes_in_home,
            team=settings.team_id or team,
            terminal_role=settings.terminal_role,
            allowed_queues=tuple(settings.allowed_queues or ()),
        ),
        directory=directory,
        replica=replica_name(),
        version=__version__,
        language=settings.language,
        zone=ZoneInfo(settings.time_zone.key),
        audit_channel=settings.audit_channel,
        alert_channel=settings.alert_channel,
        fallback_channel=settings.fallback_channel,
        masked_keys=masked_keys(settings),
        links=Links(settings.order_link, settings.job_link, settings.log_link),
        oldest_seconds=settings.oldest_seconds,
        reserved_seconds=settings.reserved_seconds,
        failed_count=settings.failed_count,
        alerts_per_minute=settings.alerts_per_minute,
        alerting=_alerting(settings),
        archive_days=settings.archive_days,
        second_person=settings.second_person,
        personal_data_role=settings.personal_data_role,
        audit_keys=audit_keys(settings),
        operator_minutes=settings.operator_minutes,
        limits=PersonLimits(
            {
                "commands": settings.commands_per_minute,
                "previews": settings.previews_per_minute,
                "refusals": settings.refusals_per_minute,
            }
        ),
        commands=commands_of(queue),
        slash=settings.command,
        environment=settings.environment,
        routes=settings.routes,
    )


def _alerting(settings: Settings) -> Alerting:
    return Alerting(
        mention=settings.alert_mention,
        no_worker_activity_seconds=settings.no_worker_activity_seconds,
        backlog_count=settings.backlog_count,
        worker_seconds=settings.worker_seconds,
        escalate_seconds=settings.escalate_seconds,
        remind_seconds=settings.remind_seconds,
        resolve_seconds=settings.resolve_seconds,
        digest_at=settings.digest_at,
        digest_days=settings.digest_days,
        digest_channel=settings.digest_channel or settings.alert_channel,
    )


def warn_of_limits(setup: Setup) -> None:
    """Log contradictory limits; `/queue watch` shows these limits too."""
    if setup.alarms_too_soon:
        log.warning(
            "QUEUE_BOT_RESERVED_SECONDS is below the workers' timeout: slow jobs count as stuck",
            reserved_seconds=setup.reserved_seconds,
            worker_seconds=setup.alerting.worker_seconds,
        )


def monitoring_address(settings: Settings) -> tuple[str, int] | None:
    """Return the host and port of the monitoring port, or None if none is configured."""
    port = settings.monitoring_port
    return None if port is None else (settings.monitoring_host, port)


def slack_access(settings: Settings) -> Access:
    """Return the secrets of the configured mode; raises `StartError` if one is not set."""
    is_http = settings.mode == "http"
    secret = settings.slack_signing_secret if is_http else settings.slack_app_token
    if settings.slack_bot_token is None or secret is None:
        name = Settings.NEEDED_BY_MODE[settings.mode]
        raise StartError([f"SLACK_BOT_TOKEN and {name} are needed to run."])
    return Access(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=None if is_http else secret.get_secret_value(),
        base_url=str(settings.slack_api_url),
        signing_secret=secret.get_secret_value() if is_http else None,
        replicas=settings.replicas,
    )


def make_bot(
    settings: Settings,
    interval: float = INTERVAL,
    grace: int = 0,
    diagnose: Diagnose = undiagnosed,
) -> SlackBot:
    """Check the configuration and return a bot that is ready to start.

    Raises `StartError`. For `grace`, see `SlackBot`. `diagnose` runs the checks of `/queue doctor`.
    """
    access = slack_access(settings)
    engines = open_engines(settings, grace)
    queue = queue_of(settings, layout_of(settings, engines.background))
    warn_of_kept(check_tables(engines.background, queue))
    warn_of_tables(engines.background, queue)
    routed = {route.channel for route in settings.routes if route.channel is not None}
    if {settings.alert_channel, *routed} - set(settings.change_channels):
        log.warning("alerts have buttons that work only in QUEUE_BOT_CHANGE_CHANNELS")
    workspace = look_up(access)
    warn_of_limits(make_setup(settings, engines.requests, NoSlack()))
    return SlackBot(
        access,
        workspace,
        lambda directory: replace(
            make_setup(settings, engines.requests, directory, workspace.team), diagnose=diagnose
        ),
        interval,
        engines.background,
        engines.polling,
        grace,
        monitoring_address(settings),
    )
