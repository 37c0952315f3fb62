"""The frameworks that the playground simulates: the bot detects their tables and reads their rows.

The worker's attempts, deadlines and reservations are those of Laravel's class `Worker`.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import RowMapping, insert, update

from bot.database.engine import connect
from bot.database.transactions import reading
from bot.localslack.demo import IDS
from bot.playground.frameworks import FRAMEWORKS
from bot.playground.frameworks.codeigniter_queue import CODEIGNITER_QUEUE, TRIES
from bot.playground.frameworks.framework import Cause, Framework, Task
from bot.playground.frameworks.laravel import BACKOFF, DEADLINE, LARAVEL, RETRY_AFTER
from bot.playground.play import playing
from bot.playground.seed import FAILED, seed
from bot.playground.worker import Worker
from bot.queue.layouts import all_layouts, detect, problems
from bot.wall_clock import unix
from tests.kit.concurrency import until
from tests.kit.queues import GRACE, TestQueue

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def seeded(folder: Path, framework: Framework) -> TestQueue:
    """Return the framework's tables with the playground's initial rows."""
    url = f"sqlite:///{folder / 'queue.sqlite3'}"
    queue = TestQueue(url, connect(url), framework.queue)
    seed(queue.engine, framework)
    return queue


@pytest.fixture
def laravel(tmp_path: Path) -> Iterator[TestQueue]:
    queue = seeded(tmp_path, LARAVEL)
    yield queue
    queue.engine.dispose()


@pytest.mark.parametrize("framework", FRAMEWORKS.values(), ids=FRAMEWORKS)
def test_the_bot_detects_the_tables_and_reads_every_row(
    framework: Framework, tmp_path: Path
) -> None:
    queue = seeded(tmp_path, framework)
    layout = framework.queue.layout
    names = (framework.queue.jobs.name, framework.queue.failed.name)
    with reading(queue.engine) as connection:
        assert detect(connection, *names, all_layouts(90, ("database",))).name == layout.name
        assert problems(connection, framework.queue) == []
    assert len(queue.failed) == len(FAILED)
    for name, class_ in framework.job_classes.items():
        payload = framework.payload(Task(name, 803_193), unix(NOW))
        identity = framework.queue.identify(payload)
        assert (identity.job_class, identity.order_id, identity.tienda_id) == (
            class_,
            803_193,
            12_097,
        )
    groups = {framework.queue.error_group(framework.exceptions[cause]) for cause in Cause}
    assert len(groups) == len(Cause)
    queue.engine.dispose()


def reserve(queue: TestQueue, now: datetime, **values: object) -> RowMapping:
    """Let Laravel's worker reserve a new netsuite job with these values, at this time."""
    task = values.pop("task", Task("netsuite", 1))
    assert isinstance(task, Task)
    at = unix(NOW)
    row = LARAVEL.new_job(task.queue, LARAVEL.payload(task, at), at) | values
    with queue.engine.begin() as connection:
        connection.execute(queue.queue.jobs.delete())
        connection.execute(insert(queue.queue.jobs), row)
        job = LARAVEL.reserve(connection, now)
    assert job is not None
    return job


def test_a_job_of_laravel_is_released_until_its_last_attempt(laravel: TestQueue) -> None:
    job = reserve(laravel, NOW)
    at = unix(NOW)
    assert (job["attempts"], job["reserved_at"]) == (1, at)
    released = LARAVEL.next_attempt(job, at)
    assert released is not None
    assert (released["attempts"], released["available_at"]) == (1, at + BACKOFF)
    assert (released["reserved_at"], released["payload"]) == (None, job["payload"])
    assert LARAVEL.next_attempt(reserve(laravel, NOW, attempts=2), at) is None


def test_laravel_fails_a_job_without_running_it_after_too_many_attempts_or_its_deadline(
    laravel: TestQueue,
) -> None:
    assert LARAVEL.refusal(reserve(laravel, NOW, attempts=2), unix(NOW)) is None
    refusal = LARAVEL.refusal(reserve(laravel, NOW, attempts=3), unix(NOW))
    assert refusal is not None
    assert refusal.startswith("Illuminate\\Queue\\MaxAttemptsExceededException: App\\Jobs\\Netsui")
    # While a deadline lies ahead, the number of attempts does not count.
    job = reserve(laravel, NOW, attempts=9, task=Task("shipping", 2))
    deadline = unix(NOW) + DEADLINE
    assert LARAVEL.next_attempt(job, deadline - 1) is not None
    assert LARAVEL.next_attempt(job, deadline) is None
    assert LARAVEL.refusal(job, deadline) is None
    assert LARAVEL.refusal(job, deadline + 1) is not None


def test_the_worker_of_laravel_takes_a_job_whose_reservation_has_expired(
    laravel: TestQueue,
) -> None:
    jobs = laravel.queue.jobs
    with laravel.engine.begin() as connection:
        others = jobs.delete().where(laravel.queue.jobs_layout.id != 119)
        connection.execute(others)
        reserved_at = laravel.queue.jobs_layout.reserved_at
        connection.execute(update(jobs).values({reserved_at: unix(NOW)}))
        for seconds, attempts in ((RETRY_AFTER - 1, None), (RETRY_AFTER, 2)):
            job = LARAVEL.reserve(connection, NOW + timedelta(seconds=seconds))
            assert (job and job["attempts"]) == attempts


def test_a_job_of_codeigniter_queue_keeps_its_row_until_its_last_attempt(tmp_path: Path) -> None:
    queue = seeded(tmp_path, CODEIGNITER_QUEUE)
    again: dict[str, Any] | None = {}
    now = datetime.now(UTC).replace(tzinfo=None)
    for attempt in range(TRIES):
        with queue.engine.begin() as connection:
            job = CODEIGNITER_QUEUE.reserve(connection, now)
            assert job is not None
            assert (job["id"], job["status"], job["attempts"]) == (121, 1, attempt)
            again = CODEIGNITER_QUEUE.next_attempt(job, unix(now) - 3_600)
            assert CODEIGNITER_QUEUE.end(connection, job)
            if again is not None:
                connection.execute(insert(queue.queue.jobs), again)
    assert again is None
    queue.engine.dispose()


def test_a_failed_job_of_laravel_has_its_uuid_and_its_exception(laravel: TestQueue) -> None:
    worker = Worker(laravel.engine, LARAVEL)
    worker.steer({"broken": True, "failure_rate": 0, "speed": 8})
    worker.start()
    try:
        until(lambda: worker.as_json()["failed"] >= 2)
    finally:
        worker.stop()
    lost = [row for row in laravel.failed if row.id > FAILED[-1].id]
    assert {row.connection for row in lost} == {"database"}
    assert [row.uuid for row in lost] == [json.loads(row.payload)["uuid"] for row in lost]
    down = LARAVEL.exceptions[Cause.NETSUITE_DOWN]
    assert down in {row.exception for row in lost}
    assert "\nStack trace:\n#0 /" in down
    assert down.endswith(" {main}")


def test_the_playground_of_laravel_says_what_its_layout_does(tmp_path: Path) -> None:
    with playing(tmp_path, layout="laravel", worker=False, grace=GRACE) as slack:

        def text(words: str) -> str:
            answer = slack.command("operator", "#queue-ops", f"/queue {words}", wait=GRACE)
            return str(answer["replies"][0]["text"])

        assert "came from the connection `redis`" in text("retry 38")
        assert "the job has as much time as after its creation" in text("retry 39")
        assert "Failed job 39 is back" in text("undo")
        assert "A reservation expires after 20 min" in text("stuck")
        assert "`maxTries 3`" in text("failed-job 45")
        assert slack.messages(IDS.queue_ops)
