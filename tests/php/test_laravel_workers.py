"""Laravel's own worker processes what the bot retried: each kind of job, each effect once.

It works on the tables of both layouts.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import time
from typing import Any

import pytest
from sqlalchemy import make_url, text

from bot.background.operations.runner import Runner
from tests.kit.bulk import preview_of, run_out
from tests.kit.concurrency import until
from tests.kit.frameworks import LARAVEL_8, SPEC
from tests.kit.invariants import broken
from tests.kit.php import (
    SECONDS,
    require,
    retry_all_beside_a_person,
    retry_each_as_two_people,
    running,
)
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, make_queue
from tests.kit.replicas import ask, confirm, hold, make_setup
from tests.services.programs import find_program

SCRIPT = Path(__file__).with_name("laravel.php")
TABLES = (
    "CREATE TABLE outage (broken INT NOT NULL)",
    "INSERT INTO outage VALUES (1)",
    "CREATE TABLE effects (name VARCHAR(32) NOT NULL, digest CHAR(64) NOT NULL) ENGINE=InnoDB",
    """CREATE TABLE job_batches (id VARCHAR(255) PRIMARY KEY, name VARCHAR(255) NOT NULL,
    total_jobs INT NOT NULL, pending_jobs INT NOT NULL, failed_jobs INT NOT NULL,
    failed_job_ids TEXT NOT NULL, options MEDIUMTEXT, cancelled_at INT, created_at INT NOT NULL,
    finished_at INT) ENGINE=InnoDB""",
)
FAILING = ("plain", "large", "persistent", "encrypted", "unique", "closure", "ahead", "first")
PASSED = "passed"
"""The job whose deadline has passed; in the spec's layout a retry could not make it run again."""
BATCH = ("batch-1", "batch-2")
CHAINED = ("second", "third")


def has_laravel() -> bool:
    """Whether PHP finds every package of Laravel that the script needs."""
    php = find_program("php")
    packages = ("Queue", "Events", "Bus", "Encryption", "Cache")
    files = " && ".join(
        f"stream_resolve_include_path('Illuminate/{name}/autoload.php')" for name in packages
    )
    if php is None:
        return False
    script = f"exit({files} ? 0 : 1);"
    return subprocess.run([php, "-r", script], check=False).returncode == 0


def command(queue: TestQueue, what: str) -> tuple[list[str], str]:
    """Return the command line of the script, and the first line of its input."""
    url = make_url(queue.url)
    address = {
        "host": url.host,
        "port": url.port,
        "database": url.database,
        "username": url.username,
        "password": url.password,
    }
    first_line = {**address, "layout": queue.framework.layout.name}
    return [find_program("php") or "php", str(SCRIPT), what], json.dumps(first_line) + "\n"


def all_failed(queue: TestQueue) -> bool:
    """Whether every job has failed and no job waits."""
    return len(queue.failed) == len(failing(queue)) and not queue.jobs


def failing(queue: TestQueue) -> tuple[str, ...]:
    """Return the names of the jobs that fail in the outage."""
    passed = (PASSED,) if queue.framework is LARAVEL_8 else ()
    return (*FAILING, *BATCH, *passed)


def artisan(queue: TestQueue, what: str) -> None:
    """Run the script to its end."""
    line, address = command(queue, what)
    done = subprocess.run(
        line, input=address, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@contextmanager
def worker(queue: TestQueue) -> Iterator[None]:
    """Run Laravel's worker until the block ends."""
    line, address = command(queue, "work")
    with running(line, address):
        yield


def run(queue: TestQueue, statement: str) -> list[Any]:
    """Execute a statement as the tables' owner; return its rows."""
    with queue.engine.begin() as connection:
        result = connection.execute(text(statement))
        return list(result.mappings()) if result.returns_rows else []


@pytest.fixture(params=[LARAVEL_8, SPEC], ids=lambda framework: framework.layout.name)
def queue(request: pytest.FixtureRequest, mariadb_url: str) -> Iterator[TestQueue]:
    """The tables of a layout with one failed job of each kind; the outage still lasts."""
    require(
        present=has_laravel(),
        sentence="No Laravel on this machine: see tests/services/install.sh.",
    )
    queue = make_queue(mariadb_url, framework=request.param)
    try:
        for statement in TABLES:
            run(queue, statement)
        artisan(queue, "push")
        with worker(queue):
            until(lambda: all_failed(queue), SECONDS)
        deadlines = [json.loads(row.payload)["retryUntil"] for row in queue.failed]
        passing = min(deadline for deadline in deadlines if deadline is not None)
        if queue.framework is LARAVEL_8:
            until(lambda: time() > passing + 1, SECONDS)
        yield queue
    finally:
        queue.engine.dispose()


@pytest.mark.parametrize(
    "retry",
    [retry_each_as_two_people, partial(retry_all_beside_a_person, rows=2)],
    ids=["two people", "in bulk"],
)
def test_each_kind_of_job_fails_again_and_is_processed_once_after_the_outage(
    queue: TestQueue, retry: Callable[[TestQueue], None]
) -> None:
    first = {row.payload for row in queue.failed}
    setup = make_setup(queue)
    watch(setup, hold(setup))
    with worker(queue):
        plan = preview_of(ask(setup, "retry-all")).plan
        assert confirm(setup, "retry-all", plan).refusal is None
        run_out(Runner(setup, 4, lanes=1, seconds=0))
        until(lambda: all_failed(queue), SECONDS)
        again = {row.payload for row in queue.failed}
        run(queue, "UPDATE outage SET broken = 0")
        retry(queue)
        expected = sorted((*failing(queue), *CHAINED))
        until(lambda: len(run(queue, "SELECT name FROM effects")) >= len(expected), SECONDS)
        until(lambda: not queue.jobs and not queue.failed, SECONDS)
    effects = {row["name"]: row["digest"] for row in run(queue, "SELECT * FROM effects")}
    assert sorted(row["name"] for row in run(queue, "SELECT name FROM effects")) == expected
    # Only the job whose deadline had passed was changed, and only by the first retry.
    assert len(first - again) == len(again - first) == (queue.framework is LARAVEL_8)
    digests = {sha256(payload.encode()).hexdigest() for payload in again}
    assert {effects[name] for name in failing(queue)} == digests
    (batch,) = run(queue, "SELECT pending_jobs, finished_at FROM job_batches")
    assert batch["pending_jobs"] == 0
    assert batch["finished_at"] is not None
    assert broken(queue) == []


@pytest.mark.parametrize("queue", [LARAVEL_8], indirect=True, ids=["laravel"])
def test_a_retry_of_the_bot_and_of_the_framework_make_the_same_jobs(queue: TestQueue) -> None:
    """The jobs are equal, except that the bot removes the passed deadline.

    The framework stores the passed deadline again; its worker fails this job without running it. It
    also encodes the payloads again, while the bot keeps their bytes.
    """
    stored = {row.payload for row in queue.failed}
    run(queue, "CREATE TABLE kept AS SELECT * FROM failed_jobs")
    artisan(queue, "retry")
    by_framework = {json.loads(row.payload)["uuid"]: row for row in queue.jobs}
    assert queue.failed == []
    run(queue, "DELETE FROM jobs")
    run(queue, "INSERT INTO failed_jobs SELECT * FROM kept")
    ids = " ".join(str(row.id) for row in queue.failed)
    assert ask(make_setup(queue), f"retry {ids}").refusal is None
    by_bot = {json.loads(row.payload)["uuid"]: row for row in queue.jobs}
    assert queue.failed == []
    assert by_bot.keys() == by_framework.keys()
    deadlines = []
    for uuid, job in by_bot.items():
        other = by_framework[uuid]
        state = (job.queue, job.attempts, job.reserved_at)
        assert state == (other.queue, other.attempts, other.reserved_at)
        for at in ("available_at", "created_at"):
            assert 0 <= getattr(job, at) - getattr(other, at) < SECONDS
        ours, theirs = json.loads(job.payload), json.loads(other.payload)
        if ours != theirs:
            assert [key for key in ours if ours[key] != theirs[key]] == ["retryUntil"]
            deadlines.append((ours["retryUntil"], theirs["retryUntil"] < time()))
    assert deadlines == [(None, True)]
    assert len(stored - {job.payload for job in queue.jobs}) == 1
