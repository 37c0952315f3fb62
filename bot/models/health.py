"""The health of the bot and the problems of its background work, as values. No SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from bot.models.jobs import Value

MOST_MS = 200
"""Limit of a check's database time; above it, monitoring costs more than promised.

The promise is for three million jobs.
"""

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
    "audit-key-missing",
    "forged-link",
    "forged-record",
    "cursor-reset",
    "sample-old",
    "sample-missing",
    "unseen",
    "zone-offset",
]


class HealthProblem(Value):
    """One problem of a part, with its start (naive UTC) and the row or step concerned.

    `audit_key` is the name of the key that is missing.
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
    audit_key: str | None = None


class WatcherState(Value):
    """The leader (`replica` None: no leader now) and the database time of its checks.

    `pass_ms` is the slowest check of the ten seconds before `passed_at`, `worst_ms` the slowest of
    the last hour. Times are naive UTC.
    """

    replica: str | None
    since: datetime | None
    until: datetime
    epoch: int
    passed_at: datetime | None
    pass_ms: int | None
    worst_ms: int | None
    worst_at: datetime | None


class Undelivered(Value):
    """Overdue messages for one channel; `since` is naive UTC.

    `error` is Slack's error code for the oldest message, if Slack returned one.
    """

    channel: str
    count: int
    since: datetime
    error: str | None = None


class Health(Value):
    """The health of the bot: its leader, overdue messages, and problems of its background work."""

    watcher: WatcherState
    undelivered: tuple[Undelivered, ...] = ()
    problems: tuple[HealthProblem, ...]

    @property
    def is_good(self) -> bool:
        """Whether there is a leader, no message is overdue, and no problem is known."""
        return self.watcher.replica is not None and not self.undelivered and not self.problems
