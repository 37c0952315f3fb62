"""The probe state: each queue's last check, which the next check needs to detect worker activity.

The database stores the state, so that a replica that becomes the leader can read it.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from bot.models.alert_rules import METRIC_RULES, NO_WORKER_ACTIVITY
from bot.queue.index_probe import QueueProbe
from bot.queue.layouts import Queue
from bot.store.tables import archive, failures, incidents, probe_states
from bot.wall_clock import unix, utc_of_unix

POINT_SECONDS = 60
KEPT_SECONDS = 20 * 60
NEWEST_FAILURES = 500
"""The last failure of each queue is searched for among this many newest failures."""
MOST_ACTIVE = 500
NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 naive UTC
"""The `probed_at` of a queue whose name is known, but which no check has read yet."""


@dataclass(frozen=True, slots=True)
class ProbeState:
    """The state of one queue. `counts` are pairs of unix seconds and available jobs."""

    queue: str
    probed_at: datetime
    empty_since: datetime | None = None
    available_since: datetime | None = None
    first_available_id: int | None = None
    newest_reserved_at: int | None = None
    workers_active_at: datetime | None = None
    stuck_at: datetime | None = None
    counts: tuple[tuple[int, int], ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether a check has read the queue."""
        return self.probed_at != NEVER

    def still_for(self, now: datetime) -> int:
        """Return the seconds in which jobs were available without known worker activity.

        The time before the first check is unknown and does not count.
        """
        if self.available_since is None:
            return 0
        since = max(self.available_since, self.workers_active_at or self.available_since)
        return max(0, (now - since) // timedelta(seconds=1))

    def count_at(self, at: int, tolerance: int) -> int | None:
        """Return the available jobs at `at` (unix seconds) or up to `tolerance` s earlier."""
        counts = [count for when, count in self.counts if at - tolerance <= when <= at]
        return counts[-1] if counts else None


def load(connection: Connection) -> dict[str, ProbeState]:
    """Return the state of each queue, by the queue's name."""
    rows = connection.execute(select(probe_states)).mappings()
    return {row["queue"]: ProbeState(**{**row, "counts": _points(row["counts"])}) for row in rows}


def checked(connection: Connection) -> list[tuple[str, datetime | None]]:
    """Return each queue and the time of its last check, the oldest check first.

    The time is None for a queue that no check has read yet; these queues are first.
    """
    c = probe_states.c
    rows = connection.execute(select(c.queue, c.probed_at).order_by(c.probed_at, c.queue))
    return [(row.queue, None if row.probed_at == NEVER else row.probed_at) for row in rows]


def keep(connection: Connection, states: Collection[ProbeState], removed: Collection[str]) -> None:
    """Store these states, and delete the states of the queues named in `removed`."""
    changed = [state.queue for state in states] + list(removed)
    if changed:
        connection.execute(delete(probe_states).where(probe_states.c.queue.in_(changed)))
    rows = [
        {name: getattr(state, name) for name in ProbeState.__slots__}
        | {"counts": json.dumps(state.counts, separators=(",", ":"))}
        for state in states
    ]
    if rows:
        connection.execute(insert(probe_states), rows)


def after(
    before: ProbeState | None, probe: QueueProbe, now: datetime, active: Iterable[datetime | None]
) -> ProbeState:
    """Return the state after a probe; `active` are times at which a worker was active."""
    state = before or ProbeState(probe.queue, now)
    moments = [at for at in (state.workers_active_at, *active) if at is not None]
    empty = probe.whole and not probe.available and not probe.reserved
    # A probe that did not read all jobs may have missed available jobs.
    unknown = not probe.whole and not probe.available
    return replace(
        state,
        probed_at=now,
        empty_since=(state.empty_since or now) if empty else None,
        available_since=state.available_since if unknown else _available_since(before, probe, now),
        first_available_id=state.first_available_id if unknown else probe.first_id,
        newest_reserved_at=probe.newest_reserved_at,
        # A worker's clock may be ahead of the database's clock.
        workers_active_at=min(max(moments), now) if moments else None,
        stuck_at=now if probe.held else state.stuck_at,
    )


def _available_since(
    before: ProbeState | None, probe: QueueProbe, now: datetime
) -> datetime | None:
    if not probe.available or probe.oldest_at is None:
        return None
    if before is None:
        return now
    # The last check saw no available job, so the first available job is newer than that check.
    began = min(max(before.probed_at, utc_of_unix(probe.oldest_at)), now)
    return before.available_since or began


def counted(state: ProbeState, count: int | None, now: datetime) -> ProbeState:
    """Return the state; add a new count if the last count is a minute old."""
    at = unix(now)
    counts = tuple(point for point in state.counts if at - KEPT_SECONDS <= point[0] <= at)
    if count is not None and (not counts or at - counts[-1][0] >= POINT_SECONDS):
        counts = (*counts, (at, count))
    return replace(state, counts=counts)


def failed_lately(connection: Connection, queue: Queue) -> dict[str, datetime]:
    """Return the time (naive UTC) of each queue's last failure among the newest failures.

    The time is the earlier of `failed_at` and `seen_at`. A worker's clock may be ahead, so
    `failed_at` may be too late. A failure that an undo restored has a new `seen_at`, which
    is too late.
    """
    c = failures.c
    newest = (
        select(c.queue, c.failed_at, c.seen_at)
        .order_by(c.seq.desc())
        .limit(NEWEST_FAILURES)
        .subquery()
        .c
    )
    rows = connection.execute(
        select(newest.queue, func.max(newest.failed_at), func.max(newest.seen_at)).group_by(
            newest.queue
        )
    )
    return {name: min(queue.utc(failed), seen) for name, failed, seen in rows.all()}


def active_subjects(connection: Connection) -> dict[str, str | None]:
    """Return the subjects and queues of the active incidents of metric rules.

    The incident of a worker pool gives one subject for each queue of the pool.
    """
    c = incidents.c
    active = c.active_subject.is_not(None)
    subjects = select(c.subject, c.queue).where(active, c.rule.in_(METRIC_RULES))
    by_subject: dict[str, str | None] = dict(
        connection.execute(subjects.order_by(c.id).limit(MOST_ACTIVE)).all()
    )
    pooled = select(c.facts).where(active, c.rule == NO_WORKER_ACTIVITY, c.queue.is_(None))
    for facts in connection.execute(pooled.order_by(c.id).limit(MOST_ACTIVE)).scalars():
        queues = json.loads(facts or "{}").get("pool", ())
        by_subject |= {f"{NO_WORKER_ACTIVITY}:{name}": name for name in queues}
    return by_subject


def taken_away(connection: Connection, job_id: int, since: datetime) -> bool:
    """Return whether the bot, not a worker, removed this job after `since`."""
    c = archive.c
    removals = select(c.id).where(c.kind == "job", c.row_id == job_id, c.archived_at >= since)
    return connection.execute(removals.limit(1)).first() is not None


def _points(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(at), int(count)) for at, count in json.loads(text))
