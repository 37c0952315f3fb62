"""What the last check saw of each queue, so that the next check knows whether workers are active.

It is in the database, so that a replica that takes the watch over has it, too.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from bot.models.alert_rules import METRIC_RULES
from bot.queue.index_probe import QueueProbe
from bot.queue.layouts import Queue
from bot.store.tables import archive, failures, incidents, probe_states
from bot.wall_clock import unix, utc_of_unix

POINT_SECONDS = 60
KEPT_SECONDS = 20 * 60
NEWEST_FAILURES = 500
"""Of so many newest failures it is looked which queues they are of."""
MOST_ACTIVE = 500


@dataclass(frozen=True, slots=True)
class ProbeState:
    """What the last check saw of a queue; as the table, with `counts` as (unix seconds, count)."""

    queue: str
    probed_at: datetime
    empty_since: datetime | None = None
    available_since: datetime | None = None
    first_available_id: int | None = None
    newest_reserved_at: int | None = None
    workers_active_at: datetime | None = None
    stuck_at: datetime | None = None
    counts: tuple[tuple[int, int], ...] = ()

    def still_for(self, now: datetime) -> int:
        """For how many seconds there was something to take and nobody is known to have moved.

        What was before the first look is not known, and does not count.
        """
        if self.available_since is None:
            return 0
        since = max(self.available_since, self.workers_active_at or self.available_since)
        return max(0, (now - since) // timedelta(seconds=1))

    def count_at(self, at: int, tolerance: int) -> int | None:
        """How many were available at a moment (unix seconds), or up to `tolerance` s before."""
        counts = [count for when, count in self.counts if at - tolerance <= when <= at]
        return counts[-1] if counts else None


def load(connection: Connection) -> dict[str, ProbeState]:
    """Return the state of each queue, by its name."""
    rows = connection.execute(select(probe_states)).mappings()
    return {row["queue"]: ProbeState(**{**row, "counts": _points(row["counts"])}) for row in rows}


def keep(connection: Connection, kept: Collection[ProbeState], removed: Collection[str]) -> None:
    """Store these states, and delete those of the queues named in `removed`."""
    changed = [state.queue for state in kept] + list(removed)
    if changed:
        connection.execute(delete(probe_states).where(probe_states.c.queue.in_(changed)))
    rows = [
        {name: getattr(state, name) for name in ProbeState.__slots__}
        | {"counts": json.dumps(state.counts, separators=(",", ":"))}
        for state in kept
    ]
    if rows:
        connection.execute(insert(probe_states), rows)


def after(
    before: ProbeState | None, seen: QueueProbe, now: datetime, active: Iterable[datetime | None]
) -> ProbeState:
    """Return the state after a probe; `active` are moments at which a worker was active."""
    state = before or ProbeState(seen.queue, now)
    known = [at for at in (state.workers_active_at, *active) if at is not None]
    empty = seen.whole and not seen.available and not seen.reserved
    # Where not all was seen, jobs that may be taken can be behind those that were.
    unknown = not seen.whole and not seen.available
    return replace(
        state,
        probed_at=now,
        empty_since=(state.empty_since or now) if empty else None,
        available_since=state.available_since if unknown else _available_since(before, seen, now),
        first_available_id=state.first_available_id if unknown else seen.first_id,
        newest_reserved_at=seen.newest_reserved_at,
        # The clock of a worker's machine may be ahead.
        workers_active_at=min(max(known), now) if known else None,
        stuck_at=now if seen.held else state.stuck_at,
    )


def _available_since(before: ProbeState | None, seen: QueueProbe, now: datetime) -> datetime | None:
    if not seen.available or seen.oldest_at is None:
        return None
    if before is None:
        return now
    # There was none at the look before: since then the first one has come.
    began = min(max(before.probed_at, utc_of_unix(seen.oldest_at)), now)
    return before.available_since or began


def counted(state: ProbeState, count: int | None, now: datetime) -> ProbeState:
    """Return the state with one more point of its counts, if the last one is a minute old."""
    at = unix(now)
    kept = tuple(point for point in state.counts if at - KEPT_SECONDS <= point[0] <= at)
    if count is not None and (not kept or at - kept[-1][0] >= POINT_SECONDS):
        kept = (*kept, (at, count))
    return replace(state, counts=kept)


def failed_lately(connection: Connection, queue: Queue) -> dict[str, datetime]:
    """When a job of each queue last failed, among the newest failures; naive UTC.

    The earlier of when it failed and when the bot saw it, since the clock of the workers may be
    ahead, and what an undo put back is seen again long after it failed.
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
    """The subjects of the active incidents of metric rules, and their queues."""
    c = incidents.c
    active = c.active_subject.is_not(None)
    subjects = select(c.subject, c.queue).where(active, c.rule.in_(METRIC_RULES))
    return dict(connection.execute(subjects.order_by(c.id).limit(MOST_ACTIVE)).all())


def taken_away(connection: Connection, job_id: int, since: datetime) -> bool:
    """Whether it was the bot that removed this job since a moment, and no worker."""
    c = archive.c
    removals = select(c.id).where(c.kind == "job", c.row_id == job_id, c.archived_at >= since)
    return connection.execute(removals.limit(1)).first() is not None


def _points(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(at), int(count)) for at, count in json.loads(text))
