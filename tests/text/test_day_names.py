"""Day names are read in every language, with and without accents, in the person's time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.text.day_names import NamedDay, read_day, start_of

LIMA = ZoneInfo("America/Lima")
# Friday 22:00 in Lima, which is already Saturday in UTC.
NOW = datetime(2025, 11, 8, 3, 0)  # noqa: DTZ001 naive UTC


@pytest.mark.parametrize(
    ("word", "day"),
    [
        ("yesterday", NamedDay.YESTERDAY), ("Ayer", NamedDay.YESTERDAY),
        ("today", NamedDay.TODAY), ("hoy", NamedDay.TODAY),
        ("monday", NamedDay.MONDAY), ("LUNES", NamedDay.MONDAY), ("mon", NamedDay.MONDAY),
        ("miércoles", NamedDay.WEDNESDAY), ("miercoles", NamedDay.WEDNESDAY),
        ("sáb", NamedDay.SATURDAY), ("sunday", NamedDay.SUNDAY), ("domingo", NamedDay.SUNDAY),
    ],
)  # fmt: skip
def test_a_day_has_its_names_in_every_language(word: str, day: NamedDay) -> None:
    assert read_day(word) is day


@pytest.mark.parametrize("word", ["", "tomorrow", "2h", "m", "mond", "lunes pasado"])
def test_unknown_words_are_no_day(word: str) -> None:
    assert read_day(word) is None


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (NamedDay.TODAY, (2025, 11, 7, 5)),
        (NamedDay.YESTERDAY, (2025, 11, 6, 5)),
        (NamedDay.FRIDAY, (2025, 11, 7, 5)),
        (NamedDay.MONDAY, (2025, 11, 3, 5)),
        (NamedDay.SATURDAY, (2025, 11, 1, 5)),
    ],
)
def test_a_day_begins_at_midnight_of_the_zone(day: NamedDay, utc: tuple[int, ...]) -> None:
    year, month, date, hour = utc
    assert start_of(day, NOW, LIMA) == datetime(year, month, date, hour)  # noqa: DTZ001 as above


def test_a_day_of_25_hours_begins_at_its_midnight() -> None:
    madrid, sunday = ZoneInfo("Europe/Madrid"), datetime(2025, 10, 26, 20)  # noqa: DTZ001 as above
    assert start_of(NamedDay.TODAY, sunday, madrid) == datetime(2025, 10, 25, 22)  # noqa: DTZ001 naive UTC
