"""What only CodeIgniter Queue's tables have: statuses, done jobs, and no time of a reservation."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.app.dispatch import request_id
from bot.app.parsing import Request
from bot.app.responses import answer, envelope
from bot.app.setup import Setup
from bot.background.incidents import probe
from bot.database.transactions import reading
from bot.models.refusals import OtherConnection, ReservedAgain, ReservedRecently, StartError
from bot.models.requests import Actor, Invocation, Message, Source
from bot.queue import index_probe, job_counts
from bot.queue.index_probe import ProbeLimits
from bot.queue.layouts import all_layouts, detect, problems
from bot.queue.layouts.codeigniter_queue import codeigniter_queue
from bot.store import tables
from bot.wall_clock import unix
from tests.kit.bulk import carried_out
from tests.kit.changed_rows import run
from tests.kit.clock import StandingClock
from tests.kit.frameworks import CODEIGNITER, CODEIGNITER_2023_10, codeigniter_payload
from tests.kit.invariants import broken
from tests.kit.layout_databases import Databases, unix_now
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, make_queue
from tests.kit.replicas import ANA, OPS, TEAM, ask, codes, hold, make_setup
from tests.kit.worker import follow

LAYOUTS = all_layouts(90, ("database",))
LIMA = ZoneInfo("America/Lima")


def data(setup: Setup, words: str) -> Any:
    """Run a command and return `data` of its JSON."""
    outcome = ask(setup, words)
    assert outcome.refusal is None, outcome.refusal
    return envelope(setup, outcome)["data"]


def shown(setup: Setup, words: str) -> str:
    """Run a command and return its message with all blocks, as JSON."""
    asked = Invocation(Actor(ANA, TEAM, Source.SLASH), request_id("x"), 0.0, OPS)
    message = answer(setup, asked, ask(setup, words))
    assert isinstance(message, Message)
    return json.dumps([message.text, message.blocks], default=str)


def take(queue: TestQueue, job_id: int) -> None:
    """Reserve a job, as a worker does: the attempts stay as they are."""
    run(queue, "UPDATE queue_jobs SET status = 1 WHERE id = :id", id=job_id)


def check(setup: Setup, clock: StandingClock, *, seconds: int = 0) -> None:
    """Run a check of the metric rules after these seconds."""
    clock.move(seconds=seconds)
    probe.probe_once(setup, hold(setup))


def test_the_tables_of_the_first_migration_are_refused_with_the_column_s_name(
    database_url: str,
) -> None:
    queue = make_queue(database_url, framework=CODEIGNITER_2023_10)
    lacks = "for codeigniter_queue: queue_jobs.priority, queue_jobs_failed.priority"
    try:
        with reading(queue.engine) as connection:
            with pytest.raises(StartError, match=lacks):
                detect(connection, *queue.framework.tables, LAYOUTS)
            assert problems(connection, queue.queue) == [
                "The table queue_jobs has no column priority.",
                "The table queue_jobs_failed has no column priority.",
            ]
            absent = make_absent(queue)
            assert "QUEUE_BOT_JOBS_TABLE=queue_jobs" in problems(connection, absent.queue)[0]
    finally:
        queue.engine.dispose()


def make_absent(queue: TestQueue) -> TestQueue:
    """Return the queue with the default names of the tables, which do not exist."""
    jobs, failed = queue.queue.layout.tables("jobs", "failed_jobs", None)
    return replace(queue, queue=replace(queue.queue, jobs=jobs, failed=failed))


def test_done_jobs_are_neither_listed_nor_counted(codeigniter: TestQueue) -> None:
    done = [codeigniter.push(order=order) for order in (1, 2)]
    run(codeigniter, "UPDATE queue_jobs SET status = 2")
    waiting = codeigniter.push(order=1)
    setup = make_setup(codeigniter)
    watch(setup, hold(setup))
    assert [job["id"] for job in data(setup, "jobs")["jobs"]] == [waiting]
    status = data(setup, "status")
    assert status["pending_jobs"] == [{"queue": "netsuite", "count": 1}]
    assert status["reserved_jobs"] == []
    assert [event["what"] for event in data(setup, "find 1")["events"]] == ["queued"]
    words = (f"job {done[0]}", f"delete {done[0]}", f"release {done[0]}")
    assert codes([ask(setup, each) for each in words]) == ["job-not-found"] * 3
    with reading(codeigniter.engine) as connection:
        now = setup.clock(connection)
        limits = ProbeLimits(now, 60, 100)
        probed = index_probe.probe_queue(connection, codeigniter.queue, "netsuite", limits)
        assert (probed.available, probed.reserved, probed.first_id) == (1, 0, waiting)
        run(codeigniter, "UPDATE queue_jobs SET status = 2")
    with reading(codeigniter.engine) as connection:
        assert job_counts.count(connection, codeigniter.queue, now, 5).queues == ()


def test_a_retried_job_that_its_worker_keeps_as_done_was_processed(codeigniter: TestQueue) -> None:
    ids = [codeigniter.fail(order=order) for order in (1, 2)]
    clock = StandingClock()
    setup = make_setup(codeigniter, clock=clock)
    watch(setup, hold(setup))
    assert ask(setup, f"retry {ids[0]} {ids[1]}").refusal is None
    take(codeigniter, codeigniter.jobs[0].id)
    run(codeigniter, "UPDATE queue_jobs SET status = 2 WHERE status = 1")
    for _ in range(4):
        watch(setup, hold(setup))
        follow(setup, clock)
    states = [row.state for row in codeigniter.rows(tables.tracked_jobs)]
    assert states == ["processed", "waiting"]
    assert codes([ask(setup, "undo")]) == ["ok"]
    assert [row.id for row in codeigniter.failed] == [ids[1]]


def test_the_age_of_a_reservation_counts_from_the_check_that_first_saw_it(
    codeigniter: TestQueue,
) -> None:
    at = unix_now(codeigniter)
    job = codeigniter.push(created_at=at, available_at=at)
    clock = StandingClock()
    setup = make_setup(codeigniter, clock=clock, reserved_seconds=60)
    take(codeigniter, job)
    assert data(setup, f"job {job}")["state"] == "reserved"
    clock.move(seconds=100)
    # No check has seen the job, so its reservation may be new.
    assert isinstance(ask(setup, f"release {job}").refusal, ReservedRecently)
    check(setup, clock)
    check(setup, clock, seconds=40)
    assert data(setup, "stuck")["jobs"] == []
    check(setup, clock, seconds=40)
    (stuck,) = data(setup, "stuck")["jobs"]
    assert (stuck["id"], stuck["max_attempts"]) == (job, None)
    (recorded,) = codeigniter.rows(tables.reservations)
    assert recorded.seen_at == at_of(setup) - 80
    message = shown(setup, "stuck")
    assert "at least 1 min 20 s" in message
    assert "when the bot first saw the job reserved" in message
    assert "attempts are unchanged" in message
    rules = {row.rule for row in codeigniter.rows(tables.incidents)}
    assert "stuck_jobs" in rules


def at_of(setup: Setup) -> int:
    """Return the setup's time in unix seconds."""
    with reading(setup.engine) as connection:
        return unix(setup.clock(connection))


def test_a_release_compares_the_status_and_the_attempts(codeigniter: TestQueue) -> None:
    at = unix_now(codeigniter)
    job = codeigniter.push(reserved_at=at - 500, created_at=at - 600, available_at=at - 600)
    clock = StandingClock()
    setup = make_setup(codeigniter, clock=clock, reserved_seconds=60)
    click = Request("release", {"ids": [job], "reserved_at": at - 500})
    # The worker failed and another worker took the job, between two checks.
    run(codeigniter, "UPDATE queue_jobs SET attempts = attempts + 1")
    assert isinstance(ask(setup, click).refusal, ReservedAgain)
    check(setup, clock)
    assert data(setup, "stuck")["jobs"] == []
    with codeigniter.engine.begin() as connection:
        # The statement compares the attempts, too.
        statement = codeigniter.queue.jobs_layout.release(job, at - 500, attempts=0)
        assert connection.execute(statement).rowcount == 0
    run(codeigniter, "UPDATE queue_jobs SET attempts = attempts - 1")
    check(setup, clock)
    check(setup, clock, seconds=100)
    assert ask(setup, f"release {job}").refusal is None
    assert (codeigniter.jobs[0].status, codeigniter.jobs[0].attempts) == (0, 0)
    # Another worker takes the job at once, with the same attempts: a new reservation.
    take(codeigniter, job)
    check(setup, clock)
    assert data(setup, "stuck")["jobs"] == []
    assert isinstance(ask(setup, f"release {job}").refusal, ReservedRecently)


def test_the_records_of_ended_reservations_are_deleted(codeigniter: TestQueue) -> None:
    at = unix_now(codeigniter)
    jobs = [codeigniter.push(created_at=at, available_at=at) for _ in range(4)]
    clock = StandingClock()
    setup = make_setup(codeigniter, clock=clock)
    for job in jobs:
        take(codeigniter, job)
    run(codeigniter, "UPDATE queue_jobs SET priority = 'high' WHERE id = :id", id=jobs[0])
    check(setup, clock)
    recorded = codeigniter.rows(tables.reservations)
    assert [row.job_id for row in recorded] == jobs
    run(codeigniter, "UPDATE queue_jobs SET status = 2 WHERE id = :id", id=jobs[0])
    run(codeigniter, "UPDATE queue_jobs SET status = 0 WHERE id = :id", id=jobs[1])
    run(codeigniter, "DELETE FROM queue_jobs WHERE id = :id", id=jobs[2])
    check(setup, clock, seconds=9)
    assert codeigniter.rows(tables.reservations) == recorded[3:]


def test_a_job_of_another_handler_is_named_and_left_alone(codeigniter: TestQueue) -> None:
    ids = [codeigniter.fail(order=order) for order in range(3)]
    run(codeigniter, "UPDATE queue_jobs_failed SET connection = 'redis' WHERE id = :id", id=ids[1])
    setup = make_setup(codeigniter)
    watch(setup, hold(setup))
    refusal = ask(setup, f"retry {ids[1]}").refusal
    assert isinstance(refusal, OtherConnection)
    assert refusal.detail == "redis"
    carried_out(setup, "retry-all")
    assert [row.id for row in codeigniter.failed] == [ids[1]]
    assert {row.priority for row in codeigniter.jobs} == {"high"}
    assert broken(codeigniter) == []


def test_the_details_show_the_priority_and_the_chain(codeigniter: TestQueue) -> None:
    chained = {"chainedJobs": [{"job": "next", "data": {}}]}
    failed = codeigniter.fail(body=codeigniter_payload(5, metadata=chained))
    setup = make_setup(codeigniter)
    detail = data(setup, f"failed-job {failed}")
    assert detail["facts"] == {"priority": "high", "chained": "1"}
    assert detail["failed_job"]["job_class"] == "sync-order"
    assert ask(setup, f"retry {failed}").refusal is None
    assert data(setup, "jobs")["jobs"][0]["order_id"] == 5
    assert data(setup, f"job {codeigniter.jobs[0].id}")["facts"] == detail["facts"]


def test_the_time_of_a_failure_is_shown_and_filtered_in_the_queue_s_zone(
    codeigniter: TestQueue,
) -> None:
    """The column has unix seconds, and the bot's index has the wall clock of the zone."""
    layout = codeigniter_queue(("database",), LIMA)
    local = replace(codeigniter, queue=replace(codeigniter.queue, zone=LIMA, layout=layout))
    old = local.fail(order=1, failed_at=datetime(2025, 11, 7, 3, 30))  # noqa: DTZ001 naive UTC
    setup = make_setup(local, zone=LIMA)
    with reading(local.engine) as connection:
        now = setup.clock(connection)
    new = local.fail(order=2, failed_at=now - timedelta(minutes=10))
    watch(setup, hold(setup))
    times = {row["id"]: row["failed_at"] for row in data(setup, "failed")["failed_jobs"]}
    assert times[old] == "2025-11-06 22:30:00"
    recent = (now - timedelta(minutes=10)).replace(tzinfo=UTC).astimezone(LIMA)
    assert times[new] == recent.strftime("%Y-%m-%d %H:%M:%S")
    assert {row.failed_at for row in local.rows(tables.failures)} == {
        datetime.fromisoformat(time) for time in times.values()
    }
    carried_out(setup, "retry before=2025-11-06T22:31")
    assert [row.id for row in local.failed] == [new]
    before = local.failed
    assert codes([ask(setup, f"delete-failed {new}"), ask(setup, "undo")]) == ["ok", "ok"]
    assert local.failed == before


def test_the_largest_payload_returns_byte_by_byte(databases: Databases) -> None:
    queue = databases.emptied(CODEIGNITER, "mariadb")
    empty = codeigniter_payload(1, note="")
    body = codeigniter_payload(1, note="x" * (65_535 - len(empty)))
    failed = queue.fail(body=body)
    assert ask(make_setup(queue), f"retry {failed}").refusal is None
    assert queue.jobs[0].payload == body
