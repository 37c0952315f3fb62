"""With many queues, the checks take turns: each queue is read, and `watch` says when."""

from datetime import timedelta

from sqlalchemy import insert

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

    checks = 0
    with queue.engine.begin() as connection:
        now = now_of(connection)
        while len(probe_state.load(connection)) < QUEUES and checks < CHECKS:
            probe.check(setup, connection, now + timedelta(seconds=5 * checks), 5.0)
            checks += 1

    assert checks < CHECKS
    watch = ask(setup, "watch")
    assert isinstance(watch.result, WatchResult)
    listed = [check.queue for check in watch.result.extra.checks]
    assert sorted(listed) == [f"tenant-{number:04}" for number in range(QUEUES)]
    times = [check.checked_at for check in watch.result.extra.checks]
    assert times == sorted(times)
    assert f"Checks: {QUEUES} queues in turns" in text_of(setup, watch)
