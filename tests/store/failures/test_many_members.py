"""The newest failures of an error group are the same, however many groups are merged into it."""

import pytest
from sqlalchemy import select, update

from bot.store import tables
from bot.store.failures.error_group_reads import RANGES, newest
from tests.kit.failure_index import index
from tests.kit.queues import TestQueue

pytestmark = pytest.mark.each_database


@pytest.mark.parametrize("members", [1, 2, RANGES, RANGES + 1])
def test_the_newest_failures_of_all_members_are_read(queue: TestQueue, members: int) -> None:
    count = RANGES + 2
    for failed_id in range(1, count + 1):
        queue.fail(failed_id)
    index(queue)
    c = tables.failures.c
    with queue.engine.begin() as connection:
        connection.execute(update(tables.failures).values(error_group=c.seq))
        rows = newest(connection, tuple(range(1, members + 1)), 3)
        seqs = connection.execute(select(c.seq).where(c.seq <= members)).scalars().all()
    assert [row["seq"] for row in rows] == sorted(seqs, reverse=True)[:3]
