"""Build the setup that all requests use, from the settings."""

import os
import secrets
import socket
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from bot import __version__
from bot.access.roles import Directory, Rules
from bot.app.limits import PersonLimits
from bot.app.setup import Alerting, Setup
from bot.app.subjects import commands_of
from bot.database.start import at_start
from bot.database.transactions import reading
from bot.models.subjects import ORDER
from bot.queue.layouts import fitted
from bot.settings.settings import Settings
from bot.store.audit.keys import AuditKey, AuditKeys
from bot.views.context import Links
from bot.wiring.queue_tables import layout_of, masked_keys, queue_of


def replica_name() -> str:
    """Return the replica name of this process: host, process id and four random hex digits."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(2)}"


def audit_keys(settings: Settings) -> AuditKeys:
    """Return the keys of the audit log that this replica has."""
    secrets_ = (settings.audit_key, settings.audit_key_old)
    newest, older = (
        None if secret is None else AuditKey(secret.get_secret_value()) for secret in secrets_
    )
    return AuditKeys(newest, older)


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
        rules=_rules(settings, team),
        directory=directory,
        replica=replica_name(),
        version=__version__,
        language=settings.language,
        zone=ZoneInfo(settings.time_zone.key),
        audit_channel=settings.audit_channel,
        alert_channel=settings.alert_channel,
        fallback_channel=settings.fallback_channel,
        masked_keys=masked_keys(settings),
        links=_links(settings),
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
        limits=_limits(settings),
        commands=commands_of(queue),
        slash=settings.command,
        environment=settings.environment,
        routes=settings.routes,
    )


def _rules(settings: Settings, team: str | None) -> Rules:
    return Rules(
        viewers=tuple(settings.viewers),
        operators=tuple(settings.operators),
        admins=tuple(settings.admins),
        change_channels=tuple(settings.change_channels),
        changes_in_home=settings.changes_in_home,
        team=settings.team_id or team,
        terminal_role=settings.terminal_role,
        allowed_queues=tuple(settings.allowed_queues or ()),
    )


def _limits(settings: Settings) -> PersonLimits:
    return PersonLimits(
        {
            "commands": settings.commands_per_minute,
            "previews": settings.previews_per_minute,
            "refusals": settings.refusals_per_minute,
        }
    )


def _links(settings: Settings) -> Links:
    by_subject = dict(settings.subject_links or ())
    order = settings.order_link or by_subject.pop(ORDER, None)
    return Links(order, settings.job_link, settings.log_link, by_subject)


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
