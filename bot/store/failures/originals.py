"""Read the originals of indexed failures.

An original is the row of `failed_jobs`, or its copy in the archive.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select

from bot.queue.layouts import Queue, failed_digest
from bot.queue.reads import EXCEPTION_HEAD, PAYLOAD_HEAD
from bot.store.tables import archive


@dataclass(frozen=True, slots=True)
class Original:
    """The texts of an original; `queue` is the value of the column."""

    queue: object
    payload: str
    exception: str


def read_originals(
    connection: Connection, queue: Queue, rows: Sequence[RowMapping]
) -> dict[int, Original]:
    """Return the originals by `seq`; a row with another content is no original.

    The rows have `seq`, `failed_id`, `row_digest` and `payload_digest`.
    """
    layout, ids = queue.failed_layout, {row["failed_id"] for row in rows}
    digest = failed_digest(queue.failed).label("digest")
    selection = layout.selection(PAYLOAD_HEAD, EXCEPTION_HEAD)
    present = connection.execute(select(*selection, digest).where(layout.id.in_(ids))).mappings()
    by_digest = {(row["id"], row["digest"]): _original_of(row) for row in present}
    c = archive.c
    head = (_head(c.payload, PAYLOAD_HEAD), _head(c.exception, EXCEPTION_HEAD))
    copies = connection.execute(
        select(c.row_id, c.queue, c.payload_digest, head[0], head[1])
        .where(c.kind == "failed", c.row_id.in_(ids))
        .order_by(c.id)
    ).mappings()
    by_payload = {(row["row_id"], row["payload_digest"]): _original_of(row) for row in copies}
    found_by_seq = {
        row["seq"]: by_digest.get((row["failed_id"], row["row_digest"]))
        or by_payload.get((row["failed_id"], row["payload_digest"]))
        for row in rows
    }
    return {seq: original for seq, original in found_by_seq.items() if original is not None}


def _head(column: ColumnElement[str], characters: int) -> ColumnElement[str]:
    return func.substr(column, 1, characters).label(str(column.key))


def _original_of(row: RowMapping) -> Original:
    return Original(row["queue"], row["payload"] or "", row["exception"] or "")
