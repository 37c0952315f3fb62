"""The canary of a bulk retry: the failures that are retried first, some of each error group."""

from itertools import chain, zip_longest

from sqlalchemy import Connection, and_, func, select

from bot.queue.layouts import Queue
from bot.store.failures import error_merges
from bot.store.operations.operations import Operation, frozen
from bot.store.tables import batches, failures


def first_seqs(connection: Connection, queue: Queue, operation: Operation, count: int) -> list[int]:
    """Return the `seq` of up to `count` failures that a retry can move, in ascending order.

    Each error group gives its oldest failure, then its second oldest failure, and so on. If
    `count` is smaller than the number of error groups, the largest groups give one failure each.
    Merged groups count as one group.
    """
    c, within = failures.c, frozen(operation.scope, operation.bound_seq)
    layout = queue.failed_layout
    if (movable := layout.is_movable()) is not None:
        within = and_(within, select(layout.id).where(layout.id == c.failed_id, movable).exists())
    merges = error_merges.read(connection)
    whole = merges.of(c.error_group)
    sizes = select(whole).where(within).group_by(whole)
    largest = sizes.order_by(func.count().desc(), func.min(c.seq)).limit(count)
    oldest = [
        connection.execute(
            select(c.seq)
            .where(and_(within, c.error_group.in_(merges.members(group))))
            .order_by(c.seq)
            .limit(count)
        ).scalars()
        for group in connection.execute(largest).scalars().all()
    ]
    turns = chain.from_iterable(zip_longest(*oldest))
    return sorted([seq for seq in turns if seq is not None][:count])


def seqs_of(connection: Connection, operation: Operation) -> list[int]:
    """Return the `seq` of the failures that the canary's batches claimed, in ascending order."""
    c = batches.c
    mine = and_(c.operation == operation.id, c.number <= (operation.canary or 0))
    return list(connection.execute(select(c.last_seq).where(mine).order_by(c.last_seq)).scalars())
