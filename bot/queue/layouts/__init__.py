"""The layouts of a queue's tables; no other package names a column of these tables."""

from bot.queue.layouts.queue import LONGEST_QUEUE, Queue
from bot.queue.layouts.spec import (
    content_digest,
    failed_digest,
    job_digest,
    payload_digest,
    spec_tables,
)
from bot.queue.layouts.startup_checks import fitted, problems, require, warnings

__all__ = [
    "LONGEST_QUEUE",
    "Queue",
    "content_digest",
    "failed_digest",
    "fitted",
    "job_digest",
    "payload_digest",
    "problems",
    "require",
    "spec_tables",
    "warnings",
]
