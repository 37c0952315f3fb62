"""Problems of the bot's own background work, as values. No SQL."""

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
    "times",
]
"""The parts whose failure people notice; each has one sentence and at most one open incident."""

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
"""The steps of the background work, with the part to which each belongs."""

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
    "zone-offset",
]


class HealthProblem(Value):
    """One problem of a part, with its start (naive UTC) and the row or step concerned.

    `minutes`: how much earlier `failed_at` is than the failures happened, for `zone-offset`.
    `unseen`: the part could not be checked, so its state is not known. `error` is a code, never a
    message, because a message may quote a payload.
    """

    part: Part
    code: ProblemCode
    since: datetime | None = None
    step: str | None = None
    row: int | None = None
    error: str | None = None
    minutes: int | None = None
