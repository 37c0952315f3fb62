"""Real workers in PHP process what the bot retried, while people retry: each effect once."""

import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.background.operations.runner import Runner
from tests.kit.bulk import preview_of, run_out
from tests.kit.concurrency import at_once, until
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, ask, codes, confirm, hold, make_setup
from tests.services.programs import find_program

WORKER = Path(__file__).with_name("worker.php")
SECONDS = 60.0
JOBS = 60
EFFECTS = (
    "CREATE TABLE outage (broken INT NOT NULL)",
    "INSERT INTO outage VALUES (1)",
    "CREATE TABLE effects (order_id INT NOT NULL, digest CHAR(64) NOT NULL) ENGINE=InnoDB",
)


@contextmanager
def worker(queue: TestQueue) -> Iterator[None]:
    """One worker process; it ends when its input is closed, and must not have failed."""
    url = make_url(queue.url)
    dsn = f"mysql:host={url.host};port={url.port};dbname={url.database};charset=utf8mb4"
    command = [
        find_program("php") or "php",
        str(WORKER),
        dsn,
        url.username or "",
        url.password or "",
    ]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield
        output, _ = process.communicate(timeout=SECONDS)
        assert (process.returncode, output) == (0, "")
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def worked(mariadb_queue: TestQueue) -> Iterator[TestQueue]:
    """A queue with two PHP workers, whose jobs have all failed in an outage that is over."""
    if find_program("php") is None:
        sentence = "No PHP on this machine: install php-cli and php-mysql."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    queue = mariadb_queue
    with queue.engine.begin() as connection:
        for statement in EFFECTS:
            connection.execute(text(statement))
    for order in range(JOBS):
        queue.push(body=payload(order))
    with ExitStack() as until_the_end:
        for _ in range(2):
            until_the_end.enter_context(worker(queue))
        until(lambda: (len(queue.jobs), len(queue.failed)) == (0, JOBS), SECONDS)
        with queue.engine.begin() as connection:
            connection.execute(text("UPDATE outage SET broken = 0"))
        yield queue


def effects(queue: TestQueue) -> Counter[tuple[int, str]]:
    """What the workers did, counted: the order, and the digest of the payload that they read."""
    with queue.engine.begin() as connection:
        rows = connection.execute(text("SELECT order_id, digest FROM effects")).all()
    return Counter((row.order_id, row.digest) for row in rows)


def assert_each_job_ran_once(queue: TestQueue) -> None:
    """Wait until both tables are empty, and hold every effect to one with the same bytes."""
    until(lambda: not queue.jobs and not queue.failed, SECONDS)
    until(lambda: effects(queue).total() >= JOBS, SECONDS)
    digests = {order: sha256(payload(order).encode()).hexdigest() for order in range(JOBS)}
    assert effects(queue) == Counter(digests.items())


def test_jobs_that_two_people_retry_at_once_are_processed_once(worked: TestQueue) -> None:
    born = payloads(worked)
    ids = [row.id for row in worked.failed]

    def retry(replica: str, person: str) -> list[str]:
        setup = make_setup(worked, replica)
        return codes(ask(setup, f"retry {failed_id}", by=person) for failed_id in ids)

    steps: list[Callable[[], list[str]]] = [partial(retry, "a", ANA), partial(retry, "b", OMAR)]
    ends = at_once(*steps, seconds=SECONDS)
    for failed_id, *both in zip(ids, *ends, strict=True):
        assert sorted(both) == ["failed-job-not-found", "ok"], (failed_id, both)
    assert_each_job_ran_once(worked)
    assert broken(worked, born, worked=born) == []


def test_jobs_retried_in_bulk_and_by_a_person_at_once_are_processed_once(worked: TestQueue) -> None:
    born = payloads(worked)
    ids = [row.id for row in worked.failed]
    first, second = make_setup(worked, "a"), make_setup(worked, "b")
    watch(first, hold(first))
    plan = preview_of(ask(first, "retry-all")).plan

    def in_bulk() -> None:
        assert confirm(first, "retry-all", plan).refusal is None
        run_out(Runner(first, 7, lanes=1, seconds=0))

    def by_hand() -> None:
        ends = codes(ask(second, f"retry {failed_id}", by=OMAR) for failed_id in reversed(ids))
        assert set(ends) <= {"ok", "failed-job-not-found"}, ends

    at_once(in_bulk, by_hand, seconds=SECONDS)
    assert_each_job_ran_once(worked)
    assert broken(worked, born, worked=born) == []
