"""Definition of a command: its arguments, role, function and views."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection, Engine

from bot.access.role_changes import KnownRoles
from bot.access.roles import Directory, Grant, Need, Rules
from bot.app.limits import PersonLimits
from bot.database.transactions import Clock, now_of
from bot.models.actions import Action, Actions, CountsAs, RowKind
from bot.models.audit import Target
from bot.models.command_help import HelpTopic
from bot.models.doctor import Diagnose, undiagnosed
from bot.models.operations import Progress
from bot.models.requests import SLASH_COMMAND, Invocation, Message, Modal
from bot.models.roles import Role
from bot.models.routes import AlertRoute, route_of
from bot.models.value import Value
from bot.queue.layouts import Queue
from bot.store.audit.keys import NO_KEYS, AuditKeys
from bot.views.context import Context, Links

LARGEST_ID = 2**64 - 1
"""The greatest BIGINT UNSIGNED; no row has a larger id."""
ROWS_FORM: dict[str, JsonValue] = {"form": "N"}
"""The form of a list's limit in the usage line.

Without a typed limit, Slack shows fewer rows than JSON.
"""


_BULK_ARGUMENTS: Mapping[CountsAs | None, tuple[str, ...]] = {
    "retried": ("plan", "rate", "canary"),
    "deleted": ("plan", "typed"),
}
"""The arguments that the preview's dialog sends with its confirmation."""


class Arguments(BaseModel):
    """A command's arguments; a field marked `positional` receives the words without `=`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    # Whether the command has an argument for each subject of the settings.
    takes_subjects: ClassVar[bool] = False


class Nothing(Value):
    """An empty value."""


class Result(Value):
    """A command's answer: `data` and `message` as in the spec, `extra` for additional fields."""

    message: str | None = None
    data: Value
    extra: Value = Nothing()
    targets: tuple[Target, ...] = Field(default=(), exclude=True)
    # The outcome in the audit record. A preview writes no record and sets None.
    outcome: str | None = Field(default="ok", exclude=True)
    # Fields that the audit record has in addition to the arguments, such as the confirmed scope.
    recorded: Mapping[str, Any] = Field(default={}, exclude=True)
    # The id of the request whose change was completely undone. The bot edits its message.
    undone: str | None = Field(default=None, exclude=True)
    # The operation whose request was approved or declined. The bot edits its message.
    decided: int | None = Field(default=None, exclude=True)
    # Whether a read shows personal data. If so, the bot writes an audit record before the answer.
    personal: bool = Field(default=False, exclude=True)

    def envelope(self) -> dict[str, Any]:
        """Return the spec's JSON, with `extra` next to `data`."""
        fields: dict[str, Any] = {"success": True}
        if self.message is not None:
            fields["message"] = self.message
        fields["data"] = self.data.model_dump(mode="json")
        if extra := self.extra.model_dump(mode="json"):
            fields["extra"] = extra
        return fields


class Effect(Enum):
    """The effect of a command: read, change at once, or preview and then change in batches."""

    READ = "read"
    CHANGE = "change"
    BULK = "bulk"


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
    commands: Mapping[str, "Command"] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Work:
    """The input of a command's `run`: transaction, transaction time, invocation, grant, setup."""

    connection: Connection
    now: datetime
    invocation: Invocation
    grant: Grant
    setup: Setup

    @property
    def queue(self) -> Queue:
        """The queue's tables."""
        return self.setup.queue


@dataclass(frozen=True)
class Command:
    """A command. One file under `commands/` contains everything about the command.

    `aliases`: words that people may type instead of the name. Stored records have the name.
    `run`: works in the caller's transaction; returns a `Result` or raises a `Refusal`.
    `view`: returns the answer for the person. `visible`: returns the message for the channel.
    `finished`: returns the answer that the spec defines, after a bulk command's last batch.
    `fresh`: Slack's answers about the person must be new, as they must for every bulk change.
    `when_frozen`: the command changes no job, so it also runs during a change freeze.
    `action`: describes the effect on jobs.
    `ids_of`: the table that has the command's ids, for a command that removes no rows.
    `leads_to`: the names of other commands, by the argument that belongs to each of them.
    `second_person`: if the settings require approval, every bulk change by the command needs it.
    `topic`: the command's group in the help. `examples`: shown in the help, without `/queue`.
    """

    name: str
    arguments: type[Arguments]
    role: Role
    result: type[Result]
    run: Callable[[Work, Any], Result]
    view: Callable[[Any, Context], Message | Modal]
    visible: Callable[[Any, Context], Message | None] | None = None
    effect: Effect = Effect.READ
    fresh: bool = False
    when_frozen: bool = False
    second_person: bool = False
    finished: Callable[[Progress], Result] | None = None
    action: Action | None = None
    ids_of: RowKind | None = None
    aliases: tuple[str, ...] = ()
    leads_to: Mapping[str, str] = field(default_factory=dict)
    topic: HelpTopic | None = None
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` if another command owns the action or a bulk command is incomplete."""
        if self.action is not None and self.action.name != self.name:
            raise ValueError(f"{self.name} has the action of {self.action.name}")
        if self.effect is Effect.BULK and (missing := self._missing_in_bulk()):
            raise ValueError(f"{self.name} runs in bulk without {', '.join(missing)}")

    def _missing_in_bulk(self) -> list[str]:
        """Return the fields, views and arguments that this bulk command needs but does not have."""
        counts_as = None if self.action is None else self.action.counts_as
        present = {
            "counts_as": counts_as in _BULK_ARGUMENTS,
            # Batches read their rows from `failed_jobs`, and their progress message offers undo.
            'removes="failed"': self.action is not None and self.action.removes == "failed",
            "undo_in_bulk": self.action is not None and self.action.undo_in_bulk,
            "visible": self.visible is not None,
            "finished": self.finished is not None,
        }
        missing = [name for name, is_present in present.items() if not is_present]
        arguments = _BULK_ARGUMENTS.get(counts_as, ())
        return missing + [name for name in arguments if name not in self.arguments.model_fields]

    @property
    def words(self) -> tuple[str, ...]:
        """The words that people may type for the command: its name and its aliases."""
        return self.name, *self.aliases

    @property
    def row_kind(self) -> RowKind | None:
        """The table of the command's ids."""
        return self.action.removes if self.ids_of is None and self.action else self.ids_of

    @property
    def help_topic(self) -> HelpTopic:
        """Return the group of the command in the help."""
        if self.topic is not None:
            return self.topic
        return HelpTopic.VIEW if self.effect is Effect.READ else HelpTopic.CHANGE

    @property
    def need(self) -> Need:
        """The permission that a person needs to run the command."""
        changes = self.effect is not Effect.READ
        return Need(self.role, changes=changes, fresh=self.fresh)

    def usage(self) -> str:
        """Build the usage line, without the slash command: `jobs [queue=] [limit=50]`."""
        positional: list[str] = []
        named: list[str] = []
        for name, info in self.arguments.model_fields.items():
            extra = info.json_schema_extra
            marks = extra if isinstance(extra, Mapping) else {}
            if marks.get("internal"):
                continue
            default = "" if info.default in (None, False) else str(info.default)
            word = str(marks.get("positional") or f"{name}={marks.get('form', default)}")
            words = positional if marks.get("positional") else named
            words.append(word if info.is_required() else f"[{word}]")
        return " ".join([self.name, *positional, *named])


def find_commands() -> dict[str, Command]:
    """Return the commands by name; each module of `bot.commands` defines a `COMMAND`.

    Raises `ValueError` if two commands have the same name or alias.
    """
    package = import_module("bot.commands")
    commands: dict[str, Command] = {}
    words: set[str] = set()
    for module in sorted(info.name for info in iter_modules(package.__path__)):
        command = import_module(f"bot.commands.{module}").COMMAND
        if duplicates := words.intersection(command.words):
            raise ValueError(f"two commands are called {', '.join(sorted(duplicates))}")
        words.update(command.words)
        commands[command.name] = command
    return commands
