"""Seeded faults of bulk changes: each removes one guard that keeps batches apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import and_, select, true

from bot.background.operations import batch_workers
from bot.background.operations import runner as watch_bulk
from bot.queue import bulk
from bot.store import archive, restored_copies, tables
from bot.store.failures import removal
from bot.store.operations import batches, canary, execute, undo_batches, undo_ranges
from bot.store.operations.scopes import matching
from bot.store.operations.waiting_jobs import LostFailure
from bot.store.tables import failures
from tests.crash.mutants import replaced


@contextmanager
def no_owner() -> Iterator[None]:
    """A replica runs a batch even if another replica owns the operation or it is not running."""
    with replaced((batches, "may_go_on"), by=lambda _operation, _owner: True):
        yield


@contextmanager
def no_lock_on_a_batch() -> Iterator[None]:
    """The rows of a batch are read without being locked."""
    with replaced((execute, "for_update"), by=lambda statement: statement):
        yield


@contextmanager
def no_row_count_of_a_batch() -> Iterator[None]:
    """No check counts the rows that a batch archived, moved and deleted."""

    def keep(connection: Any, queue: Any, operation: Any, locked: Any, now: Any) -> None:
        which = locked.condition(queue.failed_layout)
        archived_as = archive.ArchivedAs(
            operation.action, operation.counts_as, operation.request_id, now
        )
        archive.keep_failed(connection, queue, which, archived_as)

    places = ((bulk, "exactly"), (batches, "exactly"), (removal, "exactly"))
    with (
        replaced(*places, by=lambda _result, _rows: None),
        replaced((execute, "_keep"), by=keep),
    ):
        yield


@contextmanager
def no_lock_no_row_count_of_a_batch() -> Iterator[None]:
    """Combine both faults: a batch counts a row as moved that another click moved first."""
    with no_lock_on_a_batch(), no_row_count_of_a_batch():
        yield


@contextmanager
def a_batch_may_be_claimed_twice() -> Iterator[None]:
    """Two replicas run the same batch, and neither locks its rows nor counts them."""
    with no_owner(), no_lock_no_row_count_of_a_batch():
        yield


@contextmanager
def no_row_digest_in_a_batch() -> Iterator[None]:
    """A batch identifies a failed job by its id alone and ignores the frozen digest."""
    with replaced((execute, "failed_digest"), by=lambda _failed: failures.c.row_digest):
        yield


@contextmanager
def no_undo_marks_in_bulk() -> Iterator[None]:
    """A bulk undo ignores the marks of rows that an earlier undo restored."""

    def lost(connection: Any, undone: Any, within: Any, _rows: int) -> list[Any]:
        f, a = failures.c, tables.archive.c
        copies = and_(a.kind == "failed", a.row_id == f.failed_id)
        query = (
            select(f.seq, f.failed_id, f.row_digest, f.queue, f.payload_digest, a.id)
            .where(within, copies, a.request_id == undone.request_id)
            .order_by(f.seq)
        )
        return [LostFailure(*row) for row in connection.execute(query)]

    def taken(scope: Any) -> Any:
        return failures.c.operation == scope.undo if scope.undo else matching(scope)

    places = ((undo_ranges, "matching"), (undo_batches, "matching"))
    with (
        replaced((undo_batches, "_lost"), by=lost),
        replaced(*places, by=taken),
        replaced((restored_copies, "add"), by=lambda *_given: None),
    ):
        yield


@contextmanager
def no_filter() -> Iterator[None]:
    """A bulk change takes every failed job up to its bound."""
    places = ((batches, "matching"), (execute, "matching"))
    with replaced(*places, by=lambda _scope: failures.c.removed_at.is_(None) & true()):
        yield


@contextmanager
def no_filter_within_a_range() -> Iterator[None]:
    """The filter sets a batch's first and last row; the batch takes every row in between."""
    with replaced(
        (execute, "matching"), by=lambda _scope: failures.c.removed_at.is_(None) & true()
    ):
        yield


@contextmanager
def no_wait_for_the_canary() -> Iterator[None]:
    """The operation continues as soon as its canary was retried."""
    with replaced((execute, "wait_for_canary"), by=lambda _connection, _operation: True):
        yield


@contextmanager
def several_batch_workers_with_a_canary() -> Iterator[None]:
    """All batch workers run before the canary's batch was moved."""

    class Several(batch_workers.BatchWorkers):
        def run(self, lanes: int) -> bool:
            return super().run(max(2, lanes))

    with replaced((watch_bulk, "BatchWorkers"), by=Several):
        yield


@contextmanager
def a_batch_worker_beside_the_canary() -> Iterator[None]:
    """All batch workers run before the canary's batch was moved, and can claim further batches."""
    with (
        several_batch_workers_with_a_canary(),
        replaced((batches, "is_left"), by=lambda *_given: False),
    ):
        yield


@contextmanager
def a_canary_of_the_lowest_ids() -> Iterator[None]:
    """The canary takes the oldest jobs, whatever their error groups are."""

    def lowest(connection: Any, _queue: Any, operation: Any, count: int) -> list[int]:
        seqs = select(failures.c.seq).where(matching(operation.scope)).order_by(failures.c.seq)
        return list(connection.execute(seqs.limit(count)).scalars())

    with replaced((canary, "first_seqs"), by=lowest):
        yield


@contextmanager
def a_canary_that_ends_with_its_first_job() -> Iterator[None]:
    """The operation waits although a batch of the canary is unfinished."""
    with replaced((batches, "is_left"), by=lambda *_given: False):
        yield


@contextmanager
def batches_over_the_canary() -> Iterator[None]:
    """The ranges of later batches include the canary's failures."""
    with replaced((canary, "seqs_of"), by=lambda *_given: []):
        yield


@contextmanager
def no_rate() -> Iterator[None]:
    """All jobs of a change with a rate become available at once."""
    with replaced((bulk, "RetryRate"), by=lambda *_given: None):
        yield


@contextmanager
def no_rate_over_batches() -> Iterator[None]:
    """Each batch applies the rate from its own claim time and ignores the batches before it."""
    with replaced((batches, "_starts_at"), by=lambda _operation, _before, now: now):
        yield


@contextmanager
def a_batch_runs_after_a_cancel() -> Iterator[None]:
    """The owner of a claimed batch runs it even after a cancel."""
    with replaced((batches, "may_go_on"), by=lambda operation, owner: operation.owner == owner):
        yield


class _Thawed:
    """Report that no change freeze is active."""

    require_none = staticmethod(lambda _connection: None)


@contextmanager
def no_freeze_check_in_a_batch() -> Iterator[None]:
    """`run_once` checks for a change freeze, but the batches do not."""
    with replaced((batch_workers, "change_freeze"), by=_Thawed):
        yield


@contextmanager
def no_freeze_check_before_batches() -> Iterator[None]:
    """Each batch checks for a change freeze, but `run_once` does not."""
    with replaced((watch_bulk, "change_freeze"), by=_Thawed):
        yield


@contextmanager
def no_freeze_check_for_bulk_changes() -> Iterator[None]:
    """Neither `run_once` nor a batch checks for a change freeze."""
    with no_freeze_check_in_a_batch(), no_freeze_check_before_batches():
        yield
