"""The bot's own record of reservations, for tables without a column for the time.

The bot records when it first saw each reservation. A worker may have reserved the job earlier.
"""

from dataclasses import dataclass

from sqlalchemy import column, table

reservations = table(
    "queue_bot_reservations",
    column("job_id"),
    column("attempts"),
    column("created_at"),
    column("seen_at"),
)
"""The names of the record's table and columns; `seen_at` is in unix seconds.

A job has the same `attempts` during one reservation. A database may reuse a job's id, but the new
job then has another `created_at`.
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A job that a worker has reserved; a later reservation has other attempts."""

    job_id: int
    attempts: int
    created_at: int
