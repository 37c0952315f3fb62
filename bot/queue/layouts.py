"""The queue's two tables and how to read them, checked once at start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    func,
    inspect,
    text,
)

from bot import wall_clock
from bot.database.column_types import Id, Long, WallSeconds
from bot.database.dialects import is_sqlite, sha256
from bot.fingerprint.error_group import short_error
from bot.fingerprint.payload import DEFAULT_ORDER_PATHS, DEFAULT_TIENDA_PATHS
from bot.models.refusals import StartError

LONGEST_QUEUE = 255
"""Characters of a queue's name that the bot's own tables keep."""

MAX_ATTEMPTS = 3
"""What a retried job gets: the spec's `max_attempts = 3`."""


@dataclass(frozen=True)
class Queue:
    """The two tables, the time zone of `failed_at`, and where payloads name their order.

    `mask` takes the secrets out of an exception's text; it is asked before the text is cut, since
    half a secret has no form to be known by.
    """

    jobs: Table
    failed: Table
    zone: ZoneInfo = ZoneInfo("UTC")
    order_paths: Sequence[str] = DEFAULT_ORDER_PATHS
    tienda_paths: Sequence[str] = DEFAULT_TIENDA_PATHS
    mask: Callable[[str], str] = str

    def short(self, exception: str) -> str:
        """The spec's `exception_short` without secrets; only its line is masked, for speed."""
        lines = exception.strip().splitlines()
        return short_error(self.mask(lines[0])) if lines else short_error("")

    def human(self, seconds: int) -> str:
        """Unix seconds as `YYYY-MM-DD HH:MM:SS` in the queue's time zone."""
        return datetime.fromtimestamp(seconds, self.zone).strftime("%Y-%m-%d %H:%M:%S")

    def wall_clock(self, utc: datetime) -> datetime:
        """A naive UTC moment as a `failed_at` of the queue's time zone."""
        return wall_clock.from_utc(utc, self.zone)

    def utc(self, failed_at: datetime) -> datetime:
        """A `failed_at` of the queue's time zone as naive UTC.

        Where the zone leads out of the calendar, as it is: a row may hold any time of the server's.
        """
        try:
            return wall_clock.to_utc(failed_at, self.zone)
        except OverflowError:
            return failed_at


def spec_tables(jobs: str = "jobs", failed_jobs: str = "failed_jobs") -> tuple[Table, Table]:
    """The spec's tables with the spec's indexes: PRIMARY(id) on both, and jobs(queue)."""
    metadata = MetaData()
    options: dict[str, Any] = {
        "mysql_engine": "InnoDB",
        "mysql_charset": "utf8mb4",
        "sqlite_autoincrement": True,
    }
    return (
        Table(
            jobs,
            metadata,
            Column("id", Id, primary_key=True, autoincrement=True),
            Column("queue", String(191), nullable=False, index=True),
            Column("payload", Long, nullable=False),
            Column("attempts", SmallInteger, nullable=False, server_default="0"),
            Column("max_attempts", SmallInteger, nullable=False, server_default=str(MAX_ATTEMPTS)),
            Column("reserved_at", Integer),
            Column("available_at", Integer, nullable=False),
            Column("created_at", Integer, nullable=False),
            **options,
        ),
        Table(
            failed_jobs,
            metadata,
            Column("id", Id, primary_key=True, autoincrement=True),
            Column("queue", String(191), nullable=False),
            Column("payload", Long, nullable=False),
            Column("exception", Long, nullable=False),
            Column("failed_at", WallSeconds, nullable=False),
            **options,
        ),
    )


def _digest(*parts: ColumnElement[Any]) -> ColumnElement[str]:
    return func.substr(sha256(func.concat_ws("|", *parts)), 1, 32)


def _content(payload: ColumnElement[str]) -> ColumnElement[str]:
    # A text longer than max_allowed_packet would be NULL, and with it the digest of the row.
    return sha256(payload)


def failed_digest(failed: Table) -> ColumnElement[str]:
    """The row digest of a failed job, 32 hex digits, computed in the server.

    Ids come back after TRUNCATE and on some servers after a restart: this tells rows apart.
    """
    c = failed.c
    return _digest(c.id, c.queue, _content(c.payload), c.failed_at)


def job_digest(jobs: Table) -> ColumnElement[str]:
    """The row digest of a job, 32 hex digits, computed in the server."""
    c = jobs.c
    return _digest(c.id, c.queue, _content(c.payload), c.created_at)


def payload_digest(table: Table) -> ColumnElement[str]:
    """What two rows with the same payload share, 32 hex digits, computed in the server."""
    return func.substr(sha256(table.c.payload), 1, 32)


def problems(connection: Connection, queue: Queue) -> list[str]:
    """What keeps the bot from working on these tables, a sentence each; empty when all is well."""
    sentences: list[str] = []
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    for table in (queue.jobs, queue.failed):
        if table.name not in present:
            sentences.append(
                f"The table {table.name} is not in the database: check DATABASE_URL and "
                f"QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE."
            )
            continue
        columns = {column["name"]: column for column in inspector.get_columns(table.name)}
        missing = (column.name for column in table.columns if column.name not in columns)
        sentences.extend(f"The table {table.name} has no column {name}." for name in missing)
        if not is_sqlite(connection):
            length = getattr(columns["queue"]["type"], "length", None) if "queue" in columns else 0
            if length is None or length > LONGEST_QUEUE:
                sentences.append(
                    f"The column queue of {table.name} is wider than the {LONGEST_QUEUE} "
                    f"characters that the bot keeps of a queue's name."
                )
            engine = connection.execute(
                text(
                    "SELECT engine FROM information_schema.tables "
                    "WHERE table_schema = DATABASE() AND table_name = :name"
                ),
                {"name": table.name},
            ).scalar()
            if engine is not None and str(engine).lower() != "innodb":
                sentences.append(
                    f"The table {table.name} uses {engine}: changes need transactions, so convert "
                    f"it with ALTER TABLE {table.name} ENGINE=InnoDB."
                )
    return sentences


def require(connection: Connection, queue: Queue) -> None:
    """Raise `StartError` where `problems` finds any."""
    if sentences := problems(connection, queue):
        raise StartError(sentences)
