"""Refusals of requests that cannot be read or have an id that is used already."""

from dataclasses import dataclass

from bot.models.refusals.base import Mistyped, Refusal


@dataclass(eq=False, kw_only=True)
class UnknownCommand(Mistyped):
    """No command is called `word`; `nearest` is the most similar name, `usage` its form."""

    code = "unknown-command"

    word: str
    nearest: str
    usage: str


@dataclass(eq=False, kw_only=True)
class Invalid(Mistyped):
    """An argument is missing, misspelt or out of range.

    `problem` names the sentence in the catalogs, `field` the argument and
    `usage` the command's form.
    """

    code = "invalid"

    problem: str
    field: str
    value: str
    expected: str
    usage: str


@dataclass(eq=False, kw_only=True)
class TimesOff(Refusal):
    """`failed_at` is `minutes` earlier than the failures happened, so no filter by time is right.

    A negative number means later.
    """

    code = "times-off"

    minutes: int


@dataclass(eq=False, kw_only=True)
class PersonNotFound(Mistyped):
    """Nobody whom the bot knows is called `name`."""

    code = "person-not-found"

    name: str


@dataclass(eq=False, kw_only=True)
class PersonAmbiguous(Mistyped):
    """Several people whom the bot knows are called `name`."""

    code = "person-ambiguous"

    name: str
    people: tuple[str, ...]


class RequestIdUsed(Refusal):
    """Another request has this request id, so this one was not executed."""

    code = "request-id-used"
