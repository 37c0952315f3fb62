"""The values of the bot's health and of its background problems. This module has no SQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.models.value import Value, is_empty

MOST_MS = 200
"""The limit of a check's database time in milliseconds.

A slower check breaks the promise about the cost of monitoring, which covers three million jobs.
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
"""The parts whose failure people notice. Each has one sentence and at most one active incident."""

PARTS: Mapping[str, Part] = {
    "index": "failures",
    "scan": "failures",
    "copy-removed": "failures",
    "regroup": "failures",
    "relabel": "failures",
    "group": "failures",
    "aggregate": "counts",
    "merge": "counts",
    "probe": "incidents",
    "lifecycle": "incidents",
    "refresh": "incidents",
    "outcomes": "retries",
    "bulk-outcomes": "retries",
    "canary": "operations",
    "approvals": "operations",
    "bulk": "operations",
    "seal": "audit",
    "verify": "audit",
    "deliver": "outbox",
    "sample": "metrics",
    "roll": "metrics",
    "digest": "digest",
    "purge": "purge",
    "load": "watcher",
    "health": "watcher",
}
"""The part of the bot to which each step of the background work belongs."""

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
    "verify-failed",
    "cursor-reset",
    "sample-old",
    "sample-missing",
    "unseen",
    "zone-offset",
]


class HealthProblem(Value):
    """One problem of a part, its start (naive UTC), and the affected row or step.

    `audit_key` is the name of the missing key.
    `minutes` is only for `zone-offset`: how much earlier `failed_at` is than the real failure.
    `unseen`: the bot could not check the part, so the part's state is unknown. `error` is a code,
    never a message, because a message may quote a payload.
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
    """The leader and the database time of its checks. `replica` is None if there is no leader.

    `pass_ms` is the time of the slowest check in the ten seconds before `passed_at`. `worst_ms` is
    the time of the slowest check in the last hour. Times are naive UTC.
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
    """The overdue messages of one channel. `since` is naive UTC.

    `error` is Slack's error code for the oldest message, if Slack returned one.
    """

    channel: str
    count: int
    since: datetime
    error: str | None = None


class Backfill(Value):
    """The progress of indexing the failures from before the bot's first start.

    `total` is an estimate, because ids may have gaps. `per_second` and `seconds_left` are None
    before the first rows. `regrouping`: the bot regroups the indexed failures by new rules.
    `relabeling`: the bot reads the subjects of the indexed failures again.
    """

    rows: int
    total: int
    per_second: int | None
    seconds_left: int | None
    regrouping: bool = False
    relabeling: bool = Field(default=False, exclude_if=is_empty)


class Health(Value):
    """The health of the bot: its leader, overdue messages, and problems of its background work."""

    watcher: WatcherState
    undelivered: tuple[Undelivered, ...] = ()
    problems: tuple[HealthProblem, ...]

    @property
    def is_good(self) -> bool:
        """Whether there is a leader, no message is overdue, and no problem is known."""
        return self.watcher.replica is not None and not self.undelivered and not self.problems
