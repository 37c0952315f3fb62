"""The last exact figures, for when counting takes longer than an answer may."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from bot.ledger.watching import samples
from bot.queue.model import QueueStatus

KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """A status, when it was exact (naive UTC), and how long it took to count."""

    taken_at: datetime
    took_ms: int
    status: QueueStatus


def keep(connection: Connection, status: QueueStatus, took_ms: int, now: datetime) -> None:
    """Store a sample and drop those older than an hour."""
    connection.execute(delete(samples).where(samples.c.taken_at < now - KEPT))
    connection.execute(
        insert(samples).values(taken_at=now, took_ms=took_ms, body=status.model_dump_json())
    )


def latest(connection: Connection) -> Sample | None:
    """The newest sample."""
    row = connection.execute(select(samples).order_by(samples.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    return Sample(row.taken_at, row.took_ms, QueueStatus.model_validate_json(row.body))
