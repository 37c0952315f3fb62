"""Every command works in every layout: the same rows, the same answers."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Table, delete, text, update

from bot.app.home import HOME, HomeResult
from bot.app.parsing import Request
from bot.app.responses import envelope
from bot.app.setup import Setup
from bot.background import metrics
from bot.background.incidents import probe
from bot.background.operations.canary import decide_once
from bot.background.retries.track_bulk import outcomes_once
from bot.database.transactions import reading
from bot.queue.layouts import all_layouts, detect, problems
from bot.store import tables
from bot.wall_clock import unix
from tests.kit.bulk import carried_out, previewed, run_out, small_batches
from tests.kit.clock import Clock, StandingClock
from tests.kit.example_layout import PRIORITY
from tests.kit.invariants import broken, payloads
from tests.kit.layout_databases import unix_now
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, codes, confirm, hold, make_setup
from tests.kit.worker import follow

LONG = 86_400


def rows(queue: TestQueue, table: Table) -> list[dict[str, Any]]:
    """Return every row of a table with every column, as the driver returns them."""
    with queue.engine.begin() as connection:
        stored = connection.execute(text(f"SELECT * FROM {table.name} ORDER BY id")).mappings()
        return [dict(row) for row in stored]


def data(setup: Setup, words: str) -> Any:
    """Run a command and return `data` of its JSON."""
    outcome = ask(setup, words)
    assert outcome.refusal is None, outcome.refusal
    return envelope(setup, outcome)["data"]


def take(queue: TestQueue, job_id: int) -> None:
    """Reserve a job now, as a worker does."""
    jobs = queue.queue.jobs
    with queue.engine.begin() as connection:
        values = queue.framework.taken(unix(Clock()(connection)))
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def end(queue: TestQueue, job_id: int) -> None:
    """Delete a job, as a worker does after success."""
    with queue.engine.begin() as connection:
        connection.execute(delete(queue.queue.jobs).where(queue.queue.jobs.c.id == job_id))


def test_the_tables_show_their_layout(queue: TestQueue) -> None:
    with reading(queue.engine) as connection:
        every = (*all_layouts(90, ("database",)), PRIORITY)
        layout = detect(connection, *queue.framework.tables, every)
        assert layout.name == queue.queue.layout.name
        assert problems(connection, queue.queue) == []


def test_status_counts_each_state(queue: TestQueue) -> None:
    at = unix_now(queue)
    queue.push(available_at=at - 50, created_at=at - 60)
    queue.push(available_at=at + LONG, created_at=at)
    queue.push(reserved_at=at, attempts=1)
    queue.fail(order=1)
    queue.fail(order=2, queue="mail")
    status = data(make_setup(queue), "status")
    assert status["pending_jobs"] == [{"queue": "netsuite", "count": 2}]
    assert status["reserved_jobs"] == [{"queue": "netsuite", "count": 1}]
    assert status["failed_jobs_count"] == 2
    assert status["oldest_pending_job"]["created_at"] == at - 60


def test_lists_and_details_name_each_job(queue: TestQueue) -> None:
    at = unix_now(queue)
    waiting = queue.push(order=1, available_at=at, created_at=at)
    held = queue.push(order=2, reserved_at=at, attempts=1)
    failed = queue.fail(order=3, queue="mail")
    setup = make_setup(queue)
    assert [job["id"] for job in data(setup, "jobs")["jobs"]] == [held, waiting]
    assert [job["id"] for job in data(setup, "jobs status=pending")["jobs"]] == [waiting]
    assert [job["id"] for job in data(setup, "jobs status=reserved")["jobs"]] == [held]
    (row,) = data(setup, "failed")["failed_jobs"]
    assert (row["id"], row["queue"], row["order_id"]) == (failed, "mail", 3)
    detail = data(setup, f"job {held}")
    assert (detail["state"], detail["job"]["attempts"], detail["job"]["order_id"]) == (
        "reserved",
        1,
        2,
    )
    assert data(setup, f"failed-job {failed}")["failed_job"]["job_class"] == row["job_class"]


def test_an_order_and_an_error_are_found(queue: TestQueue) -> None:
    queue.push(order=803193)
    queue.fail(order=803193)
    setup = make_setup(queue)
    watch(setup, hold(setup))
    events = [event["what"] for event in data(setup, "find 803193")["events"]]
    assert sorted(events) == ["failure", "queued"]
    (group,) = data(setup, "errors")["errors"]
    assert group["failed"] == 1


def test_a_retried_job_has_the_values_of_a_new_job(queue: TestQueue) -> None:
    failed = queue.fail(45, order=7)
    born = payloads(queue)
    outcome = ask(make_setup(queue), f"retry {failed}")
    assert outcome.refusal is None, outcome.refusal
    (job,) = queue.jobs
    state = {"queue": "netsuite", "attempts": 0, **queue.framework.reserved(None)}
    assert state.items() <= job._asdict().items()
    assert job.available_at == job.created_at == unix(outcome.now)
    assert job.payload == queue.framework.payload(7)
    priority = queue.framework.failed_values(job.payload).get("priority")
    assert getattr(job, "priority", None) == priority
    assert queue.failed == []
    assert broken(queue, born) == []


def test_of_two_people_one_retries(queue: TestQueue) -> None:
    failed = queue.fail()
    outcomes = [ask(make_setup(queue, name), f"retry {failed}", by=who) for name, who in PEOPLE]
    assert codes(outcomes) == ["ok", "failed-job-not-found"]
    assert len(queue.jobs) == 1


PEOPLE = (("a", ANA), ("b", OMAR))


def test_a_bulk_retry_keeps_its_rate(queue: TestQueue) -> None:
    for order in range(5):
        queue.fail(order=order)
    born = payloads(queue)
    setup = make_setup(queue)
    carried_out(setup, "retry queue=netsuite rate=60/min")
    starts = [job.available_at for job in queue.jobs]
    assert sorted(starts) == list(range(min(starts), min(starts) + 5))
    assert queue.failed == []
    assert broken(queue, born) == []


@pytest.mark.parametrize("is_good", [True, False])
def test_a_canary_decides_about_the_others(queue: TestQueue, is_good: bool) -> None:  # noqa: FBT001 a parameter
    for order in range(4):
        queue.fail(order=order)
    clock = StandingClock()
    setup = make_setup(queue, clock=clock)
    watch(setup, hold(setup))
    preview = previewed(setup, "retry-all canary=1")
    assert confirm(setup, "retry-all", preview.plan).refusal is None
    runner = small_batches(setup)
    run_out(runner)
    (job,) = queue.jobs
    take(queue, job.id)
    end(queue, job.id)
    if not is_good:
        queue.fail(body=job.payload, failed_at=datetime(2025, 11, 8, 12))  # noqa: DTZ001 wall clock
    decide(setup, clock)
    run_out(runner)
    (operation,) = queue.rows(tables.operations)
    assert (operation.state, len(queue.failed)) == (("done", 0) if is_good else ("stopped", 4))


def decide(setup: Setup, clock: Clock) -> None:
    """Run the watcher and the tracking until a canary's outcome is known."""
    for _ in range(12):
        clock.move(seconds=2)
        watch(setup, hold(setup))
        follow(setup, clock, seconds=1)
        decide_once(setup, hold(setup))


def test_the_outcome_of_a_retry_is_known(queue: TestQueue) -> None:
    ids = [queue.fail(order=order) for order in (1, 2)]
    clock = StandingClock()
    setup = make_setup(queue, clock=clock)
    watch(setup, hold(setup))
    assert ask(setup, f"retry {ids[0]} {ids[1]}").refusal is None
    good, bad = (job.id for job in queue.jobs)
    for job_id in (good, bad):
        take(queue, job_id)
    (_, row) = queue.jobs
    for job_id in (good, bad):
        end(queue, job_id)
    queue.fail(body=row.payload, failed_at=datetime(2025, 11, 8, 12))  # noqa: DTZ001 wall clock
    for _ in range(4):
        watch(setup, hold(setup))
        follow(setup, clock)
    assert [row.state for row in queue.rows(tables.tracked_jobs)] == ["processed", "failed-again"]


def test_the_outcomes_of_a_bulk_retry_are_counted(queue: TestQueue) -> None:
    for order in range(5):
        queue.fail(order=order)
    clock = StandingClock()
    setup = make_setup(queue, clock=clock)
    watch(setup, hold(setup))
    carried_out(setup, "retry-all")
    first, second, *_ = queue.jobs
    end(queue, first.id)
    end(queue, second.id)
    queue.fail(body=second.payload, failed_at=datetime(2025, 11, 8, 12))  # noqa: DTZ001 wall clock
    watch(setup, hold(setup))
    for _ in range(4):
        clock.move(seconds=30)
        outcomes_once(setup, hold(setup))
    (counts,) = queue.rows(tables.outcomes)
    assert (counts.waiting, counts.failed_again) == (3, 1)


@pytest.mark.parametrize("words", ["retry 45", "delete-failed 45"])
def test_an_undo_restores_every_column_of_a_failed_job(queue: TestQueue, words: str) -> None:
    queue.fail(45)
    before = rows(queue, queue.queue.failed)
    setup = make_setup(queue)
    assert codes([ask(setup, words), ask(setup, "undo")]) == ["ok", "ok"]
    assert rows(queue, queue.queue.failed) == before
    assert queue.jobs == []
    assert broken(queue) == []


def test_an_undo_restores_every_column_of_a_job(queue: TestQueue) -> None:
    queue.push(7, attempts=2, reserved_at=unix_now(queue))
    before = rows(queue, queue.queue.jobs)
    setup = make_setup(queue)
    assert codes([ask(setup, "delete 7"), ask(setup, "undo")]) == ["ok", "ok"]
    assert rows(queue, queue.queue.jobs) == before
    assert broken(queue) == []


def test_a_retry_that_a_worker_took_is_not_undone(queue: TestQueue) -> None:
    queue.fail(45)
    setup = make_setup(queue)
    assert ask(setup, "retry 45").refusal is None
    take(queue, queue.jobs[0].id)
    assert codes([ask(setup, "undo")]) == ["job-taken"]
    assert len(queue.jobs) == 1


@pytest.mark.parametrize("words", ["retry-all", "clear-failed"])
def test_a_bulk_undo_restores_every_column(queue: TestQueue, words: str) -> None:
    for order in range(5):
        queue.fail(order=order)
    before = rows(queue, queue.queue.failed)
    setup = make_setup(queue)
    carried_out(setup, words)
    assert queue.failed == []
    carried_out(setup, "undo")
    assert rows(queue, queue.queue.failed) == before
    assert queue.jobs == []
    assert broken(queue) == []


def test_a_stuck_job_is_released_only_if_the_same_worker_has_it(queue: TestQueue) -> None:
    at = unix_now(queue)
    held = queue.push(reserved_at=at - 80, attempts=1)
    queue.push(reserved_at=at, attempts=1)
    setup = make_setup(queue, reserved_seconds=60)
    (stuck,) = data(setup, "stuck")["jobs"]
    assert stuck["id"] == held
    before = rows(queue, queue.queue.jobs)
    assert ask(setup, f"release {held}").refusal is None
    assert rows(queue, queue.queue.jobs)[0] == {**before[0], **queue.framework.reserved(None)}
    assert codes([ask(setup, f"release {held}")]) == ["not-reserved"]
    assert codes([ask(setup, f"release {held + 1}")]) == ["reserved-recently"]


def test_old_jobs_and_failures_trigger_incidents(queue: TestQueue) -> None:
    clock = StandingClock()
    setup = make_setup(queue, clock=clock, failed_count=1)
    watch(setup, hold(setup))
    at = unix_now(queue)
    queue.push(available_at=at - 4_000, created_at=at - 4_000)
    for order in (1, 2):
        queue.fail(order=order)
    watch(setup, hold(setup))
    for _ in range(3):
        clock.move(seconds=20)
        probe.probe_once(setup, hold(setup))
    rules = {row.rule for row in queue.rows(tables.incidents)}
    assert len(rules) >= 2, rules
    assert broken(queue) == []


def test_a_sample_counts_each_state(queue: TestQueue) -> None:
    at = unix_now(queue)
    queue.push(available_at=at - 60, created_at=at - 60)
    queue.push(reserved_at=at, attempts=1)
    queue.fail()
    setup = make_setup(queue)
    metrics.sample_once(setup, hold(setup), indexed=True)
    (sample,) = queue.rows(tables.samples)
    assert '"failed_jobs_count":1' in sample.body
    for words in ("chart", "watch", "digest", "errors", "handover"):
        assert ask(setup, words).refusal is None, words
    home = ask(replace(setup, commands={HOME.name: HOME}), Request(HOME.name, {}))
    assert isinstance(home.result, HomeResult)
    counts, listed = home.result.data.counts, home.result.data.failed
    assert counts is not None
    assert listed is not None
    (row,) = queue.failed
    assert [failed.id for failed in listed.failed_jobs] == [row.id]
    totals = [(jobs.pending, jobs.reserved) for jobs in counts.queues]
    assert (totals, counts.failed) == ([(1, 1)], 1)
