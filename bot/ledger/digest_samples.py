"""What the samples of some days say: how many jobs were processed, when it was slow, and the gaps.

Of hours that are rolled up; an hour belongs to the days in which it began.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.ledger.digest_model import Backlog, Waited
from bot.ledger.watching import rollups
from bot.queue.database import bounded

SECONDS = 1.0
MOMENTS = 3
SPAN = "hour"
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sampled:
    """What is known; `processed` is None where nothing is, and a part where not `complete`."""

    processed: int | None
    complete: bool
    waited: tuple[Waited, ...]
    backlog: Backlog | None
    gap_seconds: int


def sampled(connection: Connection, since: datetime, until: datetime) -> Sampled:
    """What the samples of this time say; raises `TooSlow`."""
    c = rollups.c
    chosen = (
        select(c.at, c.queue, c.pending, c.oldest_seconds, c.processed)
        .where(c.span == SPAN, c.at >= since, c.at < until)
        .order_by(c.at)
    )
    rows = bounded(connection, chosen, SECONDS).mappings().all()
    every = [row for row in rows if not row["queue"]]
    known = [int(row["processed"]) for row in every if row["processed"] is not None]
    missing = max(timedelta(), (until - since) - len(every) * HOUR)
    slow = sorted(
        (row for row in rows if row["queue"] and row["oldest_seconds"]),
        key=lambda row: (-row["oldest_seconds"], row["at"]),
    )
    most = max(every, key=lambda row: row["pending"], default=None)
    return Sampled(
        processed=sum(known) if known else None,
        complete=not missing and len(known) == len(every),
        waited=tuple(
            Waited(at=row["at"], queue=row["queue"], seconds=row["oldest_seconds"])
            for row in slow[:MOMENTS]
        ),
        backlog=None
        if most is None or not most["pending"]
        else Backlog(at=most["at"], pending=most["pending"]),
        gap_seconds=missing // timedelta(seconds=1),
    )
