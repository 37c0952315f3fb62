"""Replicas, leases and limits of the outcomes of retried jobs."""

from typing import Any

import pytest
from sqlalchemy import event, insert, update

from bot.app.setup import Setup
from bot.background.failures import PASSES
from bot.background.retries.track import track_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.failures.unindexed import PASS_ROWS
from bot.store.leases import LeaseLost
from bot.store.operations.retries import location
from bot.store.operations.retries import tracked_jobs as tracking
from tests.kit.clock import Clock
from tests.kit.failures import FAILURE
from tests.kit.posting import send, thread
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import hold, make_setup
from tests.kit.tracked_jobs import failing, retried, rows, states
from tests.kit.worker import Worker, follow


def test_two_replicas_post_an_outcome_once(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    other = make_setup(queue, "b", clock=clock)
    (job,) = retried(setup, *failing(queue, setup))
    worker.end(job)
    clock.move(seconds=1.5)
    paused = hold(setup)
    track_once(setup, paused)
    clock.move(seconds=11)
    assert track_once(other, hold(other)) == 1
    assert track_once(setup, paused) == 0
    clock.move(seconds=61)
    track_once(other, hold(other))
    send(other, slack)
    assert len(thread(slack)) == 1


def test_a_replica_paused_past_its_lease_writes_nothing(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    worker.fail(job)
    paused = hold(setup)
    clock.move(seconds=11)
    hold(make_setup(queue, "b", clock=clock))
    with pytest.raises(LeaseLost):
        track_once(setup, paused)
    assert states(queue) == ["waiting"]


def test_no_job_counts_as_processed_while_the_index_is_behind(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    row = worker.end(job)
    many = [{**FAILURE, "payload": payload(n)} for n in range(PASSES * PASS_ROWS)]
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.failed), many)
    worker.write_failure(row)
    assert follow(setup, clock, seconds=4, step=2) == 0
    assert states(queue) == ["waiting"]
    follow(setup, clock, seconds=4, step=2)
    assert states(queue) == ["failed-again"]


def test_the_outcome_says_if_the_queue_is_too_long_to_scan(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    worker.end(job)
    jobs = queue.queue.jobs
    many = [
        {"queue": "netsuite", "payload": payload(9), "available_at": 1, "created_at": 1}
        for _ in range(location.SCANNED + location.UNCOMMITTED + 1)
    ]
    with queue.engine.begin() as connection:
        connection.execute(insert(jobs), many)
    follow(setup, clock)
    assert states(queue) == ["no-longer-queued"]
    send(setup, slack)
    assert "too long to check" in thread(slack)[0]


def test_a_pass_checks_a_limited_number_of_tracked_jobs(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    (row,) = rows(queue)
    values = {key: value for key, value in row._asdict().items() if key != "id"}
    more = [{**values, "job_id": job, "failed_id": 10 + n} for n in range(tracking.AT_ONCE + 50)]
    with queue.engine.begin() as connection:
        connection.execute(insert(tables.tracked_jobs), more)
    clock.move(seconds=2)
    track_once(setup, hold(setup))
    checked = [row for row in rows(queue) if row.next_check_at != values["next_check_at"]]
    assert len(checked) == tracking.AT_ONCE
    track_once(setup, hold(setup))
    checked = [row for row in rows(queue) if row.next_check_at != values["next_check_at"]]
    assert len(checked) == tracking.AT_ONCE + 51


def test_a_pass_without_due_tracked_jobs_executes_one_statement(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    retried(setup, *failing(queue, setup, 5))
    with queue.engine.begin() as connection:
        connection.execute(update(tables.tracked_jobs).values(next_check_at=None))
    clock.move(seconds=5)
    lease = hold(setup)
    seen: list[str] = []

    def note(*given: Any) -> None:
        seen.append(given[2])

    event.listen(queue.engine, "before_cursor_execute", note)
    try:
        assert track_once(setup, lease) == 0
    finally:
        event.remove(queue.engine, "before_cursor_execute", note)
    assert len([statement for statement in seen if "queue_bot" in statement]) == 1
