"""Look up a message and escape its values; the result is mrkdwn or plain text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from datetime import date as calendar_date
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_skeleton
from babel.numbers import format_decimal
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import FluentNone, FluentNumber

from bot.models.requests import Moment, Person
from bot.text.escape import Mrkdwn, clean, date, escape, mention, readable

LOCALES = {"en": "en", "es": "es-419"}
"""The locale of a language's numbers and plurals; es-419 is Latin American Spanish."""

LANGUAGES = tuple(LOCALES)


@lru_cache(maxsize=len(LANGUAGES))
def bundle(language: str) -> FluentBundle:
    """Return the catalog of one language; it is read once."""
    source = files("bot.text").joinpath(f"{language}.ftl").read_text(encoding="utf-8")
    # Isolating marks are not needed, because values contain no direction marks.
    catalog = FluentBundle([LOCALES[language]], use_isolating=False)
    catalog.add_resource(FluentResource(source))
    return catalog


def warm_up() -> None:
    """Read the catalogs and the locales' data before the first message needs them."""
    for language in LANGUAGES:
        texts = Texts(language, ZoneInfo("UTC"))
        texts.number(1)
        texts.moment(datetime(2000, 1, 1))  # noqa: DTZ001 naive UTC, any will do


class MissingText(KeyError):
    """A key or a value is missing from a catalog: a bug, which the catalog tests detect."""


class Texts:
    """The messages of one language: `texts(key, …)` is mrkdwn, `texts.plain(key, …)` unescaped.

    Values: counts (formatted for the language; ids go in as text), truth as 1 or 0, text (escaped),
    `Mrkdwn` (kept), `Person` (a mention) and `Moment` (a date each reader sees in their zone).
    """

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language = language
        self.zone = zone
        self._bundle = bundle(language)
        self._locale = LOCALES[language].replace("-", "_")

    def __call__(self, key: str, **values: object) -> Mrkdwn:
        """Return the message as mrkdwn with every value escaped."""
        return Mrkdwn(self._format(key, {name: self._mrkdwn(v) for name, v in values.items()}))

    def plain(self, key: str, **values: object) -> str:
        """Return the message as plain text, for buttons, titles and terminals."""
        return self._format(key, {name: self._plain(v) for name, v in values.items()})

    def number(self, value: float) -> str:
        """Return a number with the language's separators."""
        return str(format_decimal(value, locale=self._locale))

    def moment(self, at: datetime) -> str:
        """Return a moment (naive UTC) as text in the configured time zone."""
        local = at.replace(tzinfo=UTC).astimezone(self.zone)
        return format_datetime(local, "yyyy-MM-dd HH:mm:ss", locale=self._locale)

    def clock(self, at: datetime) -> Mrkdwn:
        """Return a moment (naive UTC) with its time first, for the middle of a sentence."""
        stamp = int(at.replace(tzinfo=UTC).timestamp())
        return date(stamp, self.moment(at), "{time_secs} ({date_short_pretty})")

    def brief(self, at: datetime) -> Mrkdwn:
        """Return a moment (naive UTC) without its year and seconds, for long lists."""
        stamp = int(at.replace(tzinfo=UTC).timestamp())
        return date(stamp, self.brief_plain(at), "{date_num} {time}")

    def brief_plain(self, at: datetime) -> str:
        """Return a moment as `brief` does, as plain text in the configured time zone."""
        local = at.replace(tzinfo=UTC).astimezone(self.zone)
        return str(format_datetime(local, "d MMM HH:mm", locale=self._locale))

    def day(self, day: calendar_date) -> str:
        """Return a calendar day with its short weekday: `Fri, Nov 7`."""
        return str(format_skeleton("MMMEd", day, locale=self._locale))

    def change(self, count: int, before: int) -> str:
        """Return the change of a count relative to `before`, which is not 0: `+8 %`."""
        share = round(100 * (count - before) / before)
        sign = "+" if share > 0 else "−" if share < 0 else "±"
        return f"{sign}{self.number(abs(share))} %"

    def local(self, at: datetime, pattern: str, zone: ZoneInfo) -> str:
        """Return a moment (naive UTC) as plain text in a zone, in the pattern's form."""
        local_time = at.replace(tzinfo=UTC).astimezone(zone)
        return str(format_datetime(local_time, pattern, tzinfo=zone, locale=self._locale))

    def has(self, key: str) -> bool:
        """Whether the catalog has this key."""
        return bool(self._bundle.has_message(key))

    def _format(self, key: str, values: Mapping[str, object]) -> str:
        if not self._bundle.has_message(key):
            raise MissingText(key)
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise MissingText(key)
        formatted, errors = self._bundle.format_pattern(pattern, dict(values))
        if errors:
            raise MissingText(f"{key}: {errors[0]}")
        return str(formatted)

    def _mrkdwn(self, value: object) -> object:
        match value:
            case bool():
                return int(value)
            case int() | float() | FluentNumber() | FluentNone():
                return value
            case Person():
                return str(mention(value.user))
            case Moment():
                stamp = int(value.at.replace(tzinfo=UTC).timestamp())
                return str(date(stamp, self.moment(value.at)))
            case Mrkdwn():
                return str(value)
        return str(escape(value))

    def _plain(self, value: object) -> object:
        match value:
            case bool():
                return int(value)
            case int() | float() | FluentNumber() | FluentNone():
                return value
            case Person():
                return f"@{value.user}" if value.in_slack else clean(value.user)
            case Moment():
                return self.moment(value.at)
            case Mrkdwn():
                return readable(value)
        return clean(value)


def texts_for(locale: str | None, default: str, zone: ZoneInfo) -> Texts:
    """Return the messages for a person's Slack locale (`es-LA`), else for the default language."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return Texts(language if language in LANGUAGES else default, zone)
