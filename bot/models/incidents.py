"""The values of incidents and of the state of monitoring. This module has no SQL."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.models.alert_rules import METRIC_RULES, AlertRule
from bot.models.health import Backfill, Health
from bot.models.mutes import Mute, NamedMute
from bot.models.operations import Freeze, Progress
from bot.models.value import KeyedValue, Value

IncidentState = Literal["triggered", "acknowledged", "resolved"]
"""The states of an incident."""

Resolution = Literal["recovered", "quiet"]
"""How an incident ended. `quiet`: failed jobs are left, but no new failures happen."""


@dataclass(frozen=True, slots=True)
class Incident:
    """The columns of an incident's row; `store/tables/incidents.py` explains them.

    Times are naive UTC, except that `first_failed_at` and `last_failed_at` are on the queue's wall
    clock. `value` and `peak` are in seconds or jobs, depending on the alert rule. `count` is the
    number of failed jobs. A job that was retried and failed again counts once.
    """

    id: int
    rule: AlertRule
    subject: str
    active_subject: str | None
    queue: str | None
    error_group: int | None
    triggered_at: datetime
    last_at: datetime
    recovered_since: datetime | None
    resolved_at: datetime | None
    resolution: Resolution | None
    reopened: int
    reopened_at: datetime | None
    posted_at: datetime | None
    drawn_at: datetime | None
    count: int
    retried: int
    deleted: int
    removed: int
    first_failed_at: datetime | None
    last_failed_at: datetime | None
    first_seq: int | None
    failed_id: int | None
    row_digest: str | None
    settled_by: str | None
    settled_how: str | None
    settled_at: datetime | None
    value: int | None
    peak: int | None
    facts: str | None
    processed: int | None
    failed: int | None
    baseline: str | None
    sole_queue: bool | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    assigned_by: str | None
    muted_until: datetime | None
    escalations: int
    escalated_at: datetime | None
    called_at: datetime | None
    notified_size: int
    stale: bool
    channel: str | None
    message_ts: str | None

    @property
    def is_active(self) -> bool:
        """Whether the incident is not resolved."""
        return self.active_subject is not None

    @property
    def state(self) -> IncidentState:
        """Return the state. An incident loses its acknowledgement when it is triggered again."""
        if not self.is_active:
            return "resolved"
        return "triggered" if self.acknowledged_at is None else "acknowledged"

    @property
    def is_of_metric_rule(self) -> bool:
        """Whether the incident's alert rule compares a metric with a limit."""
        return self.rule in METRIC_RULES

    @property
    def pool(self) -> tuple[str, ...]:
        """Return the queues that share this incident because their workers stopped together."""
        facts = json.loads(self.facts) if self.facts and '"pool"' in self.facts else {}
        return tuple(facts.get("pool", ()))

    @property
    def failures_left(self) -> int:
        """Return how many of the incident's failures were in `failed_jobs` at the last count."""
        return max(0, self.count - self.removed)

    @property
    def needs_attention(self) -> bool:
        """Whether the incident is active and its problem persists."""
        if not self.is_active:
            return False
        return self.recovered_since is None if self.is_of_metric_rule else self.failures_left > 0

    @property
    def size(self) -> int:
        """Return the number in the alert: the number of failures, or the value of the rule."""
        return (self.value or 0) if self.is_of_metric_rule else self.count


def muted_until(mutes: Iterable[Mute], incident: Incident) -> datetime | None:
    """Return the latest end of the mutes that apply to the incident, or None if no mute applies.

    A mute applies if it is for the incident's rule, queue, error group, or rule in this queue. An
    incident of an error group has a queue only while all of its failures are from one queue. A
    mute of a queue does not apply to an incident without a queue.
    """
    ends = [
        mute.until
        for mute in mutes
        if mute.topic.covers(incident.rule, incident.queue, incident.error_group)
    ]
    return max(ends, default=None)


class ListedIncident(KeyedValue):
    """An incident in a list. `incident` is `I12`; `error` and `name` are the error group's.

    `error` is an id such as `E12`. `count` is the number of the incident's failures. `value` is
    the metric in seconds or jobs. Times are naive UTC.
    """

    incident: str
    rule: str = Field(alias="kind")
    queue: str | None
    error: str | None
    name: str | None
    triggered_at: datetime = Field(alias="opened_at")
    resolved_at: datetime | None = Field(default=None, alias="closed_at")
    count: int
    value: int | None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    assigned_by: str | None = None
    muted_until: datetime | None = None


class Limits(Value):
    """The limits of the alert rules from the settings, in seconds and jobs.

    `worker_seconds` is the timeout of the workers, if the settings have a timeout.
    """

    oldest_seconds: int
    reserved_seconds: int
    failed_count: int
    backlog_count: int
    no_worker_activity_seconds: int
    alerts_per_minute: int
    escalate_seconds: int
    remind_seconds: int
    resolve_seconds: int
    worker_seconds: int | None


class Watching(Value):
    """The state of monitoring: limits, active incidents, mutes, and the health of the bot.

    The functions `overview` and `mutes` read at most `MOST` incidents and mutes.
    """

    limits: Limits
    incidents: tuple[ListedIncident, ...]
    mutes: tuple[NamedMute, ...]
    health: Health


class Handover(Value):
    """The work in progress: active incidents, mutes, running operations and the change freeze."""

    incidents: tuple[ListedIncident, ...]
    mutes: tuple[NamedMute, ...]
    operations: tuple[Progress, ...]
    freeze: Freeze | None


class QueueCheck(Value):
    """A queue and the time of its last check (naive UTC); None: no check has read it yet."""

    queue: str
    checked_at: datetime | None


class WatchRoute(Value):
    """A route of `queue-bot.toml`. None: the setting of all queues. Quiet hours are `22:00`."""

    queues: tuple[str, ...]
    channel: str | None = None
    mention: str | None = None
    oldest_seconds: int | None = None
    no_worker_activity_seconds: int | None = None
    backlog_count: int | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None


class WatchExtra(Value):
    """The channels of alerts and the digest, and the digest's time (`09:00` in `zone`) and days.

    Days are numbers; Monday is 0. `reserved_too_soon`: the limit for stuck jobs is shorter than
    the timeout of the workers, so a job counts as stuck before its worker's timeout. `checks` are
    the queues; the queue with the earliest check is the first. `routes` are in the order of their
    file. `backfill` is the progress of the index of failures.
    """

    alert_channel: str | None
    digest_channel: str | None
    digest_at: str | None
    digest_days: tuple[int, ...]
    zone: str
    reserved_too_soon: bool
    checks: tuple[QueueCheck, ...] = ()
    routes: tuple[WatchRoute, ...] = ()
    backfill: Backfill | None = None
