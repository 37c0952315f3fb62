"""Types of the arguments that people type: ids, orders, ages and times.

Each type parses the typed words. Invalid words raise a `ValueError` that names the problem and the
word. The catalogs contain a sentence for each problem.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator

from bot.app.command import LARGEST_ID
from bot.models.jobs import LONGEST_ORDER
from bot.text.day_names import NamedDay, read_day

MAX_IDS = 20
"""The maximum number of ids in one transaction; more ids need a bulk change with a preview."""
MANY_IDS = 1_000
_RANGE = re.compile(r"^(\d{1,20})(?:-(\d{1,20}))?$")


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
"""One to twenty ids, sorted and without duplicates.

They are typed as words, lists (`45,46`) or ranges (`50-60`).
"""
ManyIds = Annotated[tuple[int, ...], BeforeValidator(lambda value: _read_ids(value, most=MANY_IDS))]
"""Up to 1,000 ids, typed like `Ids`."""


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
OperationId = Annotated[
    int,
    BeforeValidator(
        lambda value: _read_id(
            [re.sub(r"^[oO](?=\d)", "", str(word)) for word in value]
            if isinstance(value, list | tuple)
            else re.sub(r"^[oO](?=\d)", "", str(value))
        )
    ),
]
"""The number of an operation, with or without its letter: `12` or `O12`."""
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
"""The first year that is refused: in some time zones its end exceeds Python's range."""


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
"""An age (`2h`), a named day, or a time in the queue's zone (`2025-11-07T17:45`)."""


def _read_since(value: object) -> object:
    day = read_day(value) if isinstance(value, str) else None
    try:
        return _read_age(value) if day is None else day
    except ValueError as error:
        raise ValueError(f"period:{str(value)[:20]}") from error


Since = Annotated[timedelta | NamedDay, BeforeValidator(_read_since)]
"""The start of a period: an age (`24h`), or a named day in the person's time zone."""
