"""Look up a message and escape its values. The result is mrkdwn or plain text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from datetime import date as calendar_date
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError, get_global
from babel.dates import format_datetime, format_skeleton
from babel.numbers import format_decimal
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import FluentNone, FluentNumber, fluent_number
from fluent.syntax import ast

from bot.models.requests import SLASH_COMMAND, Moment, Person
from bot.text.escape import (
    TERMINAL,
    Mrkdwn,
    Plain,
    date,
    escape,
    mention,
    named,
    quoted,
    readable,
)

LOCALES = {"en": "en", "es": "es-419"}
"""The locale of a language if the bot does not know the person's own locale.

es-419 is the Spanish of Latin America.
"""

LANGUAGES = tuple(LOCALES)


LONGEST_VALUE = 300
_LOCALES_KEPT = 32
"""The number of locales in the cache. Slack has a locale per country, but people use only a few."""


@lru_cache(maxsize=len(LANGUAGES))
def _catalog(language: str) -> ast.Resource:
    """Return the catalog of one language, read once."""
    source = files("bot.text").joinpath(f"{language}.ftl").read_text(encoding="utf-8")
    return FluentResource(source)


@lru_cache(maxsize=_LOCALES_KEPT)
def bundle(language: str, locale: str) -> FluentBundle:
    """Return the messages of a language, with the numbers and plurals of a locale."""
    # Isolating marks are not needed, because values have no direction marks when they get here.
    messages = FluentBundle([locale], use_isolating=False)
    messages.add_resource(_catalog(language))
    return messages


@lru_cache(maxsize=_LOCALES_KEPT)
def known_locale(locale: str, language: str) -> str:
    """Return the person's locale if Babel knows its number format, or the language's default.

    A locale without a known country gets the default: a language alone, or Slack's `es-LA`.
    """
    try:
        parsed = Locale.parse(locale, sep="-")
    except (UnknownLocaleError, ValueError):
        return LOCALES[language]
    named = parsed.language == language and parsed.territory is not None
    return str(parsed).replace("_", "-") if named else LOCALES[language]


def groups_four_digits(locale: str) -> bool:
    """Return whether the locale writes 1092 with a separator.

    Spain writes 1092 and 10.920, but Peru writes 1,092 and 10,920. Babel does not apply the
    `minimumGroupingDigits` of the locales.
    """
    name = locale.replace("-", "_")
    latin = name == "es_419" or get_global("parent_exceptions").get(name) == "es_419"
    return not name.startswith("es") or latin


def warm_up() -> None:
    """Load the catalogs and the data of the locales before the first message needs them."""
    for language in LANGUAGES:
        texts = Texts(language, ZoneInfo("UTC"))
        texts.number(1)
        texts.moment(datetime(2000, 1, 1))  # noqa: DTZ001 any naive UTC time is enough


class MissingText(KeyError):
    """A key or a value is missing from a catalog. The catalog tests detect this bug."""


class Texts:
    """The messages of one language. `texts(key, …)` is mrkdwn; `texts.plain(key, …)` is unescaped.

    The values may be of these types: counts (formatted for the language; ids are passed as text),
    booleans (1 or 0), text (in code or quotes, except a single word), `Mrkdwn` and `Plain` (the
    bot's own text), `Person` (a mention) and `Moment` (a date in each reader's zone).
    """

    def __init__(
        self,
        language: str,
        zone: ZoneInfo,
        locale: str | None = None,
        slash: str = SLASH_COMMAND,
    ) -> None:
        self.language = language
        self.zone = zone
        self._slash = slash
        own = known_locale(locale or language, language)
        self._bundle = bundle(language, own)
        self._locale = own.replace("-", "_")
        self._groups_four_digits = groups_four_digits(own)

    def __call__(self, key: str, **values: object) -> Mrkdwn:
        """Return the message as mrkdwn with every value escaped."""
        return Mrkdwn(self._format(key, {name: self._mrkdwn(v) for name, v in values.items()}))

    def plain(self, key: str, **values: object) -> Plain:
        """Return the message as plain text, for buttons, titles and terminals."""
        return Plain(self._format(key, {name: self._plain(v) for name, v in values.items()}))

    def typed(self, words: str) -> str:
        """Return the text that a person types to run these words: `/queue help`."""
        return f"{self._slash} {words}"

    def number(self, value: float) -> Plain:
        """Return a number with the language's separators."""
        return Plain(
            format_decimal(value, locale=self._locale, group_separator=self._groups(value))
        )

    def moment(self, at: datetime) -> Plain:
        """Return a time (naive UTC) as text in the configured time zone."""
        local = at.replace(tzinfo=UTC).astimezone(self.zone)
        return Plain(format_datetime(local, "yyyy-MM-dd HH:mm:ss", locale=self._locale))

    def clock(self, at: datetime) -> Mrkdwn:
        """Return a moment (naive UTC) with the time before the date, for use inside a sentence."""
        stamp = int(at.replace(tzinfo=UTC).timestamp())
        return date(stamp, self.moment(at), "{time_secs} ({date_short_pretty})")

    def brief(self, at: datetime) -> Mrkdwn:
        """Return a moment (naive UTC) without its year and seconds, for long lists."""
        stamp = int(at.replace(tzinfo=UTC).timestamp())
        return date(stamp, self.brief_plain(at), "{date_num} {time}")

    def brief_plain(self, at: datetime) -> Plain:
        """Return a moment as `brief` does, as plain text in the configured time zone."""
        local = at.replace(tzinfo=UTC).astimezone(self.zone)
        return Plain(format_datetime(local, "d MMM HH:mm", locale=self._locale))

    def day(self, day: calendar_date) -> Plain:
        """Return a calendar day with its short weekday: `Fri, Nov 7`."""
        return Plain(format_skeleton("MMMEd", day, locale=self._locale))

    def change(self, count: int, before: int) -> Plain:
        """Return the change of a count relative to `before`, which is not 0: `+8 %`."""
        share = round(100 * (count - before) / before)
        sign = "+" if share > 0 else "−" if share < 0 else "±"
        return Plain(f"{sign}{self.number(abs(share))} %")

    def local(self, at: datetime, pattern: str, zone: ZoneInfo) -> Plain:
        """Return a moment (naive UTC) as plain text in a zone, in the pattern's form."""
        local_time = at.replace(tzinfo=UTC).astimezone(zone)
        return Plain(format_datetime(local_time, pattern, tzinfo=zone, locale=self._locale))

    def has(self, key: str) -> bool:
        """Whether the catalog has this key."""
        return bool(self._bundle.has_message(key))

    def _format(self, key: str, values: Mapping[str, object]) -> str:
        if not self._bundle.has_message(key):
            raise MissingText(key)
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise MissingText(key)
        formatted, errors = self._bundle.format_pattern(pattern, {"slash": self._slash, **values})
        if errors:
            raise MissingText(f"{key}: {errors[0]}")
        return str(formatted)

    def _groups(self, value: float) -> bool:
        return self._groups_four_digits or abs(value) >= 10_000

    def _number(self, value: float | FluentNone) -> object:
        """Return the number in the bundle's format; a message can still select a plural by it."""
        if isinstance(value, FluentNumber | FluentNone) or self._groups(value):
            return value
        return fluent_number(value, useGrouping=False)

    def _mrkdwn(self, value: object) -> object:
        match value:
            case bool():
                return int(value)
            case int() | float() | FluentNone():
                return self._number(value)
            case Person():
                return str(mention(value.user))
            case Moment():
                stamp = int(value.at.replace(tzinfo=UTC).timestamp())
                return str(date(stamp, self.moment(value.at)))
            case Mrkdwn() | Plain():
                return str(value if isinstance(value, Mrkdwn) else escape(value))
        return str(named(value, LONGEST_VALUE))

    def _plain(self, value: object) -> object:
        match value:
            case bool():
                return int(value)
            case int() | float() | FluentNone():
                return self._number(value)
            case Person():
                name = f"@{value.user}" if value.in_slack else quoted(value.user)
                return f"{name}{TERMINAL}" if value.in_terminal else name
            case Moment():
                return self.moment(value.at)
            case Mrkdwn():
                return str(readable(value))
        return quoted(value, LONGEST_VALUE)


def texts_for(
    locale: str | None, default: str, zone: ZoneInfo, slash: str = SLASH_COMMAND
) -> Texts:
    """Return the messages and number format of a person's Slack locale, or of the default."""
    own = (locale or "").replace("_", "-")
    language = own.split("-")[0].lower()
    if language not in LANGUAGES:
        return Texts(default, zone, slash=slash)
    return Texts(language, zone, own, slash)
