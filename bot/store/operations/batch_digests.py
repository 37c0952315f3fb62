"""The digests of the rows that the batches of a bulk change moved."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from bot.store.operations.batches import DONE, batch_of
from bot.store.tables import batches
from bot.store.tables import failures as index


@dataclass(frozen=True, slots=True)
class Found:
    """The unchanged rows of a batch: their number, lowest and highest id, and digest."""

    rows: int
    lowest: int
    highest: int
    digest: str


def listed(rows: Any) -> Found:
    """Return the number, ids and digest of these rows, which are ordered by `seq`."""
    lines = "".join(f"{row.failed_id}:{row.row_digest}\n" for row in rows)
    ids = [row.failed_id for row in rows]
    digest = hashlib.sha256(lines.encode()).hexdigest()
    return Found(len(ids), min(ids, default=0), max(ids, default=0), digest)


def digest_of(connection: Connection, operation: int) -> str:
    """Return one digest of all batch digests, for the audit log; empty if no batch is done."""
    query = select(batches.c.number, batches.c.digest).where(
        batches.c.operation == operation, batches.c.state == DONE
    )
    return _whole(connection.execute(query.order_by(batches.c.number)))


def _whole(parts: Any) -> str:
    lines = "".join(f"{number}:{digest}\n" for number, digest in parts)
    return hashlib.sha256(lines.encode()).hexdigest() if lines else ""


def items_digest(connection: Connection, operation: int) -> str:
    """Compute the value of `digest_of` again, from the failures that were moved or restored."""
    named = or_(index.c.operation == operation, index.c.restored_by == operation)
    done = select(batches).where(batches.c.operation == operation, batches.c.state == DONE)
    parts = []
    for row in connection.execute(done.order_by(batches.c.number)).mappings().all():
        batch = batch_of(row)
        items = select(index.c.failed_id, index.c.row_digest).where(batch.seq_range, named)
        rows = connection.execute(items.order_by(index.c.seq)).all()
        parts.append((batch.number, listed(rows).digest))
    return _whole(parts)
