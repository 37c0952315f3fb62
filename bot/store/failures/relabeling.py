"""Read the subjects of the indexed failures again after a change of the setting.

A slow pass reads the payload of each failure, in `failed_jobs` or in the archive. A failure without
a payload keeps its subjects. After a restart, the pass resumes at its cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, RowMapping, select, update

from bot.queue.layouts import Queue
from bot.store.cursors import position, set_position
from bot.store.failures import entries, subjects
from bot.store.failures.originals import read_originals
from bot.store.failures.regrouping import is_scope_frozen
from bot.store.leases import lock_lease
from bot.store.tables import failures

log = structlog.get_logger(__name__)

CURRENT, NEXT, REACHED = "subjects", "subjects_next", "subjects_seq"
"""The cursors: the version of the indexed subjects, and the version and last `seq` of this pass."""
PASS_ROWS = 500
_LABELS = ("job_class", "order_id", "tienda_id")


@dataclass(frozen=True, slots=True)
class Relabeling:
    """One pass: the numbers of failures that were read and changed, and whether any remain."""

    read: int
    changed: int
    more: bool


def is_needed(connection: Connection, queue: Queue) -> bool:
    """Return whether indexed failures may have the subjects of an earlier setting."""
    return position(connection, CURRENT) != queue.subjects_version


def relabel(
    connection: Connection, queue: Queue, now: datetime, rows: int = PASS_ROWS
) -> Relabeling:
    """Give some failures the subjects of the current setting."""
    lock_lease(connection, "failures")
    if not is_needed(connection, queue):
        return Relabeling(0, 0, more=False)
    if position(connection, NEXT) != queue.subjects_version:
        set_position(connection, NEXT, queue.subjects_version)
        set_position(connection, REACHED, 0)
        log.info("subjects changed: the failures are indexed again")
    if is_scope_frozen(connection, now):
        return Relabeling(0, 0, more=True)
    c = failures.c
    columns = (c.seq, c.failed_id, c.row_digest, c.payload_digest, c.error)
    query = (
        select(*columns, *(c[name] for name in _LABELS))
        .where(c.seq > position(connection, REACHED))
        .order_by(c.seq)
    )
    page = connection.execute(query.limit(rows)).mappings().all()
    changed = sum(_relabel_page(connection, queue, page)) if page else 0
    if len(page) < rows:
        set_position(connection, CURRENT, queue.subjects_version)
        log.info("subjects indexed again")
        return Relabeling(len(page), changed, more=False)
    set_position(connection, REACHED, page[-1]["seq"])
    return Relabeling(len(page), changed, more=True)


def _relabel_page(connection: Connection, queue: Queue, page: Sequence[RowMapping]) -> list[bool]:
    """Update the failures of a page; return for each failure with a payload whether it changed."""
    originals = read_originals(connection, queue, page)
    present = subjects.of(connection, originals)
    replaced: dict[int, subjects.Subjects] = {}
    changes = []
    for row in page:
        # A failure that could not be stored with its own texts would stop every pass.
        if row["seq"] not in originals or row["error"] == entries.UNREADABLE:
            continue
        labels = entries.identity_labels(queue.identify(originals[row["seq"]].payload))
        more = labels.pop(entries.SUBJECTS)
        is_changed = any(row[name] != labels[name] for name in _LABELS)
        if is_changed:
            connection.execute(update(failures).where(failures.c.seq == row["seq"]).values(labels))
        if more != present.get(row["seq"], {}):
            replaced[row["seq"]] = more
        changes.append(is_changed or row["seq"] in replaced)
    subjects.replace(connection, replaced, replaced)
    return changes
