"""Refusals of requests that the bot cannot read, or whose request id is already used."""

from dataclasses import dataclass

from bot.models.refusals.base import Mistyped, Refusal


@dataclass(eq=False, kw_only=True)
class UnknownCommand(Mistyped):
    """No command has the name `word`. `nearest` is the most similar command, `usage` its usage."""

    code = "unknown-command"

    word: str
    nearest: str
    usage: str


@dataclass(eq=False, kw_only=True)
class Invalid(Mistyped):
    """An argument is missing, misspelt or out of range.

    `problem` names the sentence in the catalogs. `field` is the argument. `usage` is the usage
    line of the command.
    """

    code = "invalid"

    problem: str
    field: str
    value: str
    expected: str
    usage: str


@dataclass(eq=False, kw_only=True)
class TimesOff(Refusal):
    """Filters by time are wrong, because `failed_at` is `minutes` earlier than the real failures.

    If `minutes` is negative, `failed_at` is later than the real failures.
    """

    code = "times-off"

    minutes: int


@dataclass(eq=False, kw_only=True)
class PersonNotFound(Mistyped):
    """The bot knows no person with the name `name`."""

    code = "person-not-found"

    name: str


@dataclass(eq=False, kw_only=True)
class PersonAmbiguous(Mistyped):
    """The bot knows several people with the name `name`."""

    code = "person-ambiguous"

    name: str
    people: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class TooFrequent(Refusal):
    """The person sent more than `most` commands, or `previews` of bulk changes, in a minute."""

    code = "too-many"

    most: int
    seconds: int
    previews: bool = False


class RequestIdUsed(Refusal):
    """Another request already used this request id, so the new request was not executed."""

    code = "request-id-used"
