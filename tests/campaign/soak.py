"""A day's work in minutes: the bot's memory must not grow, nor its tables beyond their bound."""

from pathlib import Path
from time import monotonic

from sqlalchemy import Connection, func, select, text

from bot.localslack.server import LocalSlack
from bot.store.tables import failures, incidents
from tests.bench.bots import CONNECT_SECONDS, Bot, bot_process, crowded, team_of
from tests.bench.failing import Storm, failure
from tests.kit.concurrency import until as wait_for
from tests.kit.queues import GRACE, TestQueue, make_queue
from tests.services.mariadb import MariaDB

ROUNDS = 50
"""A day has a million failures and 10,000 commands, in rounds."""
COPIES, BASE, CAUSES = 10, 2_000, 200
COMMANDS = ("status", "failed", "errors", "find 1000007", "jobs", "watch", "history", "help")
ASKED = 200
WARM_UP = 0.3
"""The share of the rounds in which caches and pools may still grow."""
GROWTH_MB = 15.0
INDEX_SECONDS = 300.0
BYTES_PER_FAILURE = 2_000
"""The bound of docs/operating.md: what all tables of the bot need for each failed job."""


def soak(server: MariaDB, until: float) -> str:
    """A million failures, 10,000 commands and 200 incidents, or as many as the minutes allow."""
    with server.database() as name, LocalSlack(workspace=crowded(), rates=False) as slack:
        queue = make_queue(server.url(name), GRACE)
        _prepare(queue)
        with bot_process(slack, team_of(queue.url)) as pid:
            slack.wait_for(lambda: slack.hub.connected == 1, CONNECT_SECONDS)
            sizes: list[float] = []
            while len(sizes) < ROUNDS and (len(sizes) < 4 or monotonic() < until):
                _round(queue, Bot(slack), len(sizes) + 1)
                sizes.append(_resident_mb(pid))
        with queue.engine.connect() as connection:
            triggered = connection.execute(select(func.count(incidents.c.id))).scalar_one()
            largest = _largest_tables(connection, name)
        queue.engine.dispose()
    failed = len(sizes) * COPIES * BASE
    bytes_each = sum(largest.values()) / failed
    warm = sizes[int(len(sizes) * WARM_UP)]
    result = (
        f"{failed:,} failures, {len(sizes) * ASKED:,} commands, "
        f"{triggered} incidents: {sizes[0]:.0f} MB after the first round, {warm:.0f} MB warm, "
        f"{sizes[-1]:.0f} MB at the end; the bot's tables: {bytes_each:,.0f} bytes a failure ("
        + ", ".join(f"{table} {size / 1e6:,.0f} MB" for table, size in list(largest.items())[:3])
        + ")"
    )
    assert sizes[-1] - warm < GROWTH_MB, result
    assert bytes_each < BYTES_PER_FAILURE, result
    return result


def _prepare(queue: TestQueue) -> None:
    """Create the failures that each round copies."""
    storm = Storm(BASE, 1.0, CAUSES, even=True)
    with queue.engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE soak_base (queue VARCHAR(191), payload LONGTEXT, error LONGTEXT)")
        )
        rows = [dict(zip("qpe", failure(storm, number), strict=True)) for number in range(BASE)]
        connection.execute(text("INSERT INTO soak_base VALUES (:q, :p, :e)"), rows)


def _round(queue: TestQueue, bot: Bot, number: int) -> None:
    """Let jobs fail and people ask; then remove the failed jobs without the bot."""
    for _ in range(COPIES):
        with queue.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO failed_jobs (queue, payload, exception, failed_at) "
                    "SELECT queue, payload, error, UTC_TIMESTAMP() FROM soak_base"
                )
            )
    for asked in range(ASKED):
        bot.ask(f"/queue {COMMANDS[asked % len(COMMANDS)]}")
    wait_for(lambda: _indexed(queue) >= number * COPIES * BASE, INDEX_SECONDS)
    with queue.engine.begin() as connection:
        connection.execute(text("DELETE FROM failed_jobs"))


def _indexed(queue: TestQueue) -> int:
    with queue.engine.connect() as connection:
        return int(connection.execute(select(func.max(failures.c.seq))).scalar() or 0)


def _largest_tables(connection: Connection, database: str) -> dict[str, int]:
    """Return the bytes of each of the bot's tables with its indexes, the largest first."""
    tables = connection.execute(
        text(
            "SELECT table_name, data_length + index_length FROM information_schema.tables "
            "WHERE table_schema = :database AND table_name LIKE 'queue\\_bot\\_%' ORDER BY 2 DESC"
        ),
        {"database": database},
    )
    return {name: int(size) for name, size in tables}


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
