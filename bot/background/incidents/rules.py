"""What a look at a queue says: which of its figures are beyond their limit, and which well within.

Everything here is computed from values, so that each rule can be read and tested by itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.app.command import Setup
from bot.background.incidents.reading import Reading
from bot.models.alert_rules import BACKLOG, FAILED, OLDEST, RESERVED, SILENT
from bot.queue.index_probe import QueueProbe
from bot.store.incidents.probe_state import ProbeState
from bot.store.incidents.sampled_totals import Exact
from bot.wall_clock import unix

CLEAR_AGE = 0.8
"""An age is well within its limit below this share of it."""
CLEAR_COUNT = 0.9
CLEAR_BACKLOG = 0.8
UNDECIDED_SECONDS = 60
"""A queue that is about to be called silent is not called old first: one cause, one message."""
TAKEN_AFTER_SECONDS = 30
"""Longer than a look takes to come: what was taken so long after one was taken by a free worker."""
GROWN_SECONDS = 15 * 60
STEP_SECONDS = 5 * 60
STEP_TOLERANCE = 3 * 60
"""How old the figure of a moment may be: in large tables one is counted every two minutes."""

Workers = Literal["moving", "busy", "still", "unknown"]


@dataclass(frozen=True, slots=True)
class Look:
    """All that is known of a queue at one moment (naive UTC).

    `open_subjects` are those of the incidents that are open. `silence_muted`: that workers are
    silent is told to nobody now.
    """

    setup: Setup
    seen: QueueProbe
    state: ProbeState
    exact: Exact | None
    open_subjects: Collection[str]
    now: datetime
    silence_muted: bool = False

    @property
    def at(self) -> int:
        """The moment in unix seconds."""
        return unix(self.now)

    @property
    def bounded(self) -> Exact | None:
        """The exact figures, where the glance did not see everything itself."""
        return None if self.seen.whole else self.exact

    @property
    def known(self) -> bool:
        """Whether it can be said if jobs wait."""
        return self.seen.whole or self.seen.available > 0 or self.exact is not None

    @property
    def waiting(self) -> int:
        """How many available jobs are known of."""
        return max(self.seen.available, self.bounded.available if self.bounded else 0)

    @property
    def counted(self) -> int | None:
        """How many jobs may be taken; None where nobody has counted them lately."""
        if self.seen.whole:
            return self.seen.available
        return None if self.exact is None else self.exact.available

    @property
    def age(self) -> int:
        """For how many seconds the oldest available job could have been taken; 0: there is none."""
        seen = 0 if self.seen.oldest_at is None else self.at - self.seen.oldest_at
        return max(0, seen, (self.bounded.oldest_seconds or 0) if self.bounded else 0)

    @property
    def busy(self) -> bool:
        """Whether a worker has a job, and not for so long that it must be taken for dead."""
        newest, setup = self.seen.newest_reserved_at, self.setup
        longest = max(setup.reserved_seconds, setup.alerting.worker_seconds or 0)
        return newest is not None and newest > self.at - longest

    @property
    def still_for(self) -> int:
        """For how many seconds jobs wait and no worker took or ended any."""
        return self.state.still_for(self.now) if self.waiting else 0

    @property
    def silent(self) -> bool:
        """Whether that is too long."""
        long = self.still_for >= self.setup.alerting.silent_seconds
        return self.waiting > 0 and long and not self.busy

    @property
    def workers(self) -> Workers:
        """Whether the workers make progress."""
        moved, limit = self.state.workers_active_at, self.setup.alerting.silent_seconds
        if self.silent:
            return "still"
        if moved is not None and self.now - moved < timedelta(seconds=limit):
            return "moving"
        return "busy" if self.busy else "unknown"

    def is_open(self, kind: str) -> bool:
        """Whether an incident of this kind is open for the queue."""
        return f"{kind}:{self.seen.queue}" in self.open_subjects

    def sign(self, kind: str, value: int, facts: Mapping[str, Any], **judged: bool) -> Reading:
        """A sign of the queue: `bad`, `clear`, or neither."""
        kept = {"bad": False, "clear": False, **judged}
        # What one cannot be while it is the other, whatever was known when it was judged.
        return Reading(
            kind, self.seen.queue, kept["bad"], kept["clear"] and not kept["bad"], value, facts
        )


def of_queue(look: Look) -> list[Reading]:
    """One sign a kind; of what cannot be known it is neither bad nor clear."""
    return [_oldest(look), _silent(look), _reserved(look), _backlog(look)]


def _waits(look: Look) -> dict[str, Any]:
    """What messages about waiting jobs draw."""
    moved = look.state.workers_active_at
    counted = "least" if look.bounded is None else "about"
    return {
        "waiting": look.waiting,
        "counted": "exact" if look.seen.whole else counted,
        "workers": look.workers,
        "moved": None if moved is None else max(0, (look.now - moved) // timedelta(seconds=1)),
        "still": look.still_for,
        "reserved": look.seen.reserved,
    }


def _oldest(look: Look) -> Reading:
    """The oldest available job; not where the workers' silence is told already, or about to be.

    Silence that is muted is told to nobody, so it hushes nothing.
    """
    limit, silent_after = look.setup.oldest_seconds, look.setup.alerting.silent_seconds
    undecided = max(silent_after - UNDECIDED_SECONDS, silent_after // 2)
    still = look.is_open(SILENT) or (undecided <= look.still_for and not look.busy)
    suppressed = still and not look.silence_muted
    return look.sign(
        OLDEST,
        look.age,
        {"limit": limit, **_waits(look)},
        bad=look.age > limit and (look.is_open(OLDEST) or not suppressed),
        clear=look.known and look.age < CLEAR_AGE * limit,
    )


def _silent(look: Look) -> Reading:
    """Jobs wait and nothing moves. It is over when the queue has caught up, not at the first job.

    Where the age of the oldest job was told before, that message says that nothing moves.
    """
    limit = look.setup.alerting.silent_seconds
    caught_up = look.age < CLEAR_AGE * look.setup.oldest_seconds
    moves = look.still_for < CLEAR_AGE * limit
    return look.sign(
        SILENT,
        look.still_for,
        {"limit": limit, "age": look.age, **_waits(look)},
        bad=look.silent and not look.is_open(OLDEST),
        clear=look.known and (not look.waiting or (moves and caught_up)),
    )


def _reserved(look: Look) -> Reading:
    """Jobs that a worker has for too long."""
    seen, setup = look.seen, look.setup
    limit, timeout = setup.reserved_seconds, setup.alerting.worker_seconds
    held_at = look.state.stuck_at
    longest = 0 if seen.oldest_reserved_at is None else max(0, look.at - seen.oldest_reserved_at)
    facts: dict[str, Any] = {
        "limit": limit,
        "held": seen.held,
        "counted": "exact" if seen.whole else "least",
        "jobs": [[id_, look.at - reserved_at] for reserved_at, id_ in seen.longest],
    }
    if timeout is not None and timeout > limit:
        facts["timeout"] = timeout
    # Where every job takes longer than the limit, each is new for a while: that is no recovery. It
    # is one when a worker was free to take another, or when none was late for a whole limit.
    rested = held_at is None or look.now - held_at >= timedelta(seconds=limit)
    taken = seen.newest_reserved_at
    free = held_at is not None and taken is not None and taken > unix(held_at) + TAKEN_AFTER_SECONDS
    return look.sign(
        RESERVED,
        longest,
        facts,
        bad=seen.held > 0,
        clear=longest < CLEAR_AGE * limit and (rested or free or not seen.reserved),
    )


def _backlog(look: Look) -> Reading:
    """More and more jobs wait: so many more than a while ago, and more with each third of it."""
    limit, at = look.setup.alerting.backlog_count, look.at
    now = look.counted
    steps = [
        look.state.count_at(at - back, STEP_TOLERANCE)
        for back in range(STEP_SECONDS, GROWN_SECONDS + 1, STEP_SECONDS)
    ]
    known = [count for count in steps if count is not None]
    facts: dict[str, Any] = {
        "limit": limit,
        "minutes": GROWN_SECONDS // 60,
        "counted": "exact" if look.seen.whole else "about",
    }
    if now is None:
        return look.sign(BACKLOG, look.waiting, facts)
    few = now < CLEAR_BACKLOG * limit
    if len(known) < len(steps):
        return look.sign(BACKLOG, now, facts, clear=few)
    five, ten, fifteen = known
    grows = now > five
    return look.sign(
        BACKLOG,
        now,
        {**facts, "grown": now - fifteen, "grows": grows},
        bad=grows and five > ten > fifteen and now - fifteen >= limit,
        clear=few or now <= five <= ten,
    )


def of_failed(setup: Setup, failed: int, facts: Mapping[str, Any]) -> Reading:
    """The number of failed jobs, in all queues together."""
    limit = setup.failed_count
    bad, clear = failed > limit, failed < CLEAR_COUNT * limit
    return Reading(FAILED, None, bad, clear, failed, {"limit": limit, **facts})
