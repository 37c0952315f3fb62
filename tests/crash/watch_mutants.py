"""Seeded faults of incidents: each removes one guard, like those in `mutants`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, true

from bot.app.setup import Setup
from bot.background import leader
from bot.background.incidents import alert, lifecycle, message
from bot.database.transactions import changing, time_limit
from bot.store.deltas import incident_deltas
from bot.store.deltas.incident_deltas import OUTSIDE, Removal
from bot.store.incidents import assignment, retry_activity, transitions
from bot.store.leases import Lease
from bot.views.incidents.alert_parts import with_group_mention
from tests.crash.mutants import replaced


@contextmanager
def failures_are_reassigned() -> Iterator[None]:
    """A failure that belongs to an incident is assigned to another one."""
    with replaced((assignment, "belongs_to_none"), by=true):
        yield


@contextmanager
def no_unique_subject() -> Iterator[None]:
    """An active incident does not hold its subject, so a second one may be triggered."""
    insert = transitions._insert  # noqa: SLF001 the wrapper calls the original

    def unheld(connection: Connection, subject: Any, now: Any) -> Any:
        triggered = insert(connection, subject, now)
        number = triggered.id
        transitions.update_incident(connection, number, active_subject=f"{number}")
        return triggered

    with replaced((transitions, "_insert"), by=unheld):
        yield


def unfenced_transaction(setup: Setup, _lease: Lease, work: Any, _seconds: Any = None) -> Any:
    """Work like `leader_transaction`, but without a check of the lease."""
    return changing(
        setup.engine,
        time_limit(setup.engine, leader.SECONDS),
        lambda connection: work(connection, setup.clock(connection)),
    )


def no_fence_in(module: ModuleType) -> Callable[[], AbstractContextManager[None]]:
    """The steps of this module do not check whether the lease is still held."""

    @contextmanager
    def unfenced() -> Iterator[None]:
        with replaced((module, "leader_transaction"), by=unfenced_transaction):
            yield

    return unfenced


@contextmanager
def edits_with_a_mention() -> Iterator[None]:
    """An edited alert mentions the user group, as a posted one does."""
    draw = alert.draw

    def calling(setup: Any, connection: Connection, row: Any, context: Any) -> Any:
        drawn = draw(setup, connection, row, context)
        return None if drawn is None else with_group_mention(drawn, setup.alerting.mention, context)

    with replaced((message, "draw"), by=calling):
        yield


def _not_appended(is_left_out: Callable[[int, Removal], bool]) -> AbstractContextManager[None]:
    append = incident_deltas.append

    def some(
        connection: Connection, removed: Mapping[int, int], removal: Removal, now: Any
    ) -> None:
        kept = {number: rows for number, rows in removed.items() if not is_left_out(rows, removal)}
        append(connection, kept, removal, now)

    return replaced((incident_deltas, "append"), by=some)


@contextmanager
def a_retry_by_id_appends_no_delta() -> Iterator[None]:
    """A retry by id appends no incident delta."""
    with _not_appended(lambda rows, removal: rows > 0 and removal.action == "retry"):
        yield


@contextmanager
def a_delete_by_id_appends_no_delta() -> Iterator[None]:
    """A delete by id appends no incident delta."""
    with _not_appended(lambda rows, removal: rows > 0 and removal.counts_as == "deleted"):
        yield


@contextmanager
def a_batch_appends_no_delta() -> Iterator[None]:
    """A batch of a bulk change appends no incident delta."""
    with replaced((incident_deltas, "append_batch"), by=lambda *_given: None):
        yield


@contextmanager
def a_scan_appends_no_delta() -> Iterator[None]:
    """A scan that finds a row removed outside the bot appends no incident delta."""
    with _not_appended(lambda _rows, removal: removal.action == OUTSIDE):
        yield


@contextmanager
def an_undo_appends_no_delta() -> Iterator[None]:
    """An undo appends no incident delta."""
    with _not_appended(lambda rows, _doer: rows < 0):
        yield


@contextmanager
def no_mute_check_for_new_incidents() -> Iterator[None]:
    """A new incident is posted without a check for a mute."""
    with replaced((lifecycle, "current_mute"), by=lambda *_given, **_named: None):
        yield


@contextmanager
def no_wait_for_outcomes() -> Iterator[None]:
    """An incident resolves while the outcomes of its retried jobs are unknown."""
    with replaced((retry_activity, "unsettled"), by=lambda _connection: set()):
        yield
