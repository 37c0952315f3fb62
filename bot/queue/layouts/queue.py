"""The queue that the bot works on: its two tables, its time zone, the paths in its payloads."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table

from bot.fingerprint.error_group import error_group, short_error
from bot.fingerprint.payload import (
    DEFAULT_ORDER_PATHS,
    DEFAULT_TIENDA_PATHS,
    JobIdentity,
    identify,
)
from bot.models.job_batches import JobBatch
from bot.models.subjects import ORDER, SHOP, JobSubject
from bot.queue.layouts import job_batches
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.moments import decode_failed_at, encode_failed_at
from bot.queue.layouts.spec import SPEC
from bot.queue.layouts.tables import FailedJobsTable, JobsTable

_TRACE = re.compile(r"\n(?:Stack trace:|\[stacktrace\]|#0 )")
LONGEST_QUEUE = 255
"""The maximum length of a queue's name in the bot's own tables, in characters."""


@dataclass(frozen=True)
class Queue:
    """The two tables, the time zone of `failed_at`, and the paths of the subjects in payloads.

    `subjects` are the subjects in addition to the order and the shop. `batches` is the framework's
    table of batches, if the bot can read it.

    `mask` masks the secrets in a text. Exceptions, job classes, ids and names of queues are masked
    before they are stored or shown. They are also masked before they are cut, because no rule
    recognizes half a secret.
    """

    jobs: Table
    failed: Table
    zone: ZoneInfo = ZoneInfo("UTC")
    order_paths: Sequence[str] = DEFAULT_ORDER_PATHS
    tienda_paths: Sequence[str] = DEFAULT_TIENDA_PATHS
    subjects: tuple[JobSubject, ...] = ()
    mask: Callable[[str], str] = str
    layout: Layout = SPEC
    batches: Table | None = None

    @property
    def jobs_layout(self) -> JobsTable:
        """The columns and the states of `jobs`."""
        return self.layout.jobs(self.jobs)

    @property
    def failed_layout(self) -> FailedJobsTable:
        """The columns of `failed_jobs`."""
        return self.layout.failed(self.failed)

    def short(self, exception: str) -> str:
        """The spec's `exception_short` without secrets."""
        return short_error(self.mask(exception[: message_end(exception)]))

    def error_group(self, exception: str) -> str:
        """The failure's error group without secrets, which are masked before the group is cut."""
        end = message_end(exception)
        return error_group(self.mask(exception[:end]) + exception[end:])

    def identify(self, payload: str) -> JobIdentity:
        """The job's class and subjects without secrets; an id with a secret is left out."""
        identity = identify(
            payload,
            order_paths=self.order_paths,
            tienda_paths=self.tienda_paths,
            subjects=self.subjects,
        )
        return JobIdentity(
            None if identity.job_class is None else self.mask(identity.job_class),
            self._public_id(identity.order_id),
            self._public_id(identity.tienda_id),
            {
                name: value
                for name, value in identity.subjects.items()
                if self._public_id(value) is not None
            },
        )

    @property
    def subject_names(self) -> tuple[str, ...]:
        """The names of the subjects; people may type a value of the first without its name.

        Values that many jobs share, such as a shop, are last.
        """
        own = [subject.name for subject in self.subjects if not subject.is_shared]
        shared = [subject.name for subject in self.subjects if subject.is_shared]
        order, shop = [ORDER] * bool(self.order_paths), [SHOP] * bool(self.tienda_paths)
        return (*order, *own, *shop, *shared)

    @property
    def subjects_version(self) -> int:
        """The number of these subjects and their paths; 0 for the default."""
        current = (tuple(self.order_paths), tuple(self.tienda_paths), frozenset(self.subjects))
        if current == (DEFAULT_ORDER_PATHS, DEFAULT_TIENDA_PATHS, frozenset()):
            return 0
        text = repr((*current[:2], sorted((s.name, s.paths) for s in self.subjects)))
        return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16) or 1

    def facts(self, payload: str) -> dict[str, str]:
        """Return the layout's data about a job from its payload, without secrets."""
        return {key: self.mask(value) for key, value in self.layout.facts(payload).items()}

    def batches_of(self, connection: Connection, ids: Iterable[object]) -> dict[str, JobBatch]:
        """Return the framework's batches with these ids; None is no id."""
        texts = sorted({str(id_) for id_ in ids if id_ is not None})
        return job_batches.read(connection, self.batches, texts, self.mask)

    def _public_id(self, value: int | str | None) -> int | str | None:
        text = str(value)
        return value if value is None or self.mask(text) == text else None

    def human(self, seconds: int) -> str:
        """Format unix seconds as `YYYY-MM-DD HH:MM:SS` in the queue's time zone."""
        return datetime.fromtimestamp(seconds, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def wall_clock(self, utc: datetime) -> datetime:
        """Convert a naive UTC moment to a `failed_at` in the queue's time zone."""
        return encode_failed_at(utc, self.zone)

    def utc(self, failed_at: datetime) -> datetime:
        """Convert a `failed_at` in the queue's time zone to naive UTC."""
        return decode_failed_at(failed_at, self.zone)


def message_end(exception: str) -> int:
    """Return the position of the stack trace, which error groups and short errors do not show."""
    trace = _TRACE.search(exception)
    return len(exception) if trace is None else trace.start()
