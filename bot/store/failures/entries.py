"""What the index of failures keeps of a failed job, whatever the row holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Connection, RowMapping, insert
from sqlalchemy.exc import DataError, IntegrityError

from bot.fingerprint.error_group import error_group
from bot.fingerprint.payload import identify
from bot.queue.layouts import LONGEST_QUEUE, Queue
from bot.store.deltas import metric_deltas
from bot.store.failures import error_groups, failure_counts
from bot.store.tables import failures

log = structlog.get_logger(__name__)

UNREADABLE = "unreadable"
"""Error and error group of a failure that the index could not take as it is."""

_ODD = (DataError, IntegrityError, UnicodeError)
"""What the database says of one row that it cannot hold; any other error is the pass's own."""

READ_SECONDS = 0.25
"""A text of 2,048 characters without a blank takes 15 ms: a thousand of them longer than a pass."""

_NO_TIME = datetime(1970, 1, 1)  # noqa: DTZ001 wall clock


def add(
    connection: Connection,
    queue: Queue,
    found: Sequence[RowMapping],
    now: datetime,
    incident: int | None,
) -> None:
    """Add failures to the index, an odd one as far as it can be read, and count them."""
    try:
        with connection.begin_nested():
            added = _put(connection, [_entry(queue, row, now, incident) for row in found])
    except _ODD:
        added = [
            entry
            for row in found
            if (entry := _add_one(connection, queue, row, now, incident)) is not None
        ]
    failure_counts.append_added(connection, added, now)
    if incident is None:
        # What failed before the first start is no news of the last minutes.
        metric_deltas.append_failed(connection, Counter(entry["queue"] for entry in added))


def _put(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Insert entries whose error groups are names still; returns them with the groups' ids."""
    names = {entry["error_group"] for entry in entries}
    ids = error_groups.find_or_make(connection, names)
    added = [{**entry, "error_group": ids[entry["error_group"]]} for entry in entries]
    connection.execute(insert(failures), added)
    return list(added)


def _add_one(
    connection: Connection, queue: Queue, row: RowMapping, now: datetime, incident: int | None
) -> Mapping[str, Any] | None:
    """Add one failure; what cannot be kept at all is logged and hides none of those behind it."""
    try:
        with connection.begin_nested():
            return _put(connection, [_entry(queue, row, now, incident)])[0]
    except _ODD as error:
        # Without the error's text, which may hold what the row does.
        log.warning("failure not readable", failed_id=row["id"], because=type(error).__name__)
        try:
            with connection.begin_nested():
                return _put(connection, [_bare(row, now, incident)])[0]
        except _ODD as again:
            log.warning("failure not indexed", failed_id=row["id"], because=type(again).__name__)
            return None


def _entry(queue: Queue, row: RowMapping, now: datetime, incident: int | None) -> dict[str, Any]:
    exception, payload = row["exception"] or "", row["payload"] or ""
    said = identify(payload, order_paths=queue.order_paths, tienda_paths=queue.tienda_paths)
    return _bare(row, now, incident) | {
        "queue": row["queue"] or "",
        "error_group": _name(queue.mask(_group_of(exception))),
        "error": queue.short(exception),
        "job_class": _short(said.job_class, 191),
        "order_id": _short(said.order_id, 64),
        "tienda_id": _short(said.tienda_id, 64),
    }


def _bare(row: RowMapping, now: datetime, incident: int | None) -> dict[str, Any]:
    """A failure without what is read out of its texts."""
    at = row["failed_at"]
    return {
        "failed_id": row["id"],
        "row_digest": row["row_digest"],
        "queue": (row["queue"] or "")[:LONGEST_QUEUE],
        "error_group": UNREADABLE,
        "error": UNREADABLE,
        "job_class": None,
        "order_id": None,
        "tienda_id": None,
        "payload_digest": row["payload_digest"] or "",
        "bytes": row["bytes"] or 0,
        # MySQL allows what is no time, such as the zeros of an old table.
        "failed_at": at if isinstance(at, datetime) else _NO_TIME,
        "seen_at": now,
        "incident": incident,
        "removed_at": None,
    }


def readable(found: Sequence[RowMapping], seconds: float = READ_SECONDS) -> int:
    """Of how many of these, from the first, the texts can be read in so short a time; one is.

    Who waits for their turn with the index waits for this, too.
    """
    until = monotonic() + seconds
    for number, row in enumerate(found, 1):
        _group_of(row["exception"] or "")
        if monotonic() > until:
            return number
    return len(found)


# One outage fails a thousand jobs with one text, and reading a text takes longer than a row. As
# many as a pass has rows: what was read to know how long it takes is not read again.
_group_of = lru_cache(maxsize=2_048)(error_group)


def _name(group: str) -> str:
    """A group's name as its table keeps it; MariaDB compares it without blanks at its end."""
    return group[:191].rstrip(" ")


def _short(value: int | str | None, length: int) -> str | None:
    return None if value is None else str(value)[:length]
