"""The metric rules: which values of a queue are breached, and which values have recovered.

All functions here are pure, so that each rule can be read and tested alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.app.setup import Setup
from bot.models.alert_rules import (
    BACKLOG_GROWTH,
    FAILED_COUNT,
    NO_WORKER_ACTIVITY,
    OLDEST_JOB,
    STUCK_JOBS,
    AlertRule,
    Reading,
)
from bot.queue.index_probe import QueueProbe
from bot.store.incidents.probe_state import ProbeState
from bot.store.incidents.sampled_totals import Exact
from bot.wall_clock import unix

RECOVERED_AGE = 0.8
"""An age below this share of its limit has recovered."""
RECOVERED_COUNT = 0.9
RECOVERED_BACKLOG = 0.8
UNDECIDED_SECONDS = 60
"""`oldest_job` does not trigger in these last seconds before `no_worker_activity` triggers.

Otherwise one cause would have two alerts.
"""
TAKEN_AFTER_SECONDS = 30
"""A job that is taken this much later than a stuck job was taken by another, free worker.

The time is longer than the interval of checks.
"""
GROWN_SECONDS = 15 * 60
STEP_SECONDS = 5 * 60
STEP_TOLERANCE = 3 * 60
"""The maximum age of a count in seconds; large tables are counted every two minutes."""

Workers = Literal["moving", "busy", "still", "unknown"]


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """The known state of a queue at one moment (naive UTC).

    `active_subjects` are the subjects of active incidents. `activity_muted`: `no_worker_activity`
    is muted now.
    """

    setup: Setup
    probe: QueueProbe
    state: ProbeState
    exact: Exact | None
    active_subjects: Collection[str]
    now: datetime
    activity_muted: bool = False

    @property
    def at(self) -> int:
        """The moment in unix seconds."""
        return unix(self.now)

    @property
    def bounded(self) -> Exact | None:
        """The exact counts if the probe did not read every job; None if it did."""
        return None if self.probe.whole else self.exact

    @property
    def known(self) -> bool:
        """Whether the snapshot proves that jobs wait or that no job waits."""
        return self.probe.whole or self.probe.available > 0 or self.exact is not None

    @property
    def waiting(self) -> int:
        """The known number of available jobs."""
        return max(self.probe.available, self.bounded.available if self.bounded else 0)

    @property
    def counted(self) -> int | None:
        """The number of available jobs, or None without a recent count."""
        if self.probe.whole:
            return self.probe.available
        return None if self.exact is None else self.exact.available

    @property
    def age(self) -> int:
        """How many seconds the oldest available job has been available; 0 without such a job."""
        probed = 0 if self.probe.oldest_at is None else self.at - self.probe.oldest_at
        return max(0, probed, (self.bounded.oldest_seconds or 0) if self.bounded else 0)

    @property
    def busy(self) -> bool:
        """Whether a worker holds a job and does not count as dead, because it took it recently."""
        newest, setup = self.probe.newest_reserved_at, self.setup
        longest = max(setup.reserved_seconds, setup.alerting.worker_seconds or 0)
        return newest is not None and newest > self.at - longest

    @property
    def still_for(self) -> int:
        """How many seconds jobs have waited while no worker took or ended a job."""
        return self.state.still_for(self.now) if self.waiting else 0

    @property
    def is_inactive(self) -> bool:
        """Whether jobs wait and no worker has been active for too long."""
        long = self.still_for >= self.setup.alerting.no_worker_activity_seconds
        return self.waiting > 0 and long and not self.busy

    @property
    def workers(self) -> Workers:
        """Whether the workers make progress."""
        moved, limit = self.state.workers_active_at, self.setup.alerting.no_worker_activity_seconds
        if self.is_inactive:
            return "still"
        if moved is not None and self.now - moved < timedelta(seconds=limit):
            return "moving"
        return "busy" if self.busy else "unknown"

    def is_active(self, rule: AlertRule) -> bool:
        """Whether an incident of this rule is active for the queue."""
        return f"{rule}:{self.probe.queue}" in self.active_subjects

    def reading(
        self, rule: AlertRule, value: int, facts: Mapping[str, Any], **judged: bool
    ) -> Reading:
        """Return a reading of the queue: breached, recovered, or neither."""
        flags = {"breached": False, "recovered": False, **judged}
        # A reading is never both breached and recovered, even if a rule computed both values.
        return Reading(
            rule,
            self.probe.queue,
            flags["breached"],
            flags["recovered"] and not flags["breached"],
            value,
            facts,
        )


def of_queue(snapshot: QueueSnapshot) -> list[Reading]:
    """Return one reading per rule; an unknown value is neither breached nor recovered."""
    return [
        _oldest_job(snapshot),
        _no_worker_activity(snapshot),
        _stuck_jobs(snapshot),
        _backlog_growth(snapshot),
    ]


def _waits(snapshot: QueueSnapshot) -> dict[str, Any]:
    """Return the facts that alerts about waiting jobs show."""
    moved = snapshot.state.workers_active_at
    counted = "least" if snapshot.bounded is None else "about"
    return {
        "waiting": snapshot.waiting,
        "counted": "exact" if snapshot.probe.whole else counted,
        "workers": snapshot.workers,
        "moved": None if moved is None else max(0, (snapshot.now - moved) // timedelta(seconds=1)),
        "still": snapshot.still_for,
        "reserved": snapshot.probe.reserved,
    }


def _oldest_job(snapshot: QueueSnapshot) -> Reading:
    """Read the oldest available job, unless `no_worker_activity` is active or will trigger soon.

    A muted `no_worker_activity` notifies nobody, so it does not suppress this rule.
    """
    limit, silent_after = (
        snapshot.setup.oldest_seconds,
        snapshot.setup.alerting.no_worker_activity_seconds,
    )
    undecided = max(silent_after - UNDECIDED_SECONDS, silent_after // 2)
    still = snapshot.is_active(NO_WORKER_ACTIVITY) or (
        undecided <= snapshot.still_for and not snapshot.busy
    )
    suppressed = still and not snapshot.activity_muted
    return snapshot.reading(
        OLDEST_JOB,
        snapshot.age,
        {"limit": limit, **_waits(snapshot)},
        breached=snapshot.age > limit and (snapshot.is_active(OLDEST_JOB) or not suppressed),
        recovered=snapshot.known and snapshot.age < RECOVERED_AGE * limit,
    )


def _no_worker_activity(snapshot: QueueSnapshot) -> Reading:
    """Read worker activity; a first finished job is no recovery, the queue must catch up.

    If `oldest_job` is already active, its alert shows the missing activity.
    """
    limit = snapshot.setup.alerting.no_worker_activity_seconds
    caught_up = snapshot.age < RECOVERED_AGE * snapshot.setup.oldest_seconds
    moves = snapshot.still_for < RECOVERED_AGE * limit
    return snapshot.reading(
        NO_WORKER_ACTIVITY,
        snapshot.still_for,
        {"limit": limit, "age": snapshot.age, **_waits(snapshot)},
        breached=snapshot.is_inactive and not snapshot.is_active(OLDEST_JOB),
        recovered=snapshot.known and (not snapshot.waiting or (moves and caught_up)),
    )


def _stuck_jobs(snapshot: QueueSnapshot) -> Reading:
    """Read the jobs that workers have held for too long."""
    probe, setup = snapshot.probe, snapshot.setup
    limit, timeout = setup.reserved_seconds, setup.alerting.worker_seconds
    held_at = snapshot.state.stuck_at
    longest = (
        0 if probe.oldest_reserved_at is None else max(0, snapshot.at - probe.oldest_reserved_at)
    )
    facts: dict[str, Any] = {
        "limit": limit,
        "held": probe.held,
        "counted": "exact" if probe.whole else "least",
        "jobs": [
            [id_, snapshot.at - reserved_at, reserved_at] for reserved_at, id_ in probe.longest
        ],
    }
    if timeout is not None and timeout > limit:
        facts["timeout"] = timeout
    # A new job is below the limit at first, even if every job takes longer: that is no recovery.
    # The rule recovers if a free worker took another job, or if no job was stuck for a whole limit.
    rested = held_at is None or snapshot.now - held_at >= timedelta(seconds=limit)
    taken = probe.newest_reserved_at
    free = held_at is not None and taken is not None and taken > unix(held_at) + TAKEN_AFTER_SECONDS
    return snapshot.reading(
        STUCK_JOBS,
        longest,
        facts,
        breached=probe.held > 0,
        recovered=longest < RECOVERED_AGE * limit and (rested or free or not probe.reserved),
    )


def _backlog_growth(snapshot: QueueSnapshot) -> Reading:
    """Read the growth of the backlog: above the limit in 15 min, and above 0 in each 5 min."""
    limit, at = snapshot.setup.alerting.backlog_count, snapshot.at
    now = snapshot.counted
    steps = [
        snapshot.state.count_at(at - back, STEP_TOLERANCE)
        for back in range(STEP_SECONDS, GROWN_SECONDS + 1, STEP_SECONDS)
    ]
    known = [count for count in steps if count is not None]
    facts: dict[str, Any] = {
        "limit": limit,
        "minutes": GROWN_SECONDS // 60,
        "counted": "exact" if snapshot.probe.whole else "about",
    }
    if now is None:
        return snapshot.reading(BACKLOG_GROWTH, snapshot.waiting, facts)
    few = now < RECOVERED_BACKLOG * limit
    if len(known) < len(steps):
        return snapshot.reading(BACKLOG_GROWTH, now, facts, recovered=few)
    five, ten, fifteen = known
    grows = now > five
    return snapshot.reading(
        BACKLOG_GROWTH,
        now,
        {**facts, "grown": now - fifteen, "grows": grows},
        breached=grows and five > ten > fifteen and now - fifteen >= limit,
        recovered=few or now <= five <= ten,
    )


def of_failed(setup: Setup, failed: int, facts: Mapping[str, Any]) -> Reading:
    """Return the reading of the number of failed jobs in all queues together."""
    limit = setup.failed_count
    breached, recovered = failed > limit, failed < RECOVERED_COUNT * limit
    return Reading(FAILED_COUNT, None, breached, recovered, failed, {"limit": limit, **facts})
