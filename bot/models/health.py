"""What is wrong with the bot's own background work, as values. No SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from bot.models.jobs import Value

Part = Literal[
    "watcher",
    "failures",
    "counts",
    "incidents",
    "retries",
    "operations",
    "audit",
    "outbox",
    "metrics",
    "digest",
    "purge",
]
"""What people would miss: each part has one sentence that says so, and one incident at a time."""

PARTS: Mapping[str, Part] = {
    "index": "failures",
    "scan": "failures",
    "group": "failures",
    "aggregate": "counts",
    "merge": "counts",
    "probe": "incidents",
    "lifecycle": "incidents",
    "refresh": "incidents",
    "outcomes": "retries",
    "bulk-outcomes": "retries",
    "canary": "operations",
    "bulk": "operations",
    "seal": "audit",
    "deliver": "outbox",
    "sample": "metrics",
    "roll": "metrics",
    "digest": "digest",
    "purge": "purge",
    "load": "watcher",
    "health": "watcher",
}
"""The steps of the background work, and the part that each belongs to."""

ProblemCode = Literal[
    "nobody",
    "stalled",
    "step-failing",
    "step-late",
    "index-lag",
    "unsealed",
    "sample-old",
    "sample-missing",
    "unseen",
]


class HealthProblem(Value):
    """One thing that is wrong with a part, since when (naive UTC), and for which row or step.

    `unseen`: the part could not be checked, so nobody knows whether it works. `error` is a code,
    never a message, because a message may quote a payload.
    """

    part: Part
    code: ProblemCode
    since: datetime | None = None
    step: str | None = None
    row: int | None = None
    error: str | None = None
