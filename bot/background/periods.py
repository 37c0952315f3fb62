"""The periods of the background steps: when each step is due, and by when it must succeed."""

from bot.background.audit_verification import VERIFY_EVERY
from bot.background.database_load import KEEP_EVERY
from bot.background.metrics import COUNT_SECONDS

POLL, POLL_AT_REST = 0.5, 0.7
"""Seconds between two reads of the waiting work; a commit of this replica shortens this time.

At rest, a message about another replica's change still leaves within a second.
"""
INDEX_EVERY = 120.0
"""Seconds between two updates of the index without new failures, which move its cursor."""
SCAN_EVERY = 30.0
PROGRESS_EVERY = 10.0
"""Seconds between two log lines about the progress of a pass over the older failures."""
REGROUP_EVERY = 2.0
"""Seconds between two passes of the regrouping; each pass reads 1,000 failures."""
RELABEL_EVERY = 1.0
"""Seconds between two passes of the relabeling; each pass reads 500 failures."""
OUTCOMES_EVERY = 1.0
LIFECYCLE_EVERY, LIFECYCLE_AT_REST_EVERY = 1.0, 10.0
REST_AFTER = 120.0
"""The queue is at rest, and incidents only age, after this many seconds without a failure, a change
or an active rule.

An active rule is a metric rule with an active incident.
"""
SEAL_EVERY = 60.0
PURGE_EVERY, PURGE_AT_REST_EVERY = 60.0, 300.0
AGGREGATE_EVERY = 1.0
MERGE_EVERY = 300.0
ROLL_EVERY = 300.0
DIGEST_EVERY = 15.0
HEALTH_EVERY = 30.0
APPROVALS_EVERY = 5.0
STEPS_EVERY = 1.0
BULK_EVERY = 10.0
"""The period of bulk turns: a turn takes a few seconds, and its last batch a few seconds more."""


def periods(interval: float) -> dict[str, float]:
    """Return the period in which each step must succeed, in seconds, by its name."""
    return {
        **dict.fromkeys(("index", "group", "probe"), interval),
        **dict.fromkeys(("scan", "copy-removed"), max(SCAN_EVERY, interval)),
        "regroup": REGROUP_EVERY,
        "relabel": RELABEL_EVERY,
        **dict.fromkeys(("outcomes", "canary", "bulk-outcomes"), OUTCOMES_EVERY),
        "lifecycle": LIFECYCLE_AT_REST_EVERY,
        **dict.fromkeys(("seal", "refresh", "deliver"), POLL_AT_REST),
        "load": KEEP_EVERY,
        "purge": PURGE_AT_REST_EVERY,
        "aggregate": AGGREGATE_EVERY,
        "merge": MERGE_EVERY,
        "roll": ROLL_EVERY,
        "digest": DIGEST_EVERY,
        "health": HEALTH_EVERY,
        "approvals": APPROVALS_EVERY,
        "verify": VERIFY_EVERY,
        # The duration of the first count is unknown; each count sets the next count's period.
        "sample": COUNT_SECONDS,
        "bulk": BULK_EVERY,
    }
