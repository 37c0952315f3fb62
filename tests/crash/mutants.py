"""Seeded faults: each takes away one guard of the product, to prove that a test would notice.

A mutant is a context manager that replaces a named function for as long as it is open.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import update

from bot.access.roles import Grant
from bot.app import dispatch, plans, records, targets
from bot.background import leader
from bot.background.operations import batch_workers
from bot.commands import release
from bot.database.transactions import changing
from bot.failpoints import reach
from bot.models.roles import Role
from bot.queue import moves
from bot.store import tables
from bot.store.audit import chain
from bot.store.operations import batches, operations, restore, transitions


@contextmanager
def replaced(*places: tuple[Any, str], by: Callable[..., Any]) -> Iterator[None]:
    """Put a function in the place of others until the block ends."""
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
    """Nobody looks at how many rows a statement touched."""
    with replaced((moves, "exactly"), by=lambda _result, _rows: None):
        yield


@contextmanager
def no_lock_no_row_count() -> Iterator[None]:
    """Both at once: the loser of a race moves the row again."""
    with no_lock(), no_row_count():
        yield


@contextmanager
def no_row_digest() -> Iterator[None]:
    """A row is taken for the one that was seen by its id alone."""
    with replaced((targets, "same_row"), by=lambda _now, _seen: True):
        yield


@contextmanager
def no_same_stay() -> Iterator[None]:
    """A job is released whoever has reserved it since it was seen."""
    with replaced((release, "same_stay"), by=lambda _now, _seen: True):
        yield


@contextmanager
def no_frozen_bound() -> Iterator[None]:
    """A bulk change takes what matches when it runs, not what was confirmed."""
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
    """Nobody knows of a row of the archive that it was put back."""
    kept = restore.kept

    def unmarked(*given: Any) -> Any:
        return [replace(row, restored_at=None, restored_request=None) for row in kept(*given)]

    with (
        replaced((restore, "exactly"), by=lambda _result, _rows: None),
        replaced((restore, "kept"), by=unmarked),
    ):
        yield


@contextmanager
def no_look_at_the_job() -> Iterator[None]:
    """A retry is undone whatever has become of the job that it made."""
    with (
        replaced((restore, "check_job"), by=lambda *_given: None),
        replaced((restore, "exactly"), by=lambda _result, _rows: None),
    ):
        yield


@contextmanager
def no_lock_no_row_count_in_an_undo() -> Iterator[None]:
    """What is put back is read without a lock, and nobody counts."""
    with (
        replaced((restore, "for_update"), by=lambda statement: statement),
        replaced((restore, "exactly"), by=lambda _result, _rows: None),
    ):
        yield


@contextmanager
def no_epoch() -> Iterator[None]:
    """A holder of a lease does not ask whether it still holds it."""
    with replaced((leader, "fence"), by=lambda _connection, _lease: None):
        yield


@contextmanager
def no_permission_check() -> Iterator[None]:
    """Everybody may do everything."""
    places = ((dispatch, "may"), (batch_workers, "may"))
    with replaced(*places, by=lambda *_given: Grant(Role.ADMIN, "mutant")):
        yield


@contextmanager
def audit_in_its_own_transaction() -> Iterator[None]:
    """The record is committed by itself, before the change."""
    write = chain.write

    def apart(connection: Any, *given: Any) -> int:
        with connection.engine.begin() as other:
            return write(other, *given)

    with replaced((chain, "write"), by=apart):
        yield


@contextmanager
def audit_after_commit() -> Iterator[None]:
    """The record is written when the change is committed, and not with it."""
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
