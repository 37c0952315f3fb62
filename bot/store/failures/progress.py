"""The progress of the backfill, of the regrouping and of the relabeling."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.fingerprint.error_group import RULES
from bot.models.health import Backfill
from bot.queue.layouts import Queue
from bot.store.cursors import position
from bot.store.failures import relabeling
from bot.store.failures.backfill import backfill_left
from bot.store.tables import failures

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 naive UTC


def progress(connection: Connection, queue: Queue, now: datetime) -> Backfill | None:
    """Return the progress of the pass over the older failures; None if no pass runs.

    The function reads cursors and both ends of an index, never all rows.
    """
    if backfill_left(connection):
        return _backfill(connection, queue, now)
    last = connection.execute(select(func.max(failures.c.seq))).scalar() or 0
    if position(connection, "rules") != RULES:
        reached = max(0, position(connection, "rules_seq"))
        is_begun = position(connection, "rules_next") == RULES
        return _of(reached if is_begun else 0, last, None, regrouping=True)
    if not relabeling.is_needed(connection, queue):
        return None
    reached = max(0, position(connection, relabeling.REACHED))
    is_begun = position(connection, relabeling.NEXT) == queue.subjects_version
    of_pass = _of(reached if is_begun else 0, last, None)
    return of_pass.model_copy(update={"relabeling": True})


def _backfill(connection: Connection, queue: Queue, now: datetime) -> Backfill:
    end, reached = position(connection, "backfill_end"), position(connection, "backfill")
    id_ = queue.failed_layout.id
    first = connection.execute(select(func.min(id_))).scalar() or 0
    if end < 0:
        # The first pass has not begun, so no row is indexed.
        end, reached = connection.execute(select(func.max(id_))).scalar() or 0, first - 1
    # The bot deletes no index rows during the backfill, so the highest `seq` is their number.
    rows = connection.execute(select(func.max(failures.c.seq))).scalar() or 0
    began = position(connection, "backfill_began")
    seconds = (now - _EPOCH - timedelta(seconds=began)).total_seconds() if began > 0 else 0.0
    share = (reached - first + 1) / max(1, end - first + 1)
    total = round(rows / share) if rows and share > 0 else max(0, end - first + 1)
    return _of(rows, max(rows, total), seconds)


def _of(rows: int, total: int, seconds: float | None, *, regrouping: bool = False) -> Backfill:
    rate = round(rows / seconds) if seconds and rows else 0
    left = round((total - rows) / rate) if rate else None
    return Backfill(
        rows=rows,
        total=total,
        per_second=rate or None,
        seconds_left=left,
        regrouping=regrouping,
    )
