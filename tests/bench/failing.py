"""Workers whose jobs fail, in a separate process: python -m tests.bench.failing URL …

Each failure is one transaction, at an even rate. The first cause has nine tenths of the failures,
or all causes have the same share.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import monotonic, sleep

import pymysql
from sqlalchemy import make_url

QUEUES = ("netsuite", "mail", "stock", "invoices")
FRAME = "#{0} /app/vendor/framework/src/Queue/Worker.php(4{0}): Job->process(Object, Array)\n"
EXCEPTION_BYTES = 3_100
STOP_SECONDS = 60.0
FIRST = 0.9


@dataclass(frozen=True)
class Storm:
    """`rows` failures within `seconds`, with `causes` causes; `even`: equal shares."""

    rows: int
    seconds: float
    causes: int
    even: bool = False

    def cause(self, number: int) -> int:
        """Return the cause of the failure with this number."""
        if self.even:
            return number % self.causes
        others = self.causes - 1
        return 0 if number % 10 < 10 * FIRST or not others else 1 + number // 10 % others


@dataclass
class Written:
    """The `monotonic()` time of the first commit, and the seconds for all failures."""

    began: float = 0.0
    took: float = 0.0


@contextmanager
def failing(url: str, storm: Storm) -> Iterator[Written]:
    """Write the failures and wait for the last one after the block; `began` is set at once."""
    command = [sys.executable, "-m", "tests.bench.failing", url, json.dumps(asdict(storm))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    written = Written()
    try:
        assert process.stdout is not None
        written.began = float(process.stdout.readline())
        yield written
        printed, _ = process.communicate(timeout=storm.seconds * 3 + STOP_SECONDS)
        written.took = float(printed)
    finally:
        process.kill()
        process.wait()


def word(number: int) -> str:
    """Return a number in letters, because fingerprints remove digits but not letters."""
    letters = ""
    while True:
        number, rest = divmod(number, 26)
        letters += chr(97 + rest)
        if not number:
            return letters


def failure(storm: Storm, number: int) -> tuple[str, str, str]:
    """Return queue, payload and exception of the failure with this number."""
    cause = storm.cause(number)
    order = 1_000_000 + number
    data = {"order_id": order, "tienda_id": 12_000 + number % 40, "filler": "x" * 300}
    body = {"job": f"App\\Jobs\\Sync{cause % 6}Job", "data": data}
    first = f"RuntimeException: The {word(cause)} service did not answer for order {order}\n"
    trace = "".join(FRAME.format(depth) for depth in range(60))
    return QUEUES[cause % len(QUEUES)], json.dumps(body), (first + trace)[:EXCEPTION_BYTES]


def main() -> None:
    """Write the storm; print its start time and its duration."""
    address, storm = make_url(sys.argv[1]), Storm(**json.loads(sys.argv[2]))
    connection = pymysql.connect(
        host=address.host,
        port=address.port or 3306,
        user=address.username,
        password=address.password or "",
        database=address.database,
        autocommit=True,
        charset="utf8mb4",
    )
    put = (
        "INSERT INTO failed_jobs (queue, payload, exception, failed_at) "
        "VALUES (%s, %s, %s, UTC_TIMESTAMP())"
    )
    began = 0.0
    with connection.cursor() as cursor:
        for number in range(storm.rows):
            cursor.execute(put, failure(storm, number))
            if not number:
                began = monotonic()
                print(began, flush=True)
            sleep(max(0.0, began + (number + 1) * storm.seconds / storm.rows - monotonic()))
    print(monotonic() - began, flush=True)


if __name__ == "__main__":
    main()
