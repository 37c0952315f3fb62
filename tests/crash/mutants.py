"""Seeded faults: each removes one guard of the product, to prove that a test would notice.

A mutant is a context manager that replaces a named function while its block runs.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import update

from bot.access import role_changes
from bot.access.roles import Grant
from bot.app import bulk_limits, dispatch, limits, plans, records, targets
from bot.background import leader
from bot.background.operations import batch_workers
from bot.commands import release
from bot.database.transactions import changing
from bot.failpoints import reach
from bot.models.roles import Role
from bot.queue import moves
from bot.store import delivery, tables
from bot.store.audit import chain, retention
from bot.store.operations import batches, operations, restore, transitions


@contextmanager
def replaced(*places: tuple[Any, str], by: Callable[..., Any]) -> Iterator[None]:
    """Replace functions by another one until the block ends."""
    before = [(module, name, getattr(module, name)) for module, name in places]
    for module, name in places:
        setattr(module, name, by)
    try:
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)


@contextmanager
def no_lock() -> Iterator[None]:
    """The row is read without being locked."""
    with replaced((moves, "for_update"), by=lambda statement: statement):
        yield


@contextmanager
def no_row_count() -> Iterator[None]:
    """No check counts the rows that a statement changed."""
    with replaced((moves, "exactly"), by=lambda _result, _rows: None):
        yield


@contextmanager
def no_lock_no_row_count() -> Iterator[None]:
    """Combine both faults: the loser of a race moves the row again."""
    with no_lock(), no_row_count():
        yield


@contextmanager
def no_row_digest() -> Iterator[None]:
    """A row is identified by its id alone, without its digest."""
    with replaced((targets, "same_row"), by=lambda _now, _seen: True):
        yield


@contextmanager
def no_check_of_the_reservation() -> Iterator[None]:
    """A job is released even if another worker has reserved it since."""
    with replaced((release, "same_stay"), by=lambda _now, _seen: True):
        yield


@contextmanager
def no_frozen_bound() -> Iterator[None]:
    """A bulk change takes every row that matches when it runs, not the confirmed ones."""
    locked = operations.locked

    def unbounded(*given: Any, **named: Any) -> Any:
        operation = locked(*given, **named)
        return None if operation is None else replace(operation, bound_seq=2**53)

    with replaced((batches, "locked"), by=unbounded):
        yield


@contextmanager
def no_single_use() -> Iterator[None]:
    """A confirmation may be used again."""

    def start(connection: Any, operation: int, request_id: str, owner: str, now: Any) -> bool:
        connection.execute(
            update(tables.operations)
            .where(tables.operations.c.id == operation)
            .values(
                state="running", request_id=request_id, started_at=now, owner=owner, heartbeat=now
            )
        )
        return True

    with ExitStack() as both:
        both.enter_context(replaced((plans, "single_use"), by=lambda _state: True))
        both.enter_context(replaced((transitions, "start"), by=start))
        yield


@contextmanager
def no_undo_marks() -> Iterator[None]:
    """An undo ignores the mark that a row of the archive was restored."""
    kept = restore.kept

    def unmarked(*given: Any) -> Any:
        return [replace(row, restored_at=None, restored_request=None) for row in kept(*given)]

    with (
        replaced((restore, "exactly"), by=lambda _result, _rows: None),
        replaced((restore, "kept"), by=unmarked),
    ):
        yield


@contextmanager
def no_check_of_the_job() -> Iterator[None]:
    """A retry is undone without a check of the job that it created."""
    with (
        replaced((restore, "check_job"), by=lambda *_given: None),
        replaced((restore, "exactly"), by=lambda _result, _rows: None),
    ):
        yield


@contextmanager
def no_lock_no_row_count_in_an_undo() -> Iterator[None]:
    """An undo reads rows without a lock and does not count them."""
    with (
        replaced((restore, "for_update"), by=lambda statement: statement),
        replaced((restore, "exactly"), by=lambda _result, _rows: None),
    ):
        yield


@contextmanager
def no_epoch() -> Iterator[None]:
    """The holder of a lease does not check whether it still holds the lease."""
    with replaced((leader, "fence"), by=lambda connection, _lease, clock: clock(connection)):
        yield


@contextmanager
def no_permission_check() -> Iterator[None]:
    """Everybody may do everything."""
    places = ((dispatch, "may"), (batch_workers, "may"))
    with replaced(*places, by=lambda *_given: Grant(Role.ADMIN, "mutant")):
        yield


@contextmanager
def audit_in_its_own_transaction() -> Iterator[None]:
    """The audit record is committed on its own, before the change."""
    write = chain.write

    def apart(connection: Any, *given: Any) -> int:
        with connection.engine.begin() as other:
            return write(other, *given)

    with replaced((chain, "write"), by=apart):
        yield


@contextmanager
def audit_after_commit() -> Iterator[None]:
    """The audit record is written after the change was committed."""
    write = chain.write
    waiting: list[Any] = []

    def later(_connection: Any, *given: Any) -> int:
        waiting.append(given)
        return 0

    def then_write(engine: Any, *given: Any) -> Any:
        result = changing(engine, *given)
        reach("committed")
        while waiting:
            with engine.begin() as connection:
                write(connection, *waiting.pop())
        return result

    with ExitStack() as both:
        both.enter_context(replaced((chain, "write"), by=later))
        places = ((dispatch, "changing"), (records, "changing"))
        both.enter_context(replaced(*places, by=then_write))
        yield


@contextmanager
def no_role_generation() -> Iterator[None]:
    """A replica does not read whether roles changed since it asked Slack."""
    with replaced((role_changes, "is_current"), by=lambda _committed, _known: True):
        yield


@contextmanager
def no_order_of_refusals() -> Iterator[None]:
    """Refusals are posted in their turn, also before a change."""
    with replaced((delivery, "is_behind"), by=lambda *_given: False):
        yield


@contextmanager
def no_limit_over_requests() -> Iterator[None]:
    """An operator's limit of rows holds for each request alone."""
    with replaced((bulk_limits, "is_too_much"), by=lambda _recent, _total: False):
        yield


@contextmanager
def no_person_limit() -> Iterator[None]:
    """A person may send as many requests as they like."""
    with replaced((limits.PersonLimits, "seconds_to_wait"), by=lambda *_given: 0):
        yield


@contextmanager
def no_proof_of_a_checkpoint() -> Iterator[None]:
    """Any record may say that other records were summed up and deleted."""
    with replaced((retention, "is_written_by_bot"), by=lambda _row, _keys: True):
        yield
