"""Error groups at a million failed jobs: time to the answer, with few and with many groups."""

from collections.abc import Sequence
from datetime import UTC, datetime
from time import monotonic

from sqlalchemy import text

from bot.store.failures.failure_counts import HOURS, hour_of
from tests.bench import tables
from tests.bench.bots import Bot, real_bot
from tests.bench.figures import say, times
from tests.kit.error_corpora import GOAL, LEAST, UNSEEN, corpus, measure
from tests.kit.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

FAILED = 1_000_000
BULK_DELTAS = 20_000
"""The deltas that a bulk change appends before the watcher aggregates them."""


def bench_errors(server: MariaDB, *, quick: bool) -> None:
    """/queue errors and /queue error with 8 and with 400 groups, at rest and in a bulk change."""
    _measure_grouping()
    rows = FAILED // (20 if quick else 1)
    for groups in (8, 400):
        with server.database() as name:
            test = make_queue(server.url(name))
            with test.engine.begin() as connection:
                tables.prepare(connection, rows // tables.BASE)
            _fill(test, rows, groups)
            with real_bot(test.url) as bot:
                _ask(bot, f"{groups} groups", 20 if quick else 100)
                _append(test)
                _ask(bot, f"{groups} groups, {BULK_DELTAS:,} rows not aggregated yet", 20)
            test.engine.dispose()


def _measure_grouping() -> None:
    """Print precision and recall on the sets of public texts, then on all that nobody has read."""
    for name in (name for name in LEAST if name.startswith("error_public")):
        _print_figures(name, [name], LEAST[name])
    _print_figures("all that nobody has read", UNSEEN, GOAL)


def _print_figures(title: str, names: Sequence[str], target: tuple[float, float]) -> None:
    corpora = [corpus(name) for name in names]
    precision, recall, _ = measure(*corpora)
    count = sum(len(texts) for texts_of in corpora for texts in texts_of.values())
    figures = f"precision {precision:.3f}, recall {recall:.3f} (target {target[0]} and {target[1]})"
    say(f"grouping of {count} texts, {title}", figures)


def _fill(test: TestQueue, rows: int, groups: int) -> None:
    """Add failures of `groups` groups in five queues, and their counts.

    Each group has failures in every kept hour: more rows of counts than in production.
    """
    began = monotonic()
    with test.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO queue_bot_error_groups (id, name) SELECT n + 1, CONCAT('Cause ', n) "
                "FROM bench_numbers WHERE n < :groups"
            ),
            {"groups": groups},
        )
    tables.fill(test.engine, _FAILED, rows)
    with test.engine.begin() as connection:
        connection.execute(text(_FAILURES), {"groups": groups})
    now = hour_of(datetime.now(UTC).replace(tzinfo=None))
    with test.engine.begin() as connection:
        connection.execute(
            text(_COUNTS), {"now": now, "hours": HOURS, "today": now - now % 24, "share": rows}
        )
        connection.execute(text(_SUMS))
        last = "SET position = (SELECT MAX(id) FROM failed_jobs)"
        others = "WHERE name NOT IN ('audit_settled', 'rules')"
        connection.execute(text(f"UPDATE queue_bot_cursors {last} {others}"))
        connection.execute(text("ANALYZE TABLE queue_bot_failures, queue_bot_failure_counts"))
        counts = connection.execute(text("SELECT COUNT(*) FROM queue_bot_failure_counts")).scalar()
    took = monotonic() - began
    say(f"filling {groups} groups", f"{took:.0f} s, {counts:,} rows of counts, not measured")


_FAILED = """
INSERT INTO failed_jobs (queue, payload, exception, failed_at)
SELECT b.queue, n.n, 'error',
    UTC_TIMESTAMP() - INTERVAL 500 MINUTE + INTERVAL b.id MINUTE
"""
# The digests are those of bot.queue.layouts, so that the watcher finds no difference.
_FAILURES = """
INSERT INTO queue_bot_failures (failed_id, row_digest, queue, error_group, error, job_class,
    order_id, tienda_id, payload_digest, bytes, failed_at, seen_at, incident)
SELECT id, SUBSTR(SHA2(CONCAT_WS('|', id, queue, SHA2(payload, 256), failed_at), 256), 1, 32),
    queue, id % :groups + 1, 'error', 'App\\Jobs\\SyncJob', payload, '12000',
    SUBSTR(SHA2(payload, 256), 1, 32), 10, failed_at, UTC_TIMESTAMP(), 0
FROM failed_jobs ORDER BY id
"""

# 54 buckets per group and queue: the hours, the days, and all earlier time.
_COUNTS = """
INSERT INTO queue_bot_failure_counts (error_group, queue, hour, appeared, removed, first_at,
    last_at, aggregated)
SELECT g.id, q.queue,
    CASE WHEN n.n <= :hours THEN :now - n.n WHEN n.n <= :hours + 9
         THEN :today - 24 * (n.n - :hours) ELSE 0 END,
    3 + (g.id * n.n) % 50, g.id % 3, UTC_TIMESTAMP() - INTERVAL n.n HOUR,
    UTC_TIMESTAMP() - INTERVAL g.id MINUTE, 1
FROM queue_bot_error_groups g JOIN (SELECT DISTINCT queue FROM bench_base) q
JOIN bench_numbers n WHERE n.n <= :hours + 10 AND :share > 0
"""


_SUMS = """
INSERT INTO queue_bot_failure_counts (error_group, queue, hour, appeared, removed, first_at,
    last_at, aggregated)
SELECT error_group, queue, -1, SUM(appeared), SUM(removed), MIN(first_at), MAX(last_at), 1
FROM queue_bot_failure_counts GROUP BY error_group, queue
"""


def _append(test: TestQueue) -> None:
    with test.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO queue_bot_failure_counts "
                "(error_group, queue, hour, appeared, removed, aggregated) "
                "SELECT error_group, queue, 0, 0, 1, 0 FROM queue_bot_failures LIMIT :rows"
            ),
            {"rows": BULK_DELTAS},
        )


def _ask(bot: Bot, name: str, times_each: int) -> None:
    for command in ("errors", "errors since=24h", "errors queue=netsuite", "error E3", "digest"):
        every = [bot.ask(f"/queue {command}")[0] for _ in range(times_each)]
        times(f"/queue {command} ({name})", every)
