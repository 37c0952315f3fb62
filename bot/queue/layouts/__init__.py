"""The layouts of a queue's tables; no other package names a column of these tables."""

from bot.queue.layouts.detection import all_layouts, detect
from bot.queue.layouts.digests import content_digest, failed_digest, job_digest
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.queue import LONGEST_QUEUE, Queue
from bot.queue.layouts.spec import spec_tables
from bot.queue.layouts.startup_checks import (
    fitted,
    problems,
    require,
    unseen_triggers,
    warnings,
)

__all__ = [
    "LONGEST_QUEUE",
    "Layout",
    "Queue",
    "all_layouts",
    "content_digest",
    "detect",
    "failed_digest",
    "fitted",
    "job_digest",
    "problems",
    "require",
    "spec_tables",
    "unseen_triggers",
    "warnings",
]
