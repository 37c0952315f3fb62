"""The progress of a pass over the older failures: rows, rate and time left."""

from datetime import timedelta
from functools import partial

from bot.fingerprint.error_group import RULES
from bot.models.health import Backfill
from bot.store.cursors import set_position
from bot.store.failures import index as failures
from bot.store.failures.progress import progress
from tests.kit.failure_index import NOW, index, step
from tests.kit.queues import TestQueue


def current(queue: TestQueue, seconds: int) -> Backfill | None:
    """Return the progress at this time."""
    with queue.engine.begin() as connection:
        return progress(connection, queue.queue, NOW + timedelta(seconds=seconds))


def test_the_progress_of_a_backfill_has_its_rows_rate_and_remaining_time(queue: TestQueue) -> None:
    for number in range(101, 109):
        queue.fail(number)
    at_first = current(queue, 0)
    assert at_first is not None
    assert (at_first.rows, at_first.total) == (0, 8)

    step(queue, partial(failures.index_new, rows=4))

    half = Backfill(rows=4, total=8, per_second=2, seconds_left=2)
    assert current(queue, 2) == half
    index(queue)
    assert current(queue, 9) is None


def test_the_progress_of_regrouping_has_its_rows(queue: TestQueue) -> None:
    for _ in range(3):
        queue.fail()
    index(queue)
    with queue.engine.begin() as connection:
        for name, to in (("rules", RULES - 1), ("rules_next", RULES), ("rules_seq", 2)):
            set_position(connection, name, to)
    expected = Backfill(rows=2, total=3, per_second=None, seconds_left=None, regrouping=True)
    assert current(queue, 5) == expected
