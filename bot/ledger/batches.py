"""The batches of a bulk change: each moves rows, archive, index, incidents and cursor at once.

What a batch moved stays in the items, and a digest over them goes into the audit.
"""

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, insert, literal, select, text, update

from bot.ledger import archive, incidents
from bot.ledger.operations import Operation
from bot.ledger.scopes import matching
from bot.ledger.tables import failures, items, operations
from bot.queue import bulk
from bot.queue.database import LostRace
from bot.queue.layouts import Queue, failed_digest
from bot.queue.moves import exactly, for_update


def advance(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    owner: str,
    now: datetime,
    rows: int = bulk.BATCH_ROWS,
) -> int:
    """Carry out the next batch in the caller's transaction; returns how many rows were in scope.

    0 means that nothing is left. Raises `LostRace` where another replica took the operation over or
    a row was moved by somebody else in between: roll back and look again.
    """
    within = and_(
        matching(operation.scope),
        failures.c.seq > operation.cursor_seq,
        failures.c.seq <= operation.bound_seq,
    )
    next_seqs = select(failures.c.seq).where(within).order_by(failures.c.seq).limit(rows).subquery()
    last, count = connection.execute(select(func.max(next_seqs.c.seq), func.count())).one()
    if not count:
        return 0
    stretch = and_(within, failures.c.seq <= last)
    chosen, digest = _choose(connection, queue, operation, stretch)
    if chosen is not None:
        _keep(connection, queue, operation, chosen, now)
    _settle(connection, operation, stretch, now, every=chosen is not None and chosen.rows == count)
    _mark_gone(connection, stretch, now)
    # Last, because a worker that has drained its queue waits from here until the commit.
    if chosen is not None:
        _move(connection, queue, operation, chosen, now)
    moved = 0 if chosen is None else chosen.rows
    _step(connection, operation, owner, last, moved, digest, now)
    return int(count)


def _choose(
    connection: Connection, queue: Queue, operation: Operation, stretch: ColumnElement[bool]
) -> tuple[bulk.Chosen | None, str]:
    """Put the batch's rows that are still what they were into the items, and lock them."""
    there = (
        select(
            literal(operation.id),
            queue.failed.c.id,
            literal(operation.cursor_seq),
            failures.c.row_digest,
        )
        .select_from(failures)
        # From the index to the rows, each by its id: a scan, which a server prefers where there are
        # few, would wait for every row that somebody else has locked, in the batch or not.
        .prefix_with("STRAIGHT_JOIN", dialect="mysql")
        .with_hint(queue.failed, "FORCE INDEX (PRIMARY)", "mysql")
        .where(
            queue.failed.c.id == failures.c.failed_id,
            failed_digest(queue.failed) == failures.c.row_digest,
            stretch,
        )
    )
    columns = ("operation", "failed_id", "batch", "row_digest")
    moved = connection.execute(insert(items).from_select(columns, for_update(there))).rowcount
    if not moved:
        return None, operation.items_digest
    lowest, highest, digest = _digest_with(connection, operation)
    ids = items.c.failed_id
    return bulk.Chosen(ids, _batch(operation), moved, lowest, highest), digest


# The rows stay in the server: reading a thousand into Python takes 3 ms, this a third of that.
_DIGEST_IN_SERVER = text(
    "SELECT MIN(failed_id), MAX(failed_id), "
    "SHA2(CONCAT(:before, GROUP_CONCAT(failed_id, ':', row_digest, '\n' "
    "ORDER BY failed_id SEPARATOR '')), 256) FROM queue_bot_items "
    "WHERE operation = :operation AND batch = :batch"
)


def _digest_with(connection: Connection, operation: Operation) -> tuple[int, int, str]:
    """The lowest and highest id of this batch, and the digest over all items up to its last."""
    if connection.dialect.name != "sqlite":
        values = {
            "before": operation.items_digest,
            "operation": operation.id,
            "batch": operation.cursor_seq,
        }
        lowest, highest, digest = connection.execute(_DIGEST_IN_SERVER, values).one()
        return lowest, highest, digest
    rows = connection.execute(
        select(items.c.failed_id, items.c.row_digest)
        .where(_batch(operation))
        .order_by(items.c.failed_id)
    ).all()
    whole = hashlib.sha256(operation.items_digest.encode())
    for failed_id, row_digest in rows:
        whole.update(f"{failed_id}:{row_digest}\n".encode())
    return rows[0].failed_id, rows[-1].failed_id, whole.hexdigest()


def _batch(operation: Operation) -> ColumnElement[bool]:
    return and_(items.c.operation == operation.id, items.c.batch == operation.cursor_seq)


def _keep(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    chosen: bulk.Chosen,
    now: datetime,
) -> None:
    which = chosen.among(queue.failed)
    kept = archive.keep_failed(
        connection, queue, which, operation.action, operation.request_id, now
    )
    if kept != chosen.rows:
        raise LostRace


def _move(
    connection: Connection,
    queue: Queue,
    operation: Operation,
    chosen: bulk.Chosen,
    now: datetime,
) -> None:
    if operation.action == "retry-all":
        bulk.retry_batch(connection, queue, chosen, now)
    else:
        bulk.delete_batch(connection, queue, chosen)


def _settle(
    connection: Connection,
    operation: Operation,
    stretch: ColumnElement[bool],
    now: datetime,
    *,
    every: bool,
) -> None:
    """Let the incidents of the batch say by whom; those of rows that were skipped, that they went.

    `every` where nothing was skipped.
    """
    moved = stretch
    if not every:
        moved_ids = select(items.c.failed_id).where(_batch(operation))
        moved = and_(stretch, failures.c.failed_id.in_(moved_ids))
        skipped = and_(stretch, failures.c.failed_id.not_in(moved_ids))
        incidents.settle(connection, skipped, None, "gone", now)
    incidents.settle(connection, moved, operation.actor, operation.action, now)


def _mark_gone(connection: Connection, stretch: ColumnElement[bool], now: datetime) -> None:
    connection.execute(update(failures).where(stretch).values(gone_at=now))


def _step(
    connection: Connection,
    operation: Operation,
    owner: str,
    cursor: int,
    moved: int,
    digest: str,
    now: datetime,
) -> None:
    exactly(
        connection.execute(
            update(operations)
            .where(
                operations.c.id == operation.id,
                operations.c.owner == owner,
                operations.c.state == "running",
                operations.c.cursor_seq == operation.cursor_seq,
            )
            .values(
                cursor_seq=cursor,
                done=operations.c.done + moved,
                items_digest=digest,
                heartbeat=now,
            )
        ),
        1,
    )


def items_digest(connection: Connection, operation: int) -> str:
    """The digest over the items of the operation, to compare with the one in the audit."""
    rows = connection.execute(
        select(items.c.batch, items.c.failed_id, items.c.row_digest)
        .where(items.c.operation == operation)
        .order_by(items.c.batch, items.c.failed_id)
        # There may be a million of them.
        .execution_options(yield_per=10_000)
    )
    digest, batch, whole = "", None, hashlib.sha256()
    for number, failed_id, row_digest in rows:
        if number != batch:
            digest = digest if batch is None else whole.hexdigest()
            batch, whole = number, hashlib.sha256(digest.encode())
        whole.update(f"{failed_id}:{row_digest}\n".encode())
    return digest if batch is None else whole.hexdigest()
