"""Real workers in PHP process what the bot retried, while people retry: each effect once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from tests.kit.concurrency import until
from tests.kit.invariants import broken, payloads
from tests.kit.php import (
    SECONDS,
    require,
    retry_all_beside_a_person,
    retry_each_as_two_people,
    running,
)
from tests.kit.queues import TestQueue, payload
from tests.services.programs import find_program

WORKER = Path(__file__).with_name("worker.php")
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
    with running(command):
        yield


@pytest.fixture
def worked(mariadb_queue: TestQueue) -> Iterator[TestQueue]:
    """A queue with two PHP workers, whose jobs have all failed in an outage that is over."""
    require(
        present=find_program("php") is not None,
        sentence="No PHP on this machine: install php-cli and php-mysql.",
    )
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
    retry_each_as_two_people(worked)
    assert_each_job_ran_once(worked)
    assert broken(worked, born, worked=born) == []


def test_jobs_retried_in_bulk_and_by_a_person_at_once_are_processed_once(worked: TestQueue) -> None:
    born = payloads(worked)
    retry_all_beside_a_person(worked, rows=7)
    assert_each_job_ran_once(worked)
    assert broken(worked, born, worked=born) == []
