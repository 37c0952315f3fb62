"""Failures in two queues, with two errors and two days."""

from datetime import datetime

from tests.kit.bulk_in_slack import OTHER
from tests.kit.queues import TestQueue, payload

OLD, NEW = datetime(2025, 11, 1, 8), datetime(2025, 11, 7, 18)  # noqa: DTZ001 wall clock


def fill(queue: TestQueue) -> None:
    """Add six failures: two queues, causes, days and shops; two of them have order 2."""
    queue.fail(41, order=1, failed_at=OLD)
    queue.fail(42, order=2, failed_at=NEW)
    queue.fail(43, order=3, failed_at=NEW, exception=OTHER)
    queue.fail(44, order=4, failed_at=OLD, queue="mail")
    queue.fail(45, order=5, failed_at=NEW, queue="mail", exception=OTHER)
    queue.fail(46, body=payload(2, tienda=7), failed_at=NEW, queue="mail")
