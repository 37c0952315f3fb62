"""An archived row is restored once, by a bulk undo or by the undo of a single change."""

import pytest
from sqlalchemy import Connection, delete, select, update

from bot.background import purge
from bot.database.transactions import LostRace
from bot.store import restored_copies, tables
from bot.store.restored_copies import not_restored
from tests.kit.bulk import run_out, small_batches, started
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup

pytestmark = pytest.mark.each_database

COPY = tables.archive.c


def undone(queue: TestQueue) -> list[int]:
    """Retry three failed jobs in bulk, undo the first bulk change; return the archive's ids."""
    for order in range(3):
        queue.fail(order=order)
    setup = make_setup(queue)
    started(setup)
    run_out(small_batches(setup))
    started(setup, "undo 1")
    run_out(small_batches(setup))
    return [row.id for row in queue.rows(tables.archive)]


def unrestored(connection: Connection) -> list[int]:
    return list(connection.execute(select(COPY.id).where(not_restored())).scalars())


def test_a_row_that_a_bulk_undo_restored_cannot_be_restored_again(queue: TestQueue) -> None:
    copies = undone(queue)
    with queue.engine.begin() as connection:
        assert unrestored(connection) == []
    with pytest.raises(LostRace), queue.engine.begin() as connection:
        restored_copies.add(connection, copies, 2)


def test_a_row_that_an_earlier_version_marked_in_the_archive_is_restored(queue: TestQueue) -> None:
    copies = undone(queue)
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.restored_copies))
        assert unrestored(connection) == copies
        marked = update(tables.archive).where(COPY.id != copies[0])
        connection.execute(marked.values(restored_at=COPY.archived_at, restored_request="undo"))
        assert unrestored(connection) == copies[:1]
    with pytest.raises(LostRace), queue.engine.begin() as connection:
        restored_copies.add(connection, copies, 2)


def test_the_purge_of_the_archive_forgets_its_restored_rows(queue: TestQueue) -> None:
    undone(queue)
    clock = Clock()
    setup = make_setup(queue, clock=clock, archive_days=30)
    clock.move(days=29)
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.restored_copies) == 3
    clock.move(days=2)
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.restored_copies) == queue.count(tables.archive) == 0
