"""What a person typed after `/queue`, read into a command's name and its raw arguments.

`<command> [ids…] [key=value…]`. Values may be quoted; typographic quotes and dashes, which phones
and Slack's editor make, count as the plain ones. Users, channels and groups arrive as `<@U…>`,
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

from bot.app.command import Arguments, Command
from bot.models.refusals import Invalid, UnknownCommand

MAX_TEXT = 2_000
BEGINNING = 3
"""With so many letters a word that begins a command's name is taken for it."""
LONGEST_ORDER = 64
MAX_IDS = 20
"""What goes in one transaction; more is bulk, with its preview."""
MANY_IDS = 1_000

_PLAIN = str.maketrans("“”„«»‘’‚–—‑−", '"""""\'\'\'----')
_MENTION = re.compile(r"^<(?:@|#|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>$")
_RANGE = re.compile(r"^(\d{1,20})(?:-(\d{1,20}))?$")
_HALF = re.compile("[\ud800-\udfff]")

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Request:
    """Which command, with which raw arguments; `typed` when a person wrote it as words."""

    command: str
    values: Mapping[str, Any]
    typed: bool = False


def parse(text: str, commands: Mapping[str, Command]) -> Request:
    """Read typed words; raises `UnknownCommand` or `Invalid`. No words at all are `status`."""
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
    """The name of the command that each word stands for: the name itself, or an alias."""
    return {word: command.name for command in commands.values() for word in command.words}


def nearest_name(word: str, names: Mapping[str, str]) -> str | None:
    """Return the name of the command that a mistyped word is nearest to; None if there is none."""
    return names.get(_nearest(word, names) or "")


def _nearest(word: str, commands: Collection[str]) -> str | None:
    """The shortest name that begins so, else the one that is most alike; None: none is."""
    begun = [name for name in commands if len(word) >= BEGINNING and name.startswith(word)]
    alike = get_close_matches(word, commands, n=1, cutoff=0.5)
    return min(begun, key=len) if begun else next(iter(alike), None)


def whole(value: V) -> V:
    """The value with U+FFFD for each half of a surrogate pair, which no database can keep."""
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
    plain = text.translate(_PLAIN)
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
    positional = next((n for n in fields if marks(command.arguments, n).get("positional")), None)
    if bare and positional is None:
        raise invalid(command, "extra-word", bare[0], bare[0])
    if bare and positional is not None:
        values[positional] = bare
    return values


def _typed_names(arguments: type[Arguments]) -> dict[str, str]:
    """The argument that each word before `=` stands for: its name, or its alias."""
    names: dict[str, str] = {}
    for name in arguments.model_fields:
        field = marks(arguments, name)
        if not field.get("internal"):
            names |= {str(word): name for word in (name, field.get("alias", name))}
    return names


def marks(arguments: type[Arguments], name: str) -> Mapping[str, Any]:
    """What the schema says of a field besides its type, such as `positional`, `form`, `alias`."""
    extra = arguments.model_fields[name].json_schema_extra
    return extra if isinstance(extra, Mapping) else {}


def invalid(
    command: Command, problem: str, field: str, value: object, expected: str = ""
) -> Invalid:
    """The refusal of one argument; `problem` names its sentence in the catalogs."""
    return Invalid(
        problem=problem,
        field=field[:64],
        value=str(value)[:64],
        expected=expected,
        usage=command.usage(),
    )


def mentioned(word: str) -> str:
    """The id of a mention, else the word itself."""
    found = _MENTION.match(word)
    if found:
        return found[1]
    # Slack escapes these three in what people type.
    return word.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _read_ids(value: object, most: int = MAX_IDS) -> tuple[int, ...]:
    words = value if isinstance(value, list | tuple) else [value]
    ids: dict[int, None] = {}
    many = "" if most == MAX_IDS else "-many"
    for word in words:
        for part in str(word).strip("#").split(","):
            if not part:
                continue
            found = _RANGE.match(part)
            if found is None:
                raise ValueError(f"id:{part[:20]}")
            first, last = int(found[1]), int(found[2] or found[1])
            if last < first or last - first >= most:
                raise ValueError(f"range{many}:{part[:40]}")
            ids.update(dict.fromkeys(range(first, last + 1)))
    if not ids or len(ids) > most:
        raise ValueError(f"count{many}:{len(ids)}")
    return tuple(sorted(ids))


Ids = Annotated[tuple[int, ...], BeforeValidator(_read_ids)]
"""One to twenty ids, as words, lists `45,46` and ranges `50-60`; sorted, without doubles."""

ManyIds = Annotated[tuple[int, ...], BeforeValidator(lambda value: _read_ids(value, most=MANY_IDS))]
"""The same, up to a thousand."""


def _read_id(value: object) -> int:
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise ValueError("one:")
        value = value[0]
    word = str(value).strip("#")
    if not word.isascii() or not word.isdigit() or len(word) > 20:
        raise ValueError(f"id:{word[:20]}")
    return int(word)


OneId = Annotated[int, BeforeValidator(_read_id)]
"""One id, as a word."""

_GROUP = re.compile(r"[eE]?(\d{1,18})")


def _read_group(value: object) -> int:
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise ValueError("one:")
        value = value[0]
    found = _GROUP.fullmatch(str(value).strip(), 0) if str(value).isascii() else None
    if found is None:
        raise ValueError(f"group:{str(value)[:20]}")
    return int(found[1])


GroupId = Annotated[int, BeforeValidator(_read_group)]
"""One error group, as `E12` or `12`."""

_INCIDENT = re.compile(r"[iI]?(\d{1,18})")


def _read_incident(value: object) -> int:
    if isinstance(value, list | tuple):
        if len(value) != 1:
            raise ValueError("one-incident:")
        value = value[0]
    found = _INCIDENT.fullmatch(str(value).strip(), 0) if str(value).isascii() else None
    if found is None:
        raise ValueError(f"incident:{str(value)[:20]}")
    return int(found[1])


IncidentId = Annotated[int, BeforeValidator(_read_incident)]
"""One incident, as `I12` or `12`."""

_AGE = re.compile(r"^(\d{1,5})([smhdw])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _read_age(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _AGE.match(str(value).strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"age:{str(value)[:20]}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


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
"""An order's number or name, cut as the index of failures cuts it."""


LAST_YEAR = 9999
"""Its end is beyond what Python's clocks can tell in some time zones."""


def _read_when(value: object) -> object:
    if isinstance(value, timedelta | datetime):
        return value
    word = str(value).strip()
    if _AGE.match(word.lower()):
        return _read_age(word)
    try:
        found = datetime.fromisoformat(word)
    except ValueError as error:
        raise ValueError(f"when:{word[:20]}") from error
    if found.tzinfo is not None or not 1970 <= found.year < LAST_YEAR:
        raise ValueError(f"when:{word[:20]}")
    return found


When = Annotated[timedelta | datetime, BeforeValidator(_read_when)]
"""So long ago (`2h`), or a day or moment of the queue's wall clock (`2025-11-07T17:45`)."""
