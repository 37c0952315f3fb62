"""The text of names and numbers in every message: jobs, orders, queues, durations and sizes."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from bot.models.error_groups import Note
from bot.models.job_batches import JobBatch
from bot.models.requests import Moment
from bot.text import Mrkdwn, Plain, Texts, escape, join, link, named
from bot.views.context import Context
from bot.wall_clock import to_utc

LONGEST_NAME = 80
LONGEST_ID = 60
_ADDRESS = re.compile(r"(https?://[!#-;=?-_a-{}~]+)")
"""A web address of ASCII letters and signs, which Slack shows exactly as it is written."""
_PLACE = re.compile(r"\{(\w+)\}")
_SIZES = ("B", "kB", "MB", "GB", "TB")


def job_class(name: str | None, ctx: Context) -> Mrkdwn:
    """Return the job's class without its namespace."""
    return named(short_class(name), LONGEST_NAME) or ctx.texts("job-unknown")


def short_class(name: str | None) -> str:
    """Return the unescaped name of a job's class without its namespace. It may be empty."""
    return (name or "").replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def queue_name(name: str) -> Mrkdwn:
    """Return a queue's name, or a dash if the name is empty."""
    return named(name, LONGEST_NAME) or escape("–")


def job_batch(batch: JobBatch, ctx: Context) -> Mrkdwn:
    """Return the progress of a framework's batch."""
    state = "cancelled" if batch.cancelled else "finished" if batch.finished else "open"
    return ctx.texts(
        "job-batch",
        name=named(batch.name or batch.id, LONGEST_NAME),
        done=batch.total - batch.pending,
        total=batch.total,
        failed=batch.failed,
        state=state,
    )


def row_id(id_: int, ctx: Context, values: Mapping[str, object]) -> Mrkdwn:
    """Return a row's id, with a link if the settings have a template."""
    url = filled(ctx.links.job, {**values, "job_id": id_})
    return link(url, id_) if url else escape(id_)


def filled(template: str | None, values: Mapping[str, object]) -> str | None:
    """Return the template with percent-encoded values, or None if a value is missing."""
    if template is None or any(values.get(name) is None for name in _PLACE.findall(template)):
        return None

    def encoded(place: re.Match[str]) -> str:
        return quote(str(values[place[1]])[:200].encode("utf-8", "replace"), safe="")

    return _PLACE.sub(encoded, template)


def age(seconds: int, texts: Texts) -> Plain:
    """Return a duration in its two largest units: `45 s`, `2 min 5 s`, `3 h 10 min`, `4 d 2 h`."""
    total = max(0, seconds)
    if total < 60:
        return Plain(f"{total} s")
    if total < 3_600:
        return _two(total // 60, "min", total % 60, "s", texts)
    if total < 86_400:
        return _two(total // 3_600, "h", total % 3_600 // 60, "min", texts)
    return _two(total // 86_400, "d", total % 86_400 // 3_600, "h", texts)


def reservation_age(seconds: int, ctx: Context) -> Plain:
    """Return how long a worker has had a job: `5 min`, or `at least 5 min` if that is unknown."""
    known_age = age(seconds, ctx.texts)
    if ctx.has_reservation_times:
        return known_age
    return Plain(ctx.texts.plain("age-at-least", age=known_age))


def offset_values(minutes: int, texts: Texts) -> dict[str, str]:
    """Return the values of a message about times that are `minutes` too early or too late."""
    return {
        "offset": age(60 * abs(minutes), texts),
        "direction": "earlier" if minutes > 0 else "later",
    }


def age_since(since: datetime | None, ctx: Context) -> Plain:
    """Return the duration since a time as text, or `0 s` if the time is unknown."""
    seconds = 0 if since is None else (ctx.now - since) // timedelta(seconds=1)
    return age(seconds, ctx.texts)


def _two(large: int, unit: str, small: int, smaller: str, texts: Texts) -> Plain:
    first = f"{texts.number(large)} {unit}"
    return Plain(f"{first} {small} {smaller}" if small else first)


def size(bytes_: int, texts: Texts) -> Plain:
    """Return a number of bytes in a short unit: `1.2 MB` (1 kB = 1,000 B)."""
    value, unit = float(bytes_), 0
    while value >= 999.5 and unit < len(_SIZES) - 1:
        value, unit = value / 1_000, unit + 1
    rounded = round(value, 1) if 0 < value < 10 and unit else round(value)
    return Plain(f"{texts.number(rounded)} {_SIZES[unit]}")


def from_wall_clock(at: datetime, ctx: Context) -> Moment:
    """Return the time on the queue's wall clock as a `Moment`."""
    return Moment(to_utc(at, ctx.zone))


def read_wall_clock(text: str, ctx: Context) -> Moment | Mrkdwn:
    """Return a text in the spec's form, such as `2025-11-07 17:45:59`, as a `Moment`.

    Text in another form stays text.
    """
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 zone: the setting's
        return from_wall_clock(at, ctx)
    except (ValueError, OverflowError):
        return named(text, 40)


def known(number: int | None) -> int | str:
    """Return the number, or a question mark if the table's column is empty."""
    return "?" if number is None else number


def seconds_since(moment: Moment | Mrkdwn, now: datetime) -> int:
    """Return the seconds since a time, or 0 if the time is unknown or in the future."""
    if isinstance(moment, Mrkdwn):
        return 0
    return max(0, (now - moment.at) // timedelta(seconds=1))


def dots(*parts: Mrkdwn) -> Mrkdwn:
    """Return the non-empty parts, separated by dots."""
    return join(" · ", parts)


def note_text(text: str) -> Mrkdwn:
    """Return a person's note; its web addresses are links, because `verbatim` text has none."""
    parts = _ADDRESS.split(text)
    return join(
        " ",
        [
            link(part, Plain(part)) if _ADDRESS.fullmatch(part) else named(part, 300)
            for part in parts
        ],
    )


def note_lines(note: Note | None, ctx: Context) -> list[Mrkdwn]:
    """Return the line of an error group's note, or nothing."""
    return [] if note is None else [ctx.texts("note-line", note=note_text(note.text))]
