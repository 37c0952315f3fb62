"""The index entry of a failed job; a row with unreadable values gets an entry too."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping, insert
from sqlalchemy.exc import DataError, IntegrityError

from bot.database.transactions import savepoint
from bot.fingerprint.payload import JobIdentity
from bot.models.subjects import LONGEST_VALUE
from bot.queue.layouts import LONGEST_QUEUE, Queue
from bot.queue.layouts.rows import as_text
from bot.store.deltas import metric_deltas
from bot.store.failures import error_groups, failure_counts, subjects
from bot.store.tables import failures

log = structlog.get_logger(__name__)

UNREADABLE = "unreadable"
"""The error and the error group of a failure that the index could not store unchanged."""

_ODD = (DataError, IntegrityError, UnicodeError)
"""The errors for a row that the database cannot store. Any other error ends the pass."""

READ_SECONDS = 0.25
"""A pass stops parsing after this time. A text of 2,048 characters without a space takes 15 ms, so
a thousand such texts exceed a pass."""

SUBJECTS = "subjects"
"""The key of an entry's further subjects, which another table stores."""

_NO_TIME = datetime(1970, 1, 1)  # noqa: DTZ001 wall clock


def add(
    connection: Connection,
    queue: Queue,
    rows: Sequence[RowMapping],
    now: datetime,
    incident: int | None,
) -> None:
    """Add failures to the index and to the counts; an unreadable row gets a reduced entry."""
    try:
        with savepoint(connection):
            added = _put(connection, [_entry(queue, row, now, incident) for row in rows])
    except _ODD:
        added = [
            entry
            for row in rows
            if (entry := _add_one(connection, queue, row, now, incident)) is not None
        ]
    failure_counts.append_added(connection, added, now)
    if incident is None:
        # Jobs that failed before the first start are not new failures.
        metric_deltas.append_failed(connection, Counter(entry["queue"] for entry in added))


def _put(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Insert entries; replace the name of each error group by its id; return the stored entries."""
    names = {entry["error_group"] for entry in entries}
    ids = error_groups.find_or_make(connection, names)
    added = [{**entry, "error_group": ids[entry["error_group"]]} for entry in entries]
    more = {entry["failed_id"]: entry.pop(SUBJECTS, {}) for entry in added}
    connection.execute(insert(failures), added)
    subjects.add_newest(connection, more)
    return list(added)


def _add_one(
    connection: Connection, queue: Queue, row: RowMapping, now: datetime, incident: int | None
) -> Mapping[str, Any] | None:
    """Add one failure; log a failure that cannot be stored, so that other rows are not blocked."""
    try:
        with savepoint(connection):
            return _put(connection, [_entry(queue, row, now, incident)])[0]
    except _ODD as error:
        # The error's text is not logged, because it may contain values of the row.
        log.warning("failure not readable", failed_id=row["id"], because=type(error).__name__)
        try:
            with savepoint(connection):
                return _put(connection, [_bare(queue, row, now, incident)])[0]
        except _ODD as second_error:
            log.warning(
                "failure not indexed", failed_id=row["id"], because=type(second_error).__name__
            )
            return None


def _entry(queue: Queue, row: RowMapping, now: datetime, incident: int | None) -> dict[str, Any]:
    exception, payload = row["exception"] or "", row["payload"] or ""
    return _bare(queue, row, now, incident) | labels(queue, row["queue"], payload, exception)


def labels(queue: Queue, name: object, payload: str, exception: str) -> dict[str, Any]:
    """Return the texts of an entry without secrets.

    `error_group` is the name of the group, and `subjects` are the further subjects.
    """
    identity = queue.identify(payload)
    return {
        "queue": queue.mask(as_text(name)),
        "error_group": group_name(queue, exception),
        "error": queue.short(exception),
        **identity_labels(identity),
    }


def identity_labels(identity: JobIdentity) -> dict[str, Any]:
    """Return the texts of an entry that come from the payload."""
    return {
        "job_class": _short(identity.job_class, 191),
        "order_id": _short(identity.order_id, LONGEST_VALUE),
        "tienda_id": _short(identity.tienda_id, LONGEST_VALUE),
        SUBJECTS: subjects.stored(identity.subjects),
    }


def _bare(queue: Queue, row: RowMapping, now: datetime, incident: int | None) -> dict[str, Any]:
    """Return an entry without the values that come from parsing the exception and the payload."""
    at = row["failed_at"]
    return {
        "failed_id": row["id"],
        "row_digest": row["row_digest"],
        "queue": queue.mask(as_text(row["queue"]))[:LONGEST_QUEUE],
        "error_group": UNREADABLE,
        "error": UNREADABLE,
        "job_class": None,
        "order_id": None,
        "tienda_id": None,
        "payload_digest": row["payload_digest"] or "",
        "bytes": row["bytes"] or 0,
        # MySQL allows invalid times, such as the zeros of an old table.
        "failed_at": at if isinstance(at, datetime) else _NO_TIME,
        "seen_at": now,
        "incident": incident,
        "removed_at": None,
    }


def readable(queue: Queue, rows: Sequence[RowMapping], seconds: float = READ_SECONDS) -> int:
    """Return the number of first rows that can be parsed within `seconds`, at least 1.

    The limit is needed because other transactions of the index wait during the parsing.
    """
    until = monotonic() + seconds
    for number, row in enumerate(rows, 1):
        _group_of(queue, row["exception"] or "")
        if monotonic() > until:
            return number
    return len(rows)


# In one outage, a thousand jobs fail with one text, and parsing the text is the slowest part of
# a row. The cache holds the texts of a whole pass, so that no text that `readable` parsed is parsed
# again.
@lru_cache(maxsize=2_048)
def _group_of(queue: Queue, exception: str) -> str:
    return queue.error_group(exception)


def group_name(queue: Queue, exception: str) -> str:
    """Return the name of a failure's group; cut trailing spaces, because MariaDB ignores them."""
    return _group_of(queue, exception)[:191].rstrip(" ")


def _short(value: int | str | None, length: int) -> str | None:
    return None if value is None else str(value)[:length]
