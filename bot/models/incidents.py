"""Incidents, mutes and what is monitored, as values. No SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from bot.models.alert_rules import METRIC_RULES, AlertRule
from bot.models.health import HealthProblem
from bot.models.jobs import Value

MOST_MS = 200
"""Database time of a pass above which it costs more than is promised at three million jobs."""

IncidentState = Literal["triggered", "acknowledged", "resolved"]
"""Where an incident is in its life."""

Resolution = Literal["recovered", "quiet"]
"""How an incident ended: nothing is wrong any more, or failed jobs are left and no new one came."""


class KeyedValue(Value):
    """A value whose JSON keeps the keys that its fields had before they were renamed."""

    model_config = ConfigDict(
        serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )


class Topic(KeyedValue):
    """What a mute is of: one error group, one queue, or one alert rule; the rest is None."""

    error_group: int | None = None
    queue: str | None = None
    rule: AlertRule | None = Field(default=None, alias="kind")

    @property
    def word(self) -> str:
        """How people write it: `E12`, a queue's name, a rule's name."""
        if self.error_group is not None:
            return f"E{self.error_group}"
        return self.queue if self.queue is not None else str(self.rule)

    def words(self) -> dict[str, str]:
        """It by the name of the argument that it is typed as, for the audit."""
        name = (
            "error" if self.error_group is not None else "alert" if self.queue is None else "queue"
        )
        return {name: self.word}

    def covers(self, rule: str, queue: str | None, error_group: int | None) -> bool:
        """Whether an incident of this rule, queue and error group is about it."""
        same_group = self.error_group is not None and self.error_group == error_group
        same_queue = self.queue is not None and self.queue == queue
        return same_group or same_queue or self.rule == rule

    @property
    def subject(self) -> str:
        """What a mute of it is known by: `group:12`, `queue:mail`, `rule:oldest_job`."""
        if self.error_group is not None:
            return f"group:{self.error_group}"
        return f"queue:{self.queue}" if self.queue is not None else f"rule:{self.rule}"


class Mute(Value):
    """A mute in force: of what, by whom and since when, and when it ends by itself (naive UTC)."""

    topic: Topic
    by: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Incident:
    """A problem with a life: the columns of its row, which `store/tables/incidents.py` explains.

    Times are naive UTC. `value` and `peak` are seconds or jobs, as the alert rule counts.
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
    muted_until: datetime | None
    escalations: int
    escalated_at: datetime | None
    notified_size: int
    stale: bool
    channel: str | None
    message_ts: str | None

    @property
    def is_active(self) -> bool:
        """Whether it is not resolved."""
        return self.active_subject is not None

    @property
    def state(self) -> IncidentState:
        """Where it is in its life; when it is triggered again, nobody has acknowledged it."""
        if not self.is_active:
            return "resolved"
        return "triggered" if self.acknowledged_at is None else "acknowledged"

    @property
    def is_of_metric_rule(self) -> bool:
        """Whether the rule that triggered it compares a metric with a limit."""
        return self.rule in METRIC_RULES

    @property
    def failures_left(self) -> int:
        """How many of its failures are still in `failed_jobs`, as far as that was counted."""
        return max(0, self.count - self.removed)

    @property
    def needs_attention(self) -> bool:
        """Whether it is active and something is still wrong."""
        if not self.is_active:
            return False
        return self.recovered_since is None if self.is_of_metric_rule else self.failures_left > 0

    @property
    def size(self) -> int:
        """The number that its alert shows: its failures, or the value of its rule."""
        return (self.value or 0) if self.is_of_metric_rule else self.count


def muted_until(mutes: Iterable[Mute], incident: Incident) -> datetime | None:
    """Return until when the longest of these mutes silences the incident; None: none does.

    Its rule, its queue or its error group is enough. An incident of an error group has a queue
    only while all of its failures are of one queue: only then does muting that queue mute it.
    """
    ends = [
        mute.until
        for mute in mutes
        if mute.topic.covers(incident.rule, incident.queue, incident.error_group)
    ]
    return max(ends, default=None)


class ListedIncident(KeyedValue):
    """An incident in a line; `incident` is `I12`, `error` the group's `E12`, `name` its text.

    `count` are its failures, `value` the figure that is watched, in seconds or jobs. Times are
    naive UTC.
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
    muted_until: datetime | None = None


class MuteDetails(Value):
    """A mute with its effects; `name` is the text of its error group.

    `extended` is until when it was muted before. `no_jobs`: the queue has none now. `incidents`
    that are open are muted by it.
    """

    mute: Mute
    name: str | None = None
    extended: datetime | None = None
    no_jobs: bool = False
    incidents: int = 0


class NamedMute(Value):
    """A mute in a list; `error` is the group's `E12`, `name` its text. Times are naive UTC."""

    error: str | None
    name: str | None
    queue: str | None
    alert: str | None
    by: str
    at: datetime
    until: datetime

    @property
    def topic(self) -> Topic:
        """What it is of."""
        group = None if self.error is None else int(self.error.removeprefix("E"))
        return Topic.model_validate({"error_group": group, "queue": self.queue, "rule": self.alert})


class Limits(Value):
    """From when something is told of: seconds and jobs, as the settings have them.

    `worker_seconds` is the workers' own timeout, where it is known.
    """

    oldest_seconds: int
    reserved_seconds: int
    failed_count: int
    backlog_count: int
    silent_seconds: int
    alerts_per_minute: int
    escalate_seconds: int
    recover_seconds: int
    worker_seconds: int | None


class WatcherState(Value):
    """Who holds the lease (`replica` None: nobody now), and what watching costs the database.

    `pass_ms` is the dearest pass of the ten seconds before `passed_at`, `worst_ms` that of the hour
    before now. Times are naive UTC.
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
    """Messages for one channel that Slack should have by now; `since` is naive UTC.

    `error` is what Slack said of the oldest, where it said anything.
    """

    channel: str
    count: int
    since: datetime
    error: str | None = None


class Health(Value):
    """Whether what runs by itself does: who watches, what is not delivered, and what is wrong."""

    watcher: WatcherState
    undelivered: tuple[Undelivered, ...] = ()
    problems: tuple[HealthProblem, ...]

    @property
    def is_good(self) -> bool:
        """Whether somebody watches, everything arrives, and no problem is known."""
        return self.watcher.replica is not None and not self.undelivered and not self.problems


class Watching(Value):
    """What is watched: the limits, what is open, what is muted, and how the bot itself is.

    At most `MOST` of each are listed, as `watch_reads` and `mutes` have it.
    """

    limits: Limits
    incidents: tuple[ListedIncident, ...]
    mutes: tuple[NamedMute, ...]
    health: Health


class WatchExtra(Value):
    """Where alerts and the digest go: at `09:00` in `zone`, on days that count from Monday, 0.

    `reserved_too_soon`: a job counts as stuck before its worker would give it up.
    """

    alert_channel: str | None
    digest_channel: str | None
    digest_at: str | None
    digest_days: tuple[int, ...]
    zone: str
    reserved_too_soon: bool
