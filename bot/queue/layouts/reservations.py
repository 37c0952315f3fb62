"""The bot's own record of reservations, for tables without a column for the time.

The bot records when it first saw each reservation. A worker may have reserved the job earlier.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, MetaData, Table

# A `Table`, because SQLAlchemy adds the schema of the bot's tables to nothing else.
reservations = Table(
    "queue_bot_reservations",
    MetaData(),
    Column("job_id", BigInteger),
    Column("attempts", BigInteger),
    Column("created_at", BigInteger),
    Column("seen_at", BigInteger),
)
"""The names of the record's table and columns, for conditions; `seen_at` is in unix seconds.

A job has the same `attempts` during one reservation. A database may reuse a job's id, but the new
job then has another `created_at`.
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A job that a worker has reserved; a later reservation has other attempts."""

    job_id: int
    attempts: int
    created_at: int
