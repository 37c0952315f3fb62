"""A lease has one holder at a time, and a late holder changes nothing."""

import threading
from collections.abc import Callable
from time import monotonic

import pytest
from sqlalchemy import Connection, update

from bot.app.setup import Setup
from bot.background import audit
from bot.background.failures import index_once, scan_once
from bot.background.incidents import grouping, lifecycle
from bot.background.outbox.deliver import SlackRates, deliver_once
from bot.database.transactions import changing
from bot.store import leases, tables
from bot.store.leases import Lease, LeaseLost
from bot.store.tables.columns import metadata
from tests.kit.clock import SetClock, moment
from tests.kit.concurrency import at_once, lock_waits, until
from tests.kit.posting import Refusing, running_watcher
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold, make_setup

pytestmark = pytest.mark.each_database

TTL = leases.TTL.total_seconds()


def take(setup: Setup) -> Lease | None:
    return changing(
        setup.engine,
        monotonic() + 20,
        lambda connection: leases.take(
            connection, "watcher", setup.replica, setup.clock(connection)
        ),
    )


def two(queue: TestQueue) -> tuple[Setup, Setup, SetClock]:
    """Return two replicas and their clock; a lease expires only if the test moves the clock."""
    clock = SetClock(moment("2026-03-09 12:00"))
    return make_setup(queue, "a", clock=clock), make_setup(queue, "b", clock=clock), clock


def test_a_lease_has_one_owner_and_is_renewed_under_the_same_epoch(queue: TestQueue) -> None:
    a, b, clock = two(queue)
    first = hold(a)
    assert take(b) is None
    clock.move(seconds=TTL - 1)
    assert hold(a) == first
    clock.move(seconds=TTL - 1)
    assert take(b) is None


def test_an_expired_lease_is_taken_over_under_a_higher_epoch(queue: TestQueue) -> None:
    a, b, clock = two(queue)
    first = hold(a)
    clock.move(seconds=TTL + 1)
    second = hold(b)
    assert (second.owner, second.epoch) == ("b", first.epoch + 1)
    assert take(a) is None


def test_a_lease_that_expires_too_late_is_taken_over(queue: TestQueue) -> None:
    a, b, clock = two(queue)
    hold(a)
    with queue.engine.begin() as connection:
        never = moment("2099-01-01 00:00")
        connection.execute(update(tables.leases).values(owner="nobody", expires=never))
    assert take(b) is not None
    # The clock of the database is set back by an hour; the leader has crashed.
    clock.move(seconds=-3_600)
    assert take(a) is not None


def test_an_owner_that_renews_an_expired_lease_gets_a_new_epoch(queue: TestQueue) -> None:
    a, _, clock = two(queue)
    first = hold(a)
    clock.move(seconds=TTL + 1)
    assert hold(a).epoch == first.epoch + 1
    with pytest.raises(LeaseLost):
        audit.seal_once(a, first)


def test_a_released_lease_is_free_at_once(queue: TestQueue) -> None:
    a, b, clock = two(queue)
    lease = hold(a)
    changing(
        a.engine,
        monotonic() + 20,
        lambda connection: leases.release(connection, lease, clock(connection)),
    )
    assert hold(b).epoch == lease.epoch + 1


def test_a_former_owner_cannot_release_the_lease_of_another(queue: TestQueue) -> None:
    a, b, clock = two(queue)
    late = hold(a)
    clock.move(seconds=TTL + 1)
    held = hold(b)
    changing(
        a.engine,
        monotonic() + 20,
        lambda connection: leases.release(connection, late, clock(connection)),
    )
    assert hold(b) == held


def test_of_many_concurrent_replicas_one_gets_the_lease(mariadb_queue: TestQueue) -> None:
    clock = SetClock(moment("2026-03-09 12:00"))
    setups = [make_setup(mariadb_queue, f"r{n}", clock=clock) for n in range(8)]
    taken = at_once(*[lambda one=setup: take(one) for setup in setups])
    assert len([lease for lease in taken if lease is not None]) == 1


def test_a_former_owner_of_a_lease_changes_nothing(queue: TestQueue) -> None:
    a, b, clock = two(queue)
    late = hold(a)
    index_once(a, late)
    queue.fail(1)
    ask(a, "retry 99")  # a refusal, whose record waits to be sealed and posted
    clock.move(seconds=TTL + 1)
    lease = hold(b)
    before = everything(queue)
    steps: tuple[Callable[[], object], ...] = (
        lambda: index_once(a, late),
        lambda: scan_once(a, late),
        lambda: grouping.group_once(a, late),
        lambda: grouping.refresh_once(a, late),
        lambda: lifecycle.advance_once(a, late),
        lambda: audit.seal_once(a, late),
    )
    for step in steps:
        with pytest.raises(LeaseLost):
            step()
    assert everything(queue) == before
    audit.seal_once(b, lease)
    before = everything(queue)
    with pytest.raises(LeaseLost):
        deliver_once(a, Refusing(), late, SlackRates())
    assert everything(queue) == before


def everything(queue: TestQueue) -> dict[str, list[object]]:
    return {name: list(queue.rows(table)) for name, table in metadata.tables.items()}


def test_a_fence_delays_a_takeover_until_the_transaction_is_committed(
    mariadb_queue: TestQueue,
) -> None:
    """The holder is paused in its transaction; the next one waits until the effect is committed."""
    a, b, clock = two(mariadb_queue)
    lease = hold(a)
    order: list[str] = []
    taking = threading.Event()

    def effect(connection: Connection) -> None:
        leases.fence(connection, lease, clock)
        clock.move(seconds=TTL + 1)
        taking.set()
        until(lambda: lock_waits(mariadb_queue.engine))
        order.append("effect")

    def taker() -> None:
        assert taking.wait(20)
        hold(b)
        order.append("taken")

    at_once(lambda: changing(a.engine, monotonic() + 40, effect), taker)
    assert order == ["effect", "taken"]


def test_of_two_replicas_one_monitors_and_the_second_takes_over_when_the_first_stops(
    mariadb_queue: TestQueue,
) -> None:
    a, b, _ = two(mariadb_queue)

    def owner() -> str:
        row = next(row for row in mariadb_queue.rows(tables.leases) if row.name == "watcher")
        return str(row.owner)

    def has_looked() -> bool:
        """Return whether the first pass has run; only later failures count as new."""
        cursors = {row.name: row.position for row in mariadb_queue.rows(tables.cursors)}
        return cursors["backfill_end"] is not None

    with running_watcher(a) as first:
        until(lambda: owner() == "a" and has_looked())
        with running_watcher(b):
            mariadb_queue.fail(1)
            until(lambda: mariadb_queue.count(tables.incidents))
            assert owner() == "a"
            first.stop()
            # The stopped watcher released the lease, so nobody waits for it to expire.
            assert owner() in {"", "b"}
            until(lambda: owner() == "b")
    assert owner() == ""
    assert mariadb_queue.count(tables.incidents) == 1
