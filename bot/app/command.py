"""What a command is: its arguments, its role, what it does and how the answer looks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine

from bot.access.roles import Directory, Grant, Need, Rules
from bot.database.transactions import Clock, now_of
from bot.models.actions import Action, Actions, RowKind
from bot.models.command_help import HelpTopic
from bot.models.jobs import Value
from bot.models.operations import Progress, Target
from bot.models.requests import Invocation, Message, Modal
from bot.models.roles import Role
from bot.queue.layouts import Queue
from bot.views.context import Context, Links

LARGEST_ID = 2**64 - 1
"""The greatest BIGINT UNSIGNED; no row has a larger id."""


class Arguments(BaseModel):
    """A command's arguments; a field with `positional` takes the bare words."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Nothing(Value):
    """No more to say."""


class Result(Value):
    """A command's answer: `data` is the spec's, `message` its sentence, `extra` what is more."""

    message: str | None = None
    data: Value
    extra: Value = Nothing()
    targets: tuple[Target, ...] = Field(default=(), exclude=True)
    # The word in the audit record; None where there is nothing to record yet (a preview).
    outcome: str | None = Field(default="ok", exclude=True)
    # What the audit record says beside the arguments: which scope was confirmed.
    recorded: Mapping[str, Any] = Field(default={}, exclude=True)
    # The request whose change was undone as a whole: its message will say so.
    undone: str | None = Field(default=None, exclude=True)

    def envelope(self) -> dict[str, Any]:
        """The spec's JSON, with `extra` beside `data`."""
        said: dict[str, Any] = {"success": True}
        if self.message is not None:
            said["message"] = self.message
        said["data"] = self.data.model_dump(mode="json")
        if extra := self.extra.model_dump(mode="json"):
            said["extra"] = extra
        return said


class Effect(Enum):
    """What a command does: look, change at once, or preview and then change in batches."""

    READ = "read"
    CHANGE = "change"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Alerting:
    """When people are told by themselves: limits in seconds and jobs, and the digest's time.

    `mention` is a user group's id; `worker_seconds` the workers' own timeout, where it is known;
    `digest_days` are numbers from Monday, 0.
    """

    mention: str | None = None
    silent_seconds: int = 300
    backlog_count: int = 500
    worker_seconds: int | None = None
    escalate_seconds: int = 900
    recover_seconds: int = 60
    digest_at: time | None = None
    digest_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    digest_channel: str | None = None


@dataclass(frozen=True)
class Setup:
    """Everything the bot was started with; made once, where things are wired together."""

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
    clock: Clock = now_of
    commands: Mapping[str, "Command"] = field(default_factory=dict)

    @property
    def actions(self) -> Actions:
        """What the commands do to jobs, by name."""
        found = (command.action for command in self.commands.values())
        return {action.name: action for action in found if action is not None}

    @property
    def alarms_too_soon(self) -> bool:
        """Whether a job that is only slow is told of as stuck, long before its worker's timeout."""
        return (self.alerting.worker_seconds or 0) > self.reserved_seconds


@dataclass(frozen=True)
class Work:
    """What a command's run is given: its transaction, the time in it, who asks, and the setup."""

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
    """One operation; everything about it is in its own file under `commands/`.

    `aliases` are other words that people may type for its name; whatever is stored has the name.
    `run` does it in the caller's transaction and returns a `Result` or raises a `Refusal`. `view`
    is the answer to the person, `visible` what others see of the change in the channel, `finished`
    the spec's answer when all batches of a bulk command have run. `when_frozen`: it changes no job,
    so it runs while changes are frozen too. `action` is what it does to jobs, `ids_of` the table
    that its ids are of where it removes no rows. `topic` is its group in the help, which shows
    `examples`, each without `/queue`.
    """

    name: str
    arguments: type[Arguments]
    role: Role
    result: type[Result]
    run: Callable[[Work, Any], Result]
    view: Callable[[Any, Context], Message | Modal]
    visible: Callable[[Any, Context], Message | None] | None = None
    effect: Effect = Effect.READ
    destructive: bool = False
    when_frozen: bool = False
    finished: Callable[[Progress], Result] | None = None
    action: Action | None = None
    ids_of: RowKind | None = None
    aliases: tuple[str, ...] = ()
    topic: HelpTopic | None = None
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise `ValueError` where its action is another's, or does not say what batches do."""
        if self.action is not None and self.action.name != self.name:
            raise ValueError(f"{self.name} has the action of {self.action.name}")
        if self.effect is Effect.BULK and (self.action is None or self.action.counts_as is None):
            raise ValueError(f"{self.name} runs in bulk, and does not say what its batches do")

    @property
    def words(self) -> tuple[str, ...]:
        """The words that people may type for it: its name and its aliases."""
        return self.name, *self.aliases

    @property
    def row_kind(self) -> RowKind | None:
        """The table that its ids are of."""
        return self.action.removes if self.ids_of is None and self.action else self.ids_of

    @property
    def help_topic(self) -> HelpTopic:
        """Return the group of the command in the help."""
        if self.topic is not None:
            return self.topic
        return HelpTopic.VIEW if self.effect is Effect.READ else HelpTopic.CHANGE

    @property
    def need(self) -> Need:
        """What the person must have to run it."""
        changes = self.effect is not Effect.READ
        return Need(self.role, changes=changes, destructive=self.destructive)

    def usage(self) -> str:
        """The usage line, out of the schema of the arguments: `/queue jobs [queue=] [limit=50]`."""
        first: list[str] = []
        then: list[str] = []
        for name, info in self.arguments.model_fields.items():
            extra = info.json_schema_extra
            marks = extra if isinstance(extra, Mapping) else {}
            if marks.get("internal"):
                continue
            default = "" if info.default in (None, False) else str(info.default)
            word = str(marks.get("positional") or f"{name}={marks.get('form', default)}")
            words = first if marks.get("positional") else then
            words.append(word if info.is_required() else f"[{word}]")
        return " ".join(["/queue", self.name, *first, *then])


def find_commands() -> dict[str, Command]:
    """The commands by name: each module of `bot.commands` has one as `COMMAND`.

    Raises `ValueError` where two have the same name or alias.
    """
    package = import_module("bot.commands")
    found: dict[str, Command] = {}
    taken: set[str] = set()
    for module in sorted(info.name for info in iter_modules(package.__path__)):
        command = import_module(f"bot.commands.{module}").COMMAND
        if twice := taken.intersection(command.words):
            raise ValueError(f"two commands are called {', '.join(sorted(twice))}")
        taken.update(command.words)
        found[command.name] = command
    return found
