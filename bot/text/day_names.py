"""The names of days in every language of the bot: `yesterday`, `ayer`, `monday`, `lun`."""

import unicodedata
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.core import Locale

from bot.text.lookup import LANGUAGES


class NamedDay(StrEnum):
    """A day with a name. A weekday means its latest date, which may be today."""

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
# Babel has the names of weekdays, but not the names of these days.
_RELATIVE = {
    "today": NamedDay.TODAY,
    "hoy": NamedDay.TODAY,
    "yesterday": NamedDay.YESTERDAY,
    "ayer": NamedDay.YESTERDAY,
}


def read_day(word: str) -> NamedDay | None:
    """Return the day that a word names in any language, or None; accents are optional."""
    return _names().get(_bare(word))


def start_of(day: NamedDay, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the start of the day in the zone, as naive UTC. `now` is naive UTC."""
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
    """Return the word in lower case, without accents and without a final dot."""
    letters = unicodedata.normalize("NFKD", word.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).rstrip(".")
