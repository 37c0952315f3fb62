"""Record when the bot first saw each reservation, for tables without a column for the time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, insert, select

from bot.queue.layouts import Queue
from bot.queue.layouts.reservations import Reservation
from bot.store.tables import reservations
from bot.wall_clock import unix


def record(connection: Connection, queue: Queue, name: str, now: datetime, seconds: float) -> None:
    """Record the new reservations of a queue; raises `TooSlow`."""
    reserved = queue.jobs_layout.reserved_jobs(connection, name, seconds)
    if not reserved:
        return
    known = _recorded(connection, [row.job_id for row in reserved])
    new = [row for row in reserved if known.get(row.job_id) != row]
    if new:
        _delete(connection, [row.job_id for row in new])
        rows = [
            {
                "job_id": row.job_id,
                "attempts": row.attempts,
                "created_at": row.created_at,
                "seen_at": unix(now),
            }
            for row in new
        ]
        connection.execute(insert(reservations), rows)


def purge(connection: Connection, queue: Queue, now: datetime) -> None:
    """Delete the records of reservations that ended."""
    if queue.layout.has_reservation_times:
        return
    jobs, c = queue.jobs_layout, reservations.c
    same = and_(c.attempts == jobs.attempts, c.created_at == jobs.created_at)
    reserved = and_(jobs.id == c.job_id, same, jobs.is_reserved(now))
    current = select(jobs.id).where(reserved).exists()
    ended = connection.execute(select(c.job_id).where(~current)).scalars().all()
    if ended:
        _delete(connection, ended)


def forget(connection: Connection, job_id: int) -> None:
    """Delete the record of a job that a person released.

    A worker may reserve the job again with the same attempts before the next check.
    """
    _delete(connection, [job_id])


def _recorded(connection: Connection, job_ids: Sequence[int]) -> dict[int, Reservation]:
    c = reservations.c
    rows = connection.execute(
        select(c.job_id, c.attempts, c.created_at).where(c.job_id.in_(job_ids))
    )
    return {row.job_id: Reservation(*row) for row in rows}


def _delete(connection: Connection, job_ids: Sequence[int]) -> None:
    connection.execute(delete(reservations).where(reservations.c.job_id.in_(job_ids)))
