"""Parsing of the text after `/queue` into a command's name and its raw arguments.

`<command> [ids…] [key=value…]`. Values may be quoted. Typographic quotes and dashes, which phones
and Slack's editor insert, count as plain ones. Users, channels and groups arrive as `<@U…>`,
`<#C…>`, `<!subteam^S…>`; only their id is kept.
"""

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar, cast

from pydantic import BeforeValidator

from bot.app.command import LARGEST_ID, Arguments, Command
from bot.models.refusals import Invalid, UnknownCommand
from bot.text.day_names import NamedDay, read_day

MAX_TEXT = 2_000
BEGINNING = 3
"""A word of at least so many letters may abbreviate a command's name in a suggestion."""
LONGEST_ORDER = 64
MAX_IDS = 20
"""The most ids of one transaction; more ids are a bulk change with a preview."""
MANY_IDS = 1_000

_PLAIN = str.maketrans("“”„«»‘’‚–—‑−", '"""""\'\'\'----')
# Every kind of space, and the signs of no width that a copied text brings along.
_SPACE = re.compile("[\\s\u200b\u200c\u200d\u2060\ufeff]+")
_MENTION = re.compile(r"^<(?:@|#|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>$")
_RANGE = re.compile(r"^(\d{1,20})(?:-(\d{1,20}))?$")
_HALF = re.compile("[\ud800-\udfff]")

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Request:
    """A command's name and raw arguments; `typed` if a person typed the request."""

    command: str
    values: Mapping[str, Any]
    typed: bool = False


def parse(text: str, commands: Mapping[str, Command]) -> Request:
    """Parse typed text; raises `UnknownCommand` or `Invalid`. An empty text means `status`."""
    if len(text) > MAX_TEXT:
        raise Invalid(
            problem="too-long", field="", value="", expected=str(MAX_TEXT), usage="/queue help"
        )
    words = _words(whole(text))
    name = words[0].lower() if words else "status"
    names = command_names(commands)
    command = commands.get(names.get(name, ""))
    if command is None:
        nearest = nearest_name(name, names)
        raise UnknownCommand(
            word=name[:64],
            nearest=nearest or "help",
            usage=commands[nearest].usage() if nearest else "/queue help",
        )
    return Request(command.name, _arguments(command, words[1:]), typed=True)


def command_names(commands: Mapping[str, Command]) -> dict[str, str]:
    """Return the command's name for each name and each alias."""
    return {word: command.name for command in commands.values() for word in command.words}


def nearest_name(word: str, names: Mapping[str, str]) -> str | None:
    """Return the name of the command that a mistyped word is nearest to; None if there is none."""
    return names.get(_nearest(word, names) or "")


def _nearest(word: str, commands: Collection[str]) -> str | None:
    """Return the shortest name that starts with the word, else the most similar one, else None."""
    longer = [name for name in commands if len(word) >= BEGINNING and name.startswith(word)]
    alike = get_close_matches(word, commands, n=1, cutoff=0.5)
    return min(longer, key=len) if longer else next(iter(alike), None)


def whole(value: V) -> V:
    """Return the value with U+FFFD for each half of a surrogate pair, which no database stores."""
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
        raise Invalid(
            problem="quote", field="", value="", expected="", usage="/queue help"
        ) from error


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
    """Refuse a typed number below the field's `least`; a dialog may send 0 for its empty choice."""
    least = marks(command.arguments, name).get("least")
    number = value.partition("/")[0]
    if least is not None and number.isdigit() and int(number) < least:
        raise invalid(command, "greater_than_equal", key, value, str(least))


def _typed_names(arguments: type[Arguments]) -> dict[str, str]:
    """Return the argument's name for each word that people may type before `=`."""
    names: dict[str, str] = {}
    for name in arguments.model_fields:
        field = marks(arguments, name)
        if not field.get("internal"):
            names |= {str(word): name for word in (name, field.get("alias", name))}
    return names


def marks(arguments: type[Arguments], name: str) -> Mapping[str, Any]:
    """Return a field's extra schema entries, such as `positional`, `form` and `alias`."""
    extra = arguments.model_fields[name].json_schema_extra
    return extra if isinstance(extra, Mapping) else {}


def invalid(
    command: Command, problem: str, field: str, value: object, expected: str = ""
) -> Invalid:
    """Return the refusal of one argument; `problem` names its sentence in the catalogs."""
    return Invalid(
        problem=problem,
        field=field[:64],
        value=str(value)[:64],
        expected=expected,
        usage=command.usage(),
    )


def mentioned(word: str) -> str:
    """Return the id of a mention, else the word itself."""
    if (match := _MENTION.match(word)) is not None:
        return match[1]
    # Slack escapes these three characters in typed text.
    return word.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _read_ids(value: object, most: int = MAX_IDS) -> tuple[int, ...]:
    words = value if isinstance(value, list | tuple) else [value]
    ids: dict[int, None] = {}
    many = "" if most == MAX_IDS else "-many"
    for word in words:
        for part in str(word).strip("#").split(","):
            if not part:
                continue
            match = _RANGE.match(part)
            if match is None:
                raise ValueError(f"id:{part[:20]}")
            first, last = int(match[1]), int(match[2] or match[1])
            if last > LARGEST_ID:
                raise ValueError(f"id:{part[:20]}")
            if first == 0:
                raise ValueError(f"id-zero:{part[:20]}")
            if last < first or last - first >= most:
                raise ValueError(f"range{many}:{part[:40]}")
            ids.update(dict.fromkeys(range(first, last + 1)))
    if not ids or len(ids) > most:
        raise ValueError(f"count{many}:{len(ids)}")
    return tuple(sorted(ids))


Ids = Annotated[tuple[int, ...], BeforeValidator(_read_ids)]
"""One to twenty ids, as words, lists `45,46` and ranges `50-60`; sorted, without duplicates."""

ManyIds = Annotated[tuple[int, ...], BeforeValidator(lambda value: _read_ids(value, most=MANY_IDS))]
"""Ids in the same forms, up to a thousand."""


def _read_id(value: object) -> int:
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise ValueError("one:")
        value = value[0]
    word = str(value).strip("#")
    if not word.isascii() or not word.isdigit() or int(word) > LARGEST_ID:
        raise ValueError(f"id:{word[:20]}")
    if int(word) == 0:
        raise ValueError(f"id-zero:{word}")
    return int(word)


OneId = Annotated[int, BeforeValidator(_read_id)]
"""One id, as a word."""

_GROUP = re.compile(r"[eE]?(\d{1,18})")


def _read_group(value: object) -> int:
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise ValueError("one:")
        value = value[0]
    match = _GROUP.fullmatch(str(value).strip(), 0) if str(value).isascii() else None
    if match is None:
        raise ValueError(f"group:{str(value)[:20]}")
    return int(match[1])


GroupId = Annotated[int, BeforeValidator(_read_group)]
"""One error group, as `E12` or `12`."""

_INCIDENT = re.compile(r"[iI]?(\d{1,18})")


def _read_incident(value: object) -> int:
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise ValueError("one-incident:")
        value = value[0]
    match = _INCIDENT.fullmatch(str(value).strip(), 0) if str(value).isascii() else None
    if match is None:
        raise ValueError(f"incident:{str(value)[:20]}")
    return int(match[1])


IncidentId = Annotated[int, BeforeValidator(_read_incident)]
"""One incident, as `I12` or `12`."""

_AGE = re.compile(r"^(\d{1,5})([smhdw])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _read_age(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _AGE.match(str(value).strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"age:{str(value)[:20]}")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


Age = Annotated[timedelta, BeforeValidator(_read_age)]
"""A length of time: `90s`, `30m`, `12h`, `7d`, `2w`."""


def _read_order(value: object) -> str:
    many = isinstance(value, list | tuple)
    words = list(value) if isinstance(value, list | tuple) else [value]
    word = str(words[0]).strip().removeprefix("#").strip() if len(words) == 1 else ""
    if not word:
        raise ValueError("one-order:" if many else "no-value:")
    return word[:LONGEST_ORDER]


Order = Annotated[str, BeforeValidator(_read_order)]
"""An order's number or name, cut to the length that the index of failures stores."""


LAST_YEAR = 9999
"""The end of this year is out of Python's range in some time zones."""


def _read_when(value: object) -> object:
    if isinstance(value, timedelta | datetime):
        return value
    word = str(value).strip()
    if _AGE.match(word.lower()):
        return _read_age(word)
    if (day := read_day(word)) is not None:
        return day
    try:
        moment = datetime.fromisoformat(word)
    except ValueError as error:
        raise ValueError(f"when:{word[:20]}") from error
    if moment.tzinfo is not None or not 1970 <= moment.year < LAST_YEAR:
        raise ValueError(f"when:{word[:20]}")
    return moment


When = Annotated[timedelta | datetime | NamedDay, BeforeValidator(_read_when)]
"""An age (`2h`), a day by name, or a time of the queue's wall clock (`2025-11-07T17:45`)."""


def _read_since(value: object) -> object:
    day = read_day(value) if isinstance(value, str) else None
    try:
        return _read_age(value) if day is None else day
    except ValueError as error:
        raise ValueError(f"period:{str(value)[:20]}") from error


Since = Annotated[timedelta | NamedDay, BeforeValidator(_read_since)]
"""The beginning of a period: an age (`24h`), or a day by name in the person's time zone."""
