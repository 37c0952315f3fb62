"""The types of the settings' values; an error message about a value never shows the value."""

import re
import stat
from datetime import time
from pathlib import Path
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.database.dialects import DRIVERS, is_sqlite_url
from bot.models.roles import Role
from bot.models.subjects import ORDER, SHOP, JobSubject

LINK_VALUES = frozenset({"order_id", "tienda_id", "job_id", "queue"})
PLAIN_SENTENCES = {
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "string_type": "must be a text",
    "greater_than_equal": "must be at least 1",
    "less_than_equal": "is too large",
}
"""Sentences for pydantic's errors about plain types, written for people who change settings."""
_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _words(value: object) -> object:
    """Split a list that is separated by commas or spaces; return other types unchanged."""
    return tuple(re.findall(r"[^\s,]+", value)) if isinstance(value, str) else value


def _each(pattern: str, sentence: str) -> AfterValidator:
    """Return a validator that requires every item to match `pattern`."""

    def check(items: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(pattern, item) for item in items):
            raise ValueError(sentence)
        return tuple(dict.fromkeys(items))

    return AfterValidator(check)


def _matching(pattern: str, sentence: str) -> AfterValidator:
    """Return a validator that requires the text to match `pattern`."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(sentence)
        return value

    return AfterValidator(check)


def _starting(*starts: str) -> AfterValidator:
    """Return a validator of a token's prefix; the prefix distinguishes Slack's tokens."""

    def check(value: SecretStr) -> SecretStr:
        if value.get_secret_value().startswith("xoxe"):
            raise ValueError(
                "is a token that expires (xoxe…), and the bot cannot renew it: switch off token "
                "rotation for the app"
            )
        if not value.get_secret_value().startswith(starts):
            raise ValueError(f"must be the token that starts with {starts[0]}")
        if re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()) is None:
            raise ValueError("must be only the token, without spaces and further lines")
        return value

    return AfterValidator(check)


def _failed_table(value: str) -> str:
    """Return the name of a table, or of a table in another database of the same server."""
    if re.search(r"[:/@]", value):
        raise ValueError(
            "must name a table on the server of DATABASE_URL: a retry moves a row from one table "
            "to the other in one transaction, which cannot span two servers"
        )
    if not re.fullmatch(rf"({_NAME}\.)?{_NAME}", value):
        raise ValueError("must be the name of a table, or database.table: letters, digits and _")
    return value


def _database(value: SecretStr) -> SecretStr:
    """Return the address of the database if the bot supports this kind of database."""
    try:
        url = make_url(value.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError(
            "must be an address like mysql+pymysql://user:password@host/database "
            "or sqlite:////path/to/file (percent-encode special characters of the password)"
        ) from None
    if url.drivername not in DRIVERS:
        raise ValueError("must start with mysql+pymysql:// or sqlite:///")
    if is_sqlite_url(url) and url.database in {None, "", ":memory:"}:
        raise ValueError("must name a file: a database in memory is lost when the bot stops")
    if not url.database:
        raise ValueError("must name the database, after the host: mysql+pymysql://…@host/database")
    return value


def _api(value: str) -> str:
    """Return Slack's address with a final slash.

    The address must use https, so that no token leaves this machine unencrypted.
    """
    parts = urlsplit(value)
    # `https://slack.com@other.example` and `http://[::1].other.example` name another host.
    is_host = re.fullmatch(r"(?:\[[0-9A-Fa-f:]+\]|[^\[\]@]+?)(?::\d+)?", parts.netloc)
    if not is_host or not parts.hostname or parts.scheme not in {"http", "https"}:
        raise ValueError("must be an address like https://slack.com/api/")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("must start with https:// (http:// only for this machine, 127.0.0.1)")
    return value.rstrip("/") + "/"


def _link(value: str) -> str:
    """Return the link template if all its values are known and no value is part of the host."""
    try:
        parsed = list(Formatter().parse(value))
    except ValueError:
        raise ValueError("has a brace without its partner") from None
    names = {name for _, name, _, _ in parsed if name is not None}
    if any(conversion or form for _, _, form, conversion in parsed) or names - LINK_VALUES:
        allowed = ", ".join(f"{{{name}}}" for name in sorted(LINK_VALUES))
        raise ValueError(f"may contain only these values in braces: {allowed}")
    if not re.match(r"https?://[^/{}\s@]+/", value):
        raise ValueError("must start with http:// or https:// and a host name without braces")
    return value


def _signing_secret(value: SecretStr) -> SecretStr:
    if re.fullmatch(r"[!-~]{16,128}", value.get_secret_value()) is None:
        raise ValueError("must be the app's Signing Secret, from Basic Information")
    return value


def _audit_secret(value: SecretStr) -> SecretStr:
    if re.fullmatch(r"[0-9a-f]{64}", value.get_secret_value()) is None:
        raise ValueError("must be a key of 64 hex digits; queue-bot audit new-key prints one")
    return value


def _role(value: object) -> object:
    """Return the role that a word names."""
    words = {role.word: role for role in Role if role is not Role.NONE}
    if isinstance(value, str):
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return words[value]
    return value


def _zone(value: object) -> object:
    """Return the time zone that an IANA name names."""
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (LookupError, ValueError, OSError):
        raise ValueError("must be a time zone's IANA name, like America/Lima or UTC") from None


_PATH = re.compile(r"[^.]+(\.[^.]+)*")
_SUBJECT = re.compile(r"[a-z][a-z0-9_]{1,28}")
MOST_SUBJECTS = 8


def _subjects(value: object) -> object:
    """Return subjects from a text like `order; user=data.user_id`.

    An order or a shop without paths has the usual paths.
    """
    if not isinstance(value, str):
        return value
    subjects: dict[str, JobSubject] = {}
    for part in filter(None, map(str.strip, value.split(";"))):
        name, _, written = (word.strip() for word in part.partition("="))
        name = SHOP if name == "tienda" else name
        paths = tuple(re.findall(r"[^\s,]+", written))
        if not _SUBJECT.fullmatch(name):
            raise ValueError(
                "must name each subject with 2 to 29 small letters, digits and _, such as "
                "user=data.user_id"
            )
        if name in subjects:
            raise ValueError("names a subject twice")
        if not (paths or name in (ORDER, SHOP)) or not all(map(_PATH.fullmatch, paths)):
            raise ValueError(
                "must have the paths of each subject: payload keys joined by dots, such as "
                "user=data.user_id,user.id"
            )
        subjects[name] = JobSubject(name, paths)
    if not subjects.keys() - {SHOP}:
        raise ValueError("must name at least one subject besides shop, such as order")
    if len(subjects) > MOST_SUBJECTS:
        raise ValueError(f"must name at most {MOST_SUBJECTS} subjects")
    return tuple(subjects.values())


def _file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("must be the path of an existing file")
    return value


def is_exposed(path: str) -> bool:
    """Return whether every account on this machine can read or replace the file's content."""
    try:
        return bool(Path(path).stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
    except (OSError, ValueError):
        return False


def read_time(value: object) -> object:
    """Return the time of day from a text like `09:00`; None for `off`."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "off":
        return None
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value.strip())
    if match is None:
        raise ValueError("must be a time of day like 09:00, or off")
    return time(int(match[1]), int(match[2]))


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _weekdays(value: object) -> object:
    """Return weekday numbers (Monday is 0) from days and ranges, like `mon-fri`."""
    if not isinstance(value, str):
        return value
    days: set[int] = set()
    for part in re.findall(r"[^\s,]+", value.lower()):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError("must be days like mon-fri, or mon, wed, sat")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days |= {(begin + more) % 7 for more in range((end - begin) % 7 + 1)}
    return tuple(sorted(days))


_MEMBER = "must be Slack ids of users (U… or W…) and user groups (S…)"
Members = Annotated[tuple[str, ...], BeforeValidator(_words), _each(r"[UWS][A-Z0-9]{2,}", _MEMBER)]
Readers = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    _each(r"\*|[UWS][A-Z0-9]{2,}", f"{_MEMBER}, or * for every full member"),
]
Channels = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    _each(r"[CG][A-Z0-9]{2,}", "must be Slack channel ids (C… or G…), not names"),
]
Channel = Annotated[str, _matching(r"[CG][A-Z0-9]{2,}", "must be a Slack channel id (C… or G…)")]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Paths = Annotated[
    tuple[str, ...],
    BeforeValidator(_words),
    _each(r"[^.]+(\.[^.]+)*", "must be payload keys joined by dots, like data.order_id"),
]
Subjects = Annotated[tuple[JobSubject, ...], BeforeValidator(_subjects)]
Table = Annotated[
    str,
    _matching(_NAME, "must be the name of a table: letters, digits and _"),
]
FailedTable = Annotated[str, AfterValidator(_failed_table)]
SlashCommand = Annotated[
    str,
    _matching(
        r"/[a-z0-9_-]{1,31}",
        "must be a slash and up to 31 lowercase letters, digits, - or _, like /queue-staging",
    ),
]
EnvironmentName = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9][A-Za-z0-9-]{0,19}",
        "must be a name of up to 20 letters, digits and hyphens, like staging",
    ),
]
Link = Annotated[str, AfterValidator(_link)]
Positive = Annotated[int, Field(ge=1)]
Replicas = Annotated[int, Field(ge=1, le=1000)]
Drain = Annotated[int, Field(ge=0, le=120)]
Port = Annotated[int, Field(ge=0, le=65_535)]
"""A TCP port; with 0, the system chooses a free port and the log names it."""

BotToken = Annotated[SecretStr, _starting("xoxb-")]
AppToken = Annotated[SecretStr, _starting("xapp-")]
SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]
AuditSecret = Annotated[SecretStr, AfterValidator(_audit_secret)]
ApiUrl = Annotated[str, AfterValidator(_api)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
ExistingFile = Annotated[Path, AfterValidator(_file)]
TeamId = Annotated[str, _matching(r"[TE][A-Z0-9]{2,}", "must be a workspace's id (T…)")]
RoleWord = Annotated[Role, BeforeValidator(_role)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
TimeOfDay = Annotated[time | None, BeforeValidator(read_time)]
Weekdays = Annotated[tuple[int, ...], BeforeValidator(_weekdays)]
Mention = Annotated[
    str, _matching(r"S[A-Z0-9]{2,}", "must be a user group's id (S…), not its name")
]
