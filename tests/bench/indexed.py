"""The index of failures, copied for tables that the bot would need minutes to index."""

from collections.abc import Callable
from time import monotonic

from sqlalchemy import Connection, insert, text

from bot.app.setup import Setup
from bot.database.transactions import changing
from bot.store import tables as t
from bot.store.failures import failure_counts
from bot.store.failures import index as failures
from bot.store.failures.unindexed import Pass
from tests.bench import tables
from tests.bench.figures import say

# The digests are those of bot.queue.layouts; a pass that finds nothing new proves it.
_THE_REST = """
INSERT INTO queue_bot_failures (failed_id, row_digest, queue, error_group, error, job_class,
    order_id, tienda_id, payload_digest, bytes, failed_at, seen_at, incident)
SELECT f.id, SUBSTR(SHA2(CONCAT_WS('|', f.id, f.queue, SHA2(f.payload, 256), f.failed_at),
    256), 1, 32),
    f.queue, s.error_group, s.error, s.job_class, CAST(s.order_id AS INT) + f.id - s.failed_id,
    s.tienda_id, SUBSTR(SHA2(f.payload, 256), 1, 32), s.bytes, f.failed_at, s.seen_at, s.incident
FROM failed_jobs f STRAIGHT_JOIN queue_bot_failures s ON s.seq = (f.id - 1) % :base + 1
WHERE f.id > (SELECT MAX(failed_id) FROM queue_bot_failures) ORDER BY f.id
"""

_COUNTED = """
SELECT error_group, queue, TIMESTAMPDIFF(HOUR, '1970-01-01', failed_at) AS hour,
    COUNT(*) AS appeared, MIN(failed_at) AS first_at, MAX(failed_at) AS last_at
FROM queue_bot_failures GROUP BY 1, 2, 3
"""


def step(setup: Setup, work: Callable[[Connection], Pass]) -> tuple[Pass, float]:
    """Run one pass of the watcher; return its result and its seconds."""
    began = monotonic()
    return changing(setup.engine, monotonic() + 60, work), monotonic() - began


def index(setup: Setup, rows: int, by_bot: int) -> None:
    """Let the bot index `by_bot` of `rows`; copy its entries for the other, equal rows."""

    def index_new(connection: Connection) -> Pass:
        return failures.index_new(connection, setup.queue, setup.clock(connection))

    began, added = monotonic(), 0
    while added < by_bot:
        progress, _ = step(setup, index_new)
        added += progress.added
    say("backfill", f"{added / (monotonic() - began):,.0f} rows/s ({added:,} rows)")
    if added < rows:
        changing(setup.engine, monotonic() + 600, lambda connection: _copy(connection, setup))


def _copy(connection: Connection, setup: Setup) -> None:
    connection.execute(text("ANALYZE TABLE queue_bot_failures"))
    connection.execute(text(_THE_REST), {"base": tables.BASE})
    end = "SET position = (SELECT MAX(id) FROM failed_jobs) WHERE name IN ('backfill', 'settled')"
    connection.execute(text(f"UPDATE queue_bot_cursors {end}"))
    connection.execute(text("DELETE FROM queue_bot_failure_counts"))
    now = setup.clock(connection)
    rows = connection.execute(text(_COUNTED)).mappings().all()
    counted = [
        {**row, "hour": failure_counts.bucket(row["hour"], now), "removed": 0, "aggregated": False}
        for row in rows
    ]
    connection.execute(insert(t.failure_counts), counted)
