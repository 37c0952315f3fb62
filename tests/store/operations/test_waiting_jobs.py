"""The undo of a bulk retry finds each job, wherever it is, and locks no other job."""

import pytest
from sqlalchemy import delete, insert, select, update

from bot import failpoints
from bot.store import tables
from bot.store.failures import index
from bot.store.operations.batches import CLAIMED
from tests.kit.bulk import run_out, small_batches, started
from tests.kit.queues import TestQueue
from tests.kit.replicas import make_setup

pytestmark = pytest.mark.each_database

JOBS, BATCH = 6, 2


def retry_all(queue: TestQueue) -> None:
    """Retry all failed jobs in one batch, as operation 1."""
    for order in range(JOBS):
        queue.fail(order=order)
    setup = make_setup(queue)
    started(setup)
    run_out(small_batches(setup, JOBS))


def undo(queue: TestQueue) -> None:
    """Undo operation 1 in batches that are smaller than the batch of the retry."""
    setup = make_setup(queue)
    started(setup, "undo 1")
    run_out(small_batches(setup, BATCH))


def test_an_undo_finds_jobs_whose_ids_have_another_order_than_the_failures(
    queue: TestQueue,
) -> None:
    retry_all(queue)
    jobs = queue.queue.jobs
    ids = [row.id for row in queue.jobs]
    with queue.engine.begin() as connection:
        connection.execute(update(jobs).values(id=jobs.c.id + 1_000))
        for id_ in ids:
            moved = update(jobs).where(jobs.c.id == id_ + 1_000)
            connection.execute(moved.values(id=ids[0] + ids[-1] - id_))
    undo(queue)
    assert len(queue.failed) == JOBS
    assert queue.jobs == []


def test_an_undo_that_began_with_the_oldest_failures_continues_with_the_others(
    queue: TestQueue,
) -> None:
    """Version 0.2.0 began with the oldest failures; an upgrade interrupted its undo."""
    retry_all(queue)
    setup = make_setup(queue)
    undone = started(setup, "undo 1")
    oldest = {"operation": undone.operation, "number": 1, "after_seq": 0, "last_seq": BATCH}
    values = {"size": BATCH, "state": CLAIMED, "owner": "earlier"}
    with queue.engine.begin() as connection:
        now = setup.clock(connection)
        connection.execute(insert(tables.batches).values(**oldest, **values, starts_at=now))
    run_out(small_batches(setup, BATCH))
    assert len(queue.failed) == JOBS
    assert queue.jobs == []


@pytest.mark.parametrize("claimed_ids", [(), (1,)], ids=["no older job", "an older claimed job"])
@pytest.mark.parametrize(("left", "sizes"), [(150, [100, 50]), (0, [150])])
def test_batches_of_an_undo_are_small_where_workers_take_the_next_job(
    queue: TestQueue, left: int, sizes: list[int], claimed_ids: tuple[int, ...]
) -> None:
    """A claimed job may stay for hours: the oldest job of a queue may not be the next one."""
    for id_ in claimed_ids:
        queue.push(id_, reserved_at=1_762_537_400)
        queue.push(id_ + 5_000, queue="reports")
    older_ids = [row.id for row in queue.jobs]
    for order in range(150):
        queue.fail(order=order)
    setup = make_setup(queue)
    started(setup)
    run_out(small_batches(setup, 150))
    processed = [row.id for row in queue.jobs if row.id not in older_ids][left:]
    with queue.engine.begin() as connection:
        connection.execute(delete(queue.queue.jobs).where(queue.queue.jobs.c.id.in_(processed)))
    started(setup, "undo 1")
    run_out(small_batches(setup, 1_000))
    claimed = [row.size for row in queue.rows(tables.batches) if row.operation == 2]
    assert claimed == sizes


@pytest.mark.parametrize(
    ("point", "left"), [("undo-batch-restored", JOBS), ("undo-batch-taken", JOBS - BATCH)]
)
def test_an_undo_locks_only_the_jobs_of_its_batch_after_it_restored_the_failed_jobs(
    mariadb_queue: TestQueue, point: str, left: int
) -> None:
    retry_all(mariadb_queue)
    free: list[int] = []

    def note() -> None:
        with mariadb_queue.engine.connect() as connection:
            unlocked = select(mariadb_queue.queue.jobs.c.id).with_for_update(skip_locked=True)
            free.append(len(connection.execute(unlocked).all()))
            connection.rollback()

    failpoints.arm(point, then=note)
    try:
        undo(mariadb_queue)
    finally:
        failpoints.disarm(point)
    assert free == [left]


def test_an_undo_does_not_wait_for_the_failure_behind_its_batch(mariadb_queue: TestQueue) -> None:
    """The failure behind a batch is in the batch of the other batch worker."""
    retry_all(mariadb_queue)
    setup = make_setup(mariadb_queue)
    started(setup, "undo 1")
    mariadb_queue.fail(order=JOBS)
    with mariadb_queue.engine.begin() as connection:
        index.catch_up(connection, mariadb_queue.queue, setup.clock(connection))
    behind = select(tables.failures.c.seq).where(tables.failures.c.seq == JOBS + 1)
    with mariadb_queue.engine.begin() as other:
        assert other.execute(behind.with_for_update()).scalar() == JOBS + 1
        run_out(small_batches(setup, JOBS))
    assert len(mariadb_queue.failed) == JOBS + 1


def test_an_undo_leaves_a_job_that_a_worker_claims_while_its_failed_job_is_restored(
    mariadb_queue: TestQueue,
) -> None:
    retry_all(mariadb_queue)
    newest, jobs = mariadb_queue.jobs[-1].id, mariadb_queue.queue.jobs

    def claim() -> None:
        with mariadb_queue.engine.begin() as connection:
            claimed = update(jobs).where(jobs.c.id == newest)
            connection.execute(claimed.values(reserved_at=1, attempts=1))

    failpoints.arm("undo-batch-restored", then=claim)
    try:
        undo(mariadb_queue)
    finally:
        failpoints.disarm("undo-batch-restored")
    assert [row.id for row in mariadb_queue.jobs] == [newest]
    assert len(mariadb_queue.failed) == JOBS - 1
