"""Large tables, made inside the server: a few hundred of the spec's rows, joined with numbers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, text

from tests.kit.queues import TestQueue
from tests.services.mariadb import MariaDB, running_mariadb

SERVER = (
    "--innodb-buffer-pool-size=4G",
    "--innodb-log-file-size=4G",
    "--innodb-io-capacity=2000",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-lock-wait-timeout=20",
)
"""A small production server: every commit is on the disk before its answer.

The redo log is large, so that the measurements do not pay for the flush of the filled tables.
"""


@contextmanager
def running_server() -> Iterator[MariaDB]:
    """Run a server for large tables, with a separate folder for its temporary tables.

    Servers that share a folder remove each other's temporary tables when they start.
    """
    with (
        TemporaryDirectory(prefix="queue-bot-bench-") as folder,
        running_mariadb(*SERVER, f"--tmpdir={folder}") as server,
    ):
        yield server


FLUSH_SECONDS = 120.0
FLUSHED_BYTES = 100_000_000
_DIRTY = "SET GLOBAL innodb_max_dirty_pages_pct = {}"
_pause = threading.Event().wait


def flush(test: TestQueue) -> None:
    """Let the server write its changed pages, so that its redo log is nearly empty again.

    Large changes before a measurement fill the log, and then every writer of the server waits for
    the disk: a pop took 0.5 s. An idle server empties the log only slowly.
    """
    until = monotonic() + FLUSH_SECONDS
    with test.engine.connect() as connection:
        connection.execute(text(_DIRTY.format(0)))
        while monotonic() < until:
            age = connection.execute(text("SHOW STATUS LIKE 'Innodb_checkpoint_age'")).one()[1]
            connection.rollback()
            if int(age) < FLUSHED_BYTES:
                break
            _pause(0.1)
        connection.execute(text(_DIRTY.format(90)))


BASE = 500
DAYS = 28
"""The age of the first failure in days; a million rows cover 27 days and 18 hours."""
PAYLOAD_BYTES = 404
EXCEPTION_BYTES = 3_100
CHUNK = 200
QUEUES = ("default", "netsuite", "mail", "stock", "invoices")
ORDER = 1_000_000
CREATED = 1_762_500_000

_MESSAGES = (
    "NetSuite sync failed: exception - MySQL server has gone away",
    "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock",
    "cURL error 28: Operation timed out after 30001 milliseconds with 0 bytes received",
    "Client error: `POST https://api.example.com/orders/81` resulted in a `404 Not Found`",
    "Undefined array key 'sku' in order 803193",
    "Call to a member function getTotal() on null",
    "Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)",
    "Product 5512 has no stock in warehouse 3",
)


def _payload(number: int) -> str:
    data = {"order_id": ORDER, "tienda_id": 12_000 + number % 40, "filler": ""}
    body: dict[str, Any] = {"job": f"App\\Jobs\\Sync{number % 6}Job", "data": data}
    data["filler"] = "x" * (PAYLOAD_BYTES - len(json.dumps(body)))
    return json.dumps(body)


def _exception(number: int) -> str:
    name = ("RuntimeException", "PDOException", "ErrorException")[number % 3]
    first = (
        f"{name}: {_MESSAGES[number % len(_MESSAGES)]} in /app/Jobs/Sync.php:{100 + number % 4}\n"
    )
    frame = "#{0} /app/vendor/framework/src/Queue/Worker.php(4{0}): Job->process(Object, Array)\n"
    trace = "".join(frame.format(depth) for depth in range(60))
    return (first + "Stack trace:\n" + trace)[:EXCEPTION_BYTES]


def prepare(connection: Connection, numbers: int) -> None:
    """Create the base rows and the numbers 0 … `numbers` - 1, the sources of the large tables."""
    connection.execute(
        text(
            "CREATE TABLE bench_base (id INT PRIMARY KEY, queue VARCHAR(191), payload LONGTEXT, "
            "exception LONGTEXT, failed_at DATETIME)"
        )
    )
    began = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=DAYS)
    rows = [
        {
            "id": number,
            "queue": QUEUES[number * 7 % len(QUEUES)],
            "payload": _payload(number),
            "exception": _exception(number),
            "failed_at": began + timedelta(minutes=number),
        }
        for number in range(BASE)
    ]
    put = "INSERT INTO bench_base VALUES (:id, :queue, :payload, :exception, :failed_at)"
    connection.execute(text(put), rows)
    connection.execute(text("CREATE TABLE bench_numbers (n INT PRIMARY KEY)"))
    connection.execute(text("INSERT INTO bench_numbers VALUES (0)"))
    count = 1
    while count < numbers:
        connection.execute(
            text("INSERT INTO bench_numbers SELECT n + :count FROM bench_numbers WHERE n < :more"),
            {"count": count, "more": numbers - count},
        )
        count = min(2 * count, numbers)


DISTINCT = (
    f"REPLACE(b.payload, '\"order_id\": {ORDER}', "
    f"CONCAT('\"order_id\": ', {ORDER} + n.n * {BASE} + b.id)) AS payload"
)
# A nested loop without a join buffer returns rows in order, so no temporary table is sorted.
_BETWEEN = "FROM bench_numbers n STRAIGHT_JOIN bench_base b WHERE n.n >= :low AND n.n < :high"


def fill(engine: Engine, statement: str, rows: int) -> None:
    """Run an INSERT … SELECT over base rows and numbers, in chunks, for `rows` rows."""
    for low in range(0, rows // BASE, CHUNK):
        with engine.begin() as connection:
            connection.execute(text("SET SESSION join_cache_level = 0"))
            connection.execute(
                text(f"{statement} {_BETWEEN}"),
                {"low": low, "high": min(low + CHUNK, rows // BASE)},
            )


def fill_failed(test: TestQueue, rows: int) -> None:
    """Insert `rows` failed jobs: 404 B of payload, 3.1 kB of exception, distinct orders."""
    fill(
        test.engine,
        "INSERT INTO failed_jobs (queue, payload, exception, failed_at) "
        f"SELECT b.queue, {DISTINCT}, b.exception, b.failed_at + INTERVAL 20 * n.n MINUTE",
        rows,
    )


def fill_jobs(test: TestQueue, rows: int) -> None:
    """Insert `rows` jobs: one in a hundred is reserved, one in fifty is delayed."""
    fill(
        test.engine,
        "INSERT INTO jobs (queue, payload, attempts, reserved_at, available_at, created_at) "
        f"SELECT b.queue, {DISTINCT}, 0, IF(b.id % 100 = 7, {CREATED} + n.n, NULL), "
        f"{CREATED} + n.n + IF(b.id % 50 = 3, 864000, 0), {CREATED} + n.n",
        rows,
    )
