"""Days by name, in every language of the bot: `yesterday`, `ayer`, `monday`, `lun`."""

import unicodedata
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import Locale

from bot.text.lookup import LANGUAGES


class NamedDay(StrEnum):
    """A day that people name; a weekday is the latest one, which may be today."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    TODAY = "today"
    YESTERDAY = "yesterday"


_WEEKDAYS = tuple(NamedDay)[:7]
# Babel has the names of weekdays, but not of these.
_RELATIVE = {
    "today": NamedDay.TODAY,
    "hoy": NamedDay.TODAY,
    "yesterday": NamedDay.YESTERDAY,
    "ayer": NamedDay.YESTERDAY,
}


def read_day(word: str) -> NamedDay | None:
    """Return the day that a word names in any language, also without accents; else None."""
    return _names().get(_bare(word))


def start_of(day: NamedDay, now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day began in the zone, as naive UTC; `now` is naive UTC."""
    today = now.replace(tzinfo=UTC).astimezone(zone).date()
    if day is NamedDay.TODAY:
        back = 0
    elif day is NamedDay.YESTERDAY:
        back = 1
    else:
        back = (today.weekday() - _WEEKDAYS.index(day)) % 7
    midnight = datetime.combine(today - timedelta(days=back), datetime.min.time(), zone)
    return midnight.astimezone(UTC).replace(tzinfo=None)


@lru_cache(maxsize=1)
def _names() -> dict[str, NamedDay]:
    names = dict(_RELATIVE)
    for language in LANGUAGES:
        forms = Locale.parse(language).days["format"]
        for form in (forms["wide"], forms["abbreviated"]):
            names |= {_bare(str(form[number])): day for number, day in enumerate(_WEEKDAYS)}
    return names


def _bare(word: str) -> str:
    """Return the word in small letters, without accents and a final dot."""
    letters = unicodedata.normalize("NFKD", word.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).rstrip(".")
