"""What was seen of each queue, kept so that the next look knows whether its workers move.

It is in the database, so that a replica that takes the watch over forgets nothing.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from bot.models.alert_rules import METRIC_RULES
from bot.queue.index_probe import QueueProbe
from bot.queue.layouts import Queue
from bot.store.tables import archive, failures, incidents, pulses
from bot.wall_clock import unix, utc_of_unix

POINT_SECONDS = 60
KEPT_SECONDS = 20 * 60
NEWEST_FAILURES = 500
"""Of so many newest failures it is looked which queues they are of."""
MOST_ACTIVE = 500


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is remembered of a queue; as the table `pulses`, `counts` as (unix seconds, count)."""

    queue: str
    looked_at: datetime
    empty_since: datetime | None = None
    eligible_since: datetime | None = None
    first_id: int | None = None
    newest_reserved_at: int | None = None
    moved_at: datetime | None = None
    held_at: datetime | None = None
    counts: tuple[tuple[int, int], ...] = ()

    def still_for(self, now: datetime) -> int:
        """For how many seconds there was something to take and nobody is known to have moved.

        What was before the first look is not known, and does not count.
        """
        if self.eligible_since is None:
            return 0
        since = max(self.eligible_since, self.moved_at or self.eligible_since)
        return max(0, (now - since) // timedelta(seconds=1))

    def count_at(self, at: int, tolerance: int) -> int | None:
        """How many were available at a moment (unix seconds), or up to `tolerance` s before."""
        counts = [count for when, count in self.counts if at - tolerance <= when <= at]
        return counts[-1] if counts else None


def load(connection: Connection) -> dict[str, Pulse]:
    """What is remembered, by queue."""
    rows = connection.execute(select(pulses)).mappings()
    return {row["queue"]: Pulse(**{**row, "counts": _points(row["counts"])}) for row in rows}


def keep(connection: Connection, kept: Collection[Pulse], gone: Collection[str]) -> None:
    """Remember these anew, and forget the queues that are `gone`."""
    changed = [pulse.queue for pulse in kept] + list(gone)
    if changed:
        connection.execute(delete(pulses).where(pulses.c.queue.in_(changed)))
    rows = [
        {name: getattr(pulse, name) for name in Pulse.__slots__}
        | {"counts": json.dumps(pulse.counts, separators=(",", ":"))}
        for pulse in kept
    ]
    if rows:
        connection.execute(insert(pulses), rows)


def after(
    before: Pulse | None, seen: QueueProbe, now: datetime, moved: Iterable[datetime | None]
) -> Pulse:
    """What is to be remembered after a glance; `moved` are moments at which a worker moved."""
    pulse = before or Pulse(seen.queue, now)
    known = [at for at in (pulse.moved_at, *moved) if at is not None]
    empty = seen.whole and not seen.available and not seen.reserved
    # Where not all was seen, jobs that may be taken can be behind those that were.
    unknown = not seen.whole and not seen.available
    return replace(
        pulse,
        looked_at=now,
        empty_since=(pulse.empty_since or now) if empty else None,
        eligible_since=pulse.eligible_since if unknown else _eligible_since(before, seen, now),
        first_id=pulse.first_id if unknown else seen.first_id,
        newest_reserved_at=seen.newest_reserved_at,
        # The clock of a worker's machine may be ahead.
        moved_at=min(max(known), now) if known else None,
        held_at=now if seen.held else pulse.held_at,
    )


def _eligible_since(before: Pulse | None, seen: QueueProbe, now: datetime) -> datetime | None:
    if not seen.available or seen.oldest_at is None:
        return None
    if before is None:
        return now
    # There was none at the look before: since then the first one has come.
    began = min(max(before.looked_at, utc_of_unix(seen.oldest_at)), now)
    return before.eligible_since or began


def counted(pulse: Pulse, count: int | None, now: datetime) -> Pulse:
    """The pulse with one more point of its counts, if the last one is a minute old."""
    at = unix(now)
    kept = tuple(point for point in pulse.counts if at - KEPT_SECONDS <= point[0] <= at)
    if count is not None and (not kept or at - kept[-1][0] >= POINT_SECONDS):
        kept = (*kept, (at, count))
    return replace(pulse, counts=kept)


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
