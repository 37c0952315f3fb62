"""With many queues, the checks take turns: each queue is read, and `watch` says when."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, insert

from bot.background.incidents import probe
from bot.commands.watch import WatchResult
from bot.database.transactions import now_of
from bot.store.incidents import probe_state
from tests.kit.kept_database import queue_on_mariadb
from tests.kit.on_call import text_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup

__all__ = ["queue_on_mariadb"]
QUEUES = probe.NAMES + 20
CHECKS = 200


def test_each_queue_is_checked_in_turn_beyond_the_names_of_one_check(queue: TestQueue) -> None:
    setup = make_setup(queue)
    row = {"payload": "{}", "attempts": 0, "available_at": 1, "created_at": 1}
    with queue.engine.begin() as connection:
        rows = [{**row, "queue": f"tenant-{number:04}"} for number in range(QUEUES)]
        connection.execute(insert(queue.queue.jobs), rows)

    checks, remembered = 0, []
    with queue.engine.begin() as connection:
        now = now_of(connection)
        while _unread(connection) != 0 and checks < CHECKS:
            probe.check(setup, connection, now + timedelta(seconds=5 * checks), 5.0)
            checks += 1
            remembered.append(len(probe_state.load(connection)))

    # Names are remembered when they are read: the queues wait for their first check.
    assert remembered[0] == probe.NAMES
    assert remembered[-1] == QUEUES
    assert checks < CHECKS
    watch = ask(setup, "watch")
    assert isinstance(watch.result, WatchResult)
    listed = [check.queue for check in watch.result.extra.checks]
    assert sorted(listed) == [f"tenant-{number:04}" for number in range(QUEUES)]
    times = [check.checked_at for check in watch.result.extra.checks if check.checked_at]
    assert len(times) == QUEUES
    assert times == sorted(times)
    assert f"Checks: {QUEUES} queues in turns" in text_of(setup, watch)
    assert "first check" not in text_of(setup, watch)


def test_the_watch_counts_the_queues_that_no_check_has_read_yet(queue: TestQueue) -> None:
    setup = make_setup(queue)
    for number in range(3):
        queue.push(queue=f"tenant-{number}")
    with queue.engine.begin() as connection:
        probe.check(setup, connection, now_of(connection), 5.0)
        states = probe_state.load(connection).values()
        unread = [replace(state, probed_at=probe_state.NEVER) for state in states][1:]
        probe_state.keep(connection, unread, [])

    watch = ask(setup, "watch")

    assert isinstance(watch.result, WatchResult)
    assert [check.checked_at for check in watch.result.extra.checks][:2] == [None, None]
    assert "Checks: 1 queue, checked" in text_of(setup, watch)
    assert "2 more queues wait for their first check" in text_of(setup, watch)


def _unread(connection: Connection) -> int | None:
    """Return the number of queues that no check has read; None before the first check."""
    states = probe_state.load(connection).values()
    return sum(not state.is_read for state in states) + QUEUES - len(states) if states else None
