"""Parse the text after `/queue` into a command's name and its raw arguments.

The text has the form `<command> [ids…] [key=value…]`, and values may be quoted. Phones and Slack's
editor insert typographic quotes and dashes; the parser replaces them by plain quotes and dashes.
Slack sends users, channels and groups as `<@U…>`, `<#C…>` and `<!subteam^S…>`; the parser keeps
only the id.
"""

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from bot.app.command import Arguments, Command
from bot.models.refusals import Invalid, UnknownCommand

MAX_TEXT = 2_000
BEGINNING = 3
"""A typed word must have at least this many characters to match the start of a command."""

_PLAIN = str.maketrans("“”„«»‘’‚–—‑−", '"""""\'\'\'----')
# All space characters, and the zero-width characters that copied text may contain.
_SPACE = re.compile("[\\s\u200b\u200c\u200d\u2060\ufeff]+")
_MENTION = re.compile(r"^<(?:@|#|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>$")
_HALF = re.compile("[\ud800-\udfff]")

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Request:
    """A command's name and raw arguments; `typed` if a person typed the request."""

    command: str
    values: Mapping[str, Any]
    typed: bool = False


def parse(text: str, commands: Mapping[str, Command]) -> Request:
    """Parse typed text; an empty text means `status`. Raises `UnknownCommand` or `Invalid`."""
    if len(text) > MAX_TEXT:
        raise Invalid(problem="too-long", field="", value="", expected=str(MAX_TEXT), usage="help")
    words = _words(whole(text))
    name = words[0].lower() if words else "status"
    names = command_names(commands)
    command = commands.get(names.get(name, ""))
    if command is None:
        nearest = nearest_name(name, names)
        raise UnknownCommand(
            word=name[:64],
            nearest=nearest or "help",
            usage=commands[nearest].usage() if nearest else "help",
        )
    command = _taking(command, words[1:], commands)
    return Request(command.name, _arguments(command, words[1:]), typed=True)


def _taking(command: Command, words: list[str], commands: Mapping[str, Command]) -> Command:
    """Return the command that the arguments belong to: `error E12 merge=E15` is a merge."""
    keys = [word.partition("=")[0].lower() for word in words if "=" in word]
    leads = (command.leads_to[key] for key in keys if key in command.leads_to)
    return commands.get(next(leads, command.name), command)


def command_names(commands: Mapping[str, Command]) -> dict[str, str]:
    """Map each command's name, and each of its aliases, to the command's name."""
    return {word: command.name for command in commands.values() for word in command.words}


def nearest_name(word: str, names: Mapping[str, str]) -> str | None:
    """Return the command name most similar to a mistyped word, or None if no name is similar."""
    return names.get(_nearest(word, names) or "")


def _nearest(word: str, commands: Collection[str]) -> str | None:
    """Return the shortest name that starts with the word.

    If no name starts with the word, return the most similar name, or None.
    """
    longer = [name for name in commands if len(word) >= BEGINNING and name.startswith(word)]
    alike = get_close_matches(word, commands, n=1, cutoff=0.5)
    return min(longer, key=len) if longer else next(iter(alike), None)


def whole(value: V) -> V:
    """Replace each half of a surrogate pair by U+FFFD, because no database stores halves."""
    return cast("V", _whole(value))


def _whole(value: object) -> object:
    match value:
        case str():
            return _HALF.sub("\N{REPLACEMENT CHARACTER}", value)
        case Mapping():
            return {_whole(key): _whole(entry) for key, entry in value.items()}
        case list() | tuple():
            return type(value)(_whole(entry) for entry in value)
    return value


def _words(text: str) -> list[str]:
    plain = _SPACE.sub(" ", text.translate(_PLAIN))
    try:
        lexer = shlex.shlex(plain, posix=True, punctuation_chars=False)
        lexer.whitespace_split = True
        lexer.commenters = ""
        lexer.escape = ""
        return list(lexer)
    except ValueError as error:
        raise Invalid(problem="quote", field="", value="", expected="", usage="help") from error


def _arguments(command: Command, words: list[str]) -> dict[str, Any]:
    fields = command.arguments.model_fields
    names = _typed_names(command.arguments)
    values: dict[str, Any] = {}
    bare: list[str] = []
    for word in words:
        key, sign, value = word.partition("=")
        key = key.lower().replace("-", "_")
        name = names.get(key)
        if not sign or _MENTION.match(word):
            bare.append(mentioned(word))
        elif name is None:
            raise invalid(command, "unknown-key", key, value)
        elif name in values:
            raise invalid(command, "twice", key, value)
        else:
            values[name] = mentioned(value)
            _check_least(command, name, key, value)
    positional = next((n for n in fields if marks(command.arguments, n).get("positional")), None)
    if bare and positional is None:
        raise invalid(command, "extra-word", bare[0], bare[0])
    if bare and positional is not None:
        values[positional] = bare
    return values


def _check_least(command: Command, name: str, key: str, value: str) -> None:
    """Refuse a typed number below the field's `least`; a dialog may send 0 for an empty choice."""
    least = marks(command.arguments, name).get("least")
    number = value.partition("/")[0]
    if least is not None and number.isdigit() and int(number) < least:
        raise invalid(command, "greater_than_equal", key, value, str(least))


def _typed_names(arguments: type[Arguments]) -> dict[str, str]:
    """Map each word that people may type before `=` to the name of its argument."""
    names: dict[str, str] = {}
    for name in arguments.model_fields:
        field = marks(arguments, name)
        if not field.get("internal"):
            names |= {str(word): name for word in (name, field.get("alias", name))}
    return names


def marks(arguments: type[Arguments], name: str) -> Mapping[str, Any]:
    """Return the extra schema entries of a field, such as `positional`, `form` and `alias`."""
    extra = arguments.model_fields[name].json_schema_extra
    return extra if isinstance(extra, Mapping) else {}


def invalid(
    command: Command, problem: str, field: str, value: object, expected: str = ""
) -> Invalid:
    """Return the refusal of an argument; `problem` is the key of the sentence in the catalogs."""
    return Invalid(
        problem=problem,
        field=field[:64],
        value=str(value)[:64],
        expected=expected,
        usage=command.usage(),
    )


def mentioned(word: str) -> str:
    """Return the id of a mention; return any other word unchanged."""
    if (match := _MENTION.match(word)) is not None:
        return match[1]
    # Slack escapes `<`, `>` and `&` in typed text.
    return word.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
