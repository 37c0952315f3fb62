"""Find the rows of a batch that the database refuses, by dividing the batch into halves.

Each half has its own savepoint, so that all rows except the refused rows are moved. A batch of
4,000 rows with one refused row needs 24 savepoints.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from sqlalchemy import Connection, select

from bot.database.transactions import savepoint
from bot.models.refusals import RowRefused, RowTooLong, RowWouldChange
from bot.store.operations import set_aside
from bot.store.operations.batches import Batch
from bot.store.operations.operations import Operation
from bot.store.operations.scopes import matching
from bot.store.tables import failures

T = TypeVar("T")

MOST_REFUSED = 100
"""If a table refuses more rows of one batch, probably all rows have a fault. The operation then
stops with the last refusal as its reason."""


@dataclass
class Halving(Generic[T]):
    """A batch in one transaction; `move` moves a part's rows or raises the refusal of a row.

    `refused` counts the rows that were set aside.
    """

    connection: Connection
    operation: Operation
    move: Callable[[Batch], T]
    refused: int = 0

    def run(self, batch: Batch) -> list[T]:
        """Move the batch's rows, or its halves if a row is refused; return results by `seq`."""
        try:
            with savepoint(self.connection):
                return [self.move(batch)]
        except (RowRefused, RowTooLong, RowWouldChange) as refusal:
            if self.refused >= MOST_REFUSED:
                raise
            rows = self.connection.execute(
                select(failures.c.seq, failures.c.failed_id)
                .where(matching(self.operation.scope), batch.seq_range)
                .order_by(failures.c.seq)
            ).all()
            if len(rows) <= 1:
                self.refused += 1
                for row in rows:
                    set_aside.add(
                        self.connection, self.operation.id, row.seq, row.failed_id, refusal
                    )
                return []
        middle = rows[(len(rows) - 1) // 2].seq
        lower, size = (len(rows) + 1) // 2, len(rows)
        return [
            *self.run(replace(batch, last_seq=middle, size=lower)),
            *self.run(replace(batch, after_seq=middle, size=size - lower)),
        ]
