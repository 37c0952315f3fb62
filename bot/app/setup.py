"""The settings and parts with which the bot was started."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from bot.access.role_changes import KnownRoles
from bot.access.roles import Directory, Rules
from bot.app.command import Command
from bot.app.limits import PersonLimits
from bot.database.transactions import Clock, now_of
from bot.models.actions import Actions
from bot.models.doctor import Diagnose, undiagnosed
from bot.models.requests import SLASH_COMMAND
from bot.models.roles import Role
from bot.models.routes import AlertRoute, route_of
from bot.queue.layouts import Queue
from bot.store.audit.keys import NO_KEYS, AuditKeys
from bot.views.context import Links


@dataclass(frozen=True, slots=True)
class Alerting:
    """Settings of alerts and digest: limits in seconds and jobs, and the digest's time.

    `mention` is the id of a user group. `worker_seconds` is the timeout of the workers, if known.
    `digest_days` are weekday numbers; Monday is 0.
    """

    mention: str | None = None
    no_worker_activity_seconds: int = 300
    backlog_count: int = 500
    worker_seconds: int | None = None
    escalate_seconds: int = 900
    remind_seconds: int = 14_400
    resolve_seconds: int = 60
    digest_at: time | None = None
    digest_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    digest_channel: str | None = None


@dataclass(frozen=True)
class Setup:
    """The settings and parts with which the bot was started; `wiring` creates this object once."""

    engine: Engine
    queue: Queue
    rules: Rules
    directory: Directory
    replica: str
    version: str
    language: str = "en"
    zone: ZoneInfo = ZoneInfo("UTC")
    audit_channel: str | None = None
    alert_channel: str | None = None
    fallback_channel: str | None = None
    masked_keys: tuple[str, ...] = ()
    links: Links = field(default_factory=Links)
    oldest_seconds: int = 300
    reserved_seconds: int = 300
    failed_count: int = 100
    alerts_per_minute: int = 20
    alerting: Alerting = field(default_factory=Alerting)
    archive_days: int = 7
    operator_minutes: int = 10
    second_person: int | None = None
    personal_data_role: Role = Role.OPERATOR
    audit_keys: AuditKeys = NO_KEYS
    limits: PersonLimits = field(default_factory=PersonLimits)
    known_roles: KnownRoles = field(default_factory=KnownRoles)
    slash: str = SLASH_COMMAND
    environment: str | None = None
    routes: tuple[AlertRoute, ...] = ()
    clock: Clock = now_of
    diagnose: Diagnose = undiagnosed
    commands: Mapping[str, Command] = field(default_factory=dict)

    @property
    def actions(self) -> Actions:
        """The actions of the commands, by name."""
        actions = (command.action for command in self.commands.values())
        return {action.name: action for action in actions if action is not None}

    def for_queue(self, queue: str | None) -> "Setup":
        """Return the setup with the alert channel, mention and thresholds of the queue's route."""
        route = route_of(self.routes, queue)
        if route is None:
            return self
        alerting = self.alerting
        return replace(
            self,
            alert_channel=route.channel or self.alert_channel,
            oldest_seconds=route.oldest_seconds or self.oldest_seconds,
            alerting=replace(
                alerting,
                mention=route.mention or alerting.mention,
                no_worker_activity_seconds=route.no_worker_activity_seconds
                or alerting.no_worker_activity_seconds,
                backlog_count=route.backlog_count or alerting.backlog_count,
            ),
        )

    @property
    def alert_channels(self) -> frozenset[str]:
        """The channels in which alerts are posted."""
        channels = (self.alert_channel, *(route.channel for route in self.routes))
        return frozenset(channel for channel in channels if channel is not None)

    @property
    def alarms_too_soon(self) -> bool:
        """Whether a slow job raises a stuck-job alert before its worker's timeout."""
        return (self.alerting.worker_seconds or 0) > self.reserved_seconds
