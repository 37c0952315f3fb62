"""The types of the settings about times: time zone, time of day and weekdays."""

import re
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator


def _zone(value: object) -> object:
    """Return the time zone that an IANA name names."""
    try:
        return ZoneInfo(value) if isinstance(value, str) else value
    except (LookupError, ValueError, OSError):
        raise ValueError("must be a time zone's IANA name, like America/Lima or UTC") from None


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


Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
TimeOfDay = Annotated[time | None, BeforeValidator(read_time)]
Weekdays = Annotated[tuple[int, ...], BeforeValidator(_weekdays)]
