"""Queue workers in a separate process: duration of a pop during other work."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import monotonic, time

import pymysql
from sqlalchemy import make_url

POLL_SECONDS = 0.005
STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Kind:
    """A worker's query for its next job: its queue, with or without SKIP LOCKED."""

    name: str
    queue: str
    skips: bool


KINDS = (
    Kind("CodeIgniter's and Laravel's, SKIP LOCKED", "netsuite", skips=True),
    Kind("older Laravel's, FOR UPDATE", "netsuite", skips=False),
    Kind("SKIP LOCKED, on a queue that stays empty", "reports", skips=True),
    Kind("FOR UPDATE, on a queue that stays empty", "reports", skips=False),
)


@dataclass
class Pops:
    """The workers' results: seconds of the pops of each kind, and the times of taken jobs.

    The times are seconds of `time.time()`.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)


@contextmanager
def working(url: str) -> Iterator[Pops]:
    """Run workers of every kind until the block ends; then fill in their results."""
    command = [sys.executable, "-m", "tests.bench.workers", url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pops = Pops()
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield pops
        printed, _ = process.communicate("stop\n", timeout=STOP_SECONDS)
        measured = json.loads(printed)
        pops.seconds.update(measured["seconds"])
        pops.taken.extend(sorted(measured["taken"]))
    finally:
        process.kill()
        process.wait()


def _pop(
    connection: "pymysql.Connection[pymysql.cursors.Cursor]", kind: Kind, taken: list[float]
) -> float:
    """Take one job like a worker, and delete it as processed; return the seconds of the pop."""
    now = int(time())
    statement = (
        "SELECT id FROM jobs WHERE queue = %s AND ((reserved_at IS NULL AND available_at <= %s) "
        "OR reserved_at <= %s) ORDER BY id LIMIT 1 FOR UPDATE"
    )
    with connection.cursor() as cursor:
        began = monotonic()
        cursor.execute(
            statement + (" SKIP LOCKED" if kind.skips else ""), (kind.queue, now, now - 90)
        )
        row = cursor.fetchone()
        if row is not None:
            cursor.execute(
                "UPDATE jobs SET reserved_at = %s, attempts = attempts + 1 WHERE id = %s",
                (now, row[0]),
            )
        connection.commit()
        took = monotonic() - began
        if row is not None:
            taken.append(time())
            cursor.execute("DELETE FROM jobs WHERE id = %s", (row[0],))
            connection.commit()
    return took


def _work(url: str, kind: Kind, stop: threading.Event, pops: Pops) -> None:
    address = make_url(url)
    connection = pymysql.connect(
        host=address.host,
        port=address.port or 3306,
        user=address.username,
        password=address.password or "",
        database=address.database,
        autocommit=False,
    )
    while not stop.is_set():
        try:
            pops.seconds[kind.name].append(_pop(connection, kind, pops.taken))
        except pymysql.err.OperationalError as error:
            # A worker that is the victim of a deadlock tries again, like Laravel's.
            if error.args[0] not in (1213, 1205):
                raise
            connection.rollback()
        stop.wait(POLL_SECONDS)
    connection.close()


def main() -> None:
    """Run one worker of each kind until a line of input comes, then print the results."""
    stop = threading.Event()
    pops = Pops({kind.name: [] for kind in KINDS})
    threads = [
        threading.Thread(target=_work, args=(sys.argv[1], kind, stop, pops)) for kind in KINDS
    ]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.readline()
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps(asdict(pops)))


if __name__ == "__main__":
    main()
