"""Definition of a command: its arguments, role, function and views."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bot.access.roles import Need
from bot.models.actions import Action, CountsAs, RowKind
from bot.models.audit import Target
from bot.models.command_help import HelpTopic
from bot.models.operations import Progress
from bot.models.requests import Message, Modal
from bot.models.roles import Role
from bot.models.value import Value
from bot.views.context import Context

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


@dataclass(frozen=True)
class Command:
    """A command. One file under `commands/` contains everything about the command.

    `aliases`: words that people may type instead of the name. Stored records have the name.
    `run`: receives a `Work` and the arguments; returns a `Result` or raises a `Refusal`. This
    module cannot name the type `Work`, because the setup of a `Work` contains the commands.
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
    run: Callable[[Any, Any], Result]
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
