"""The panel's data: the wire's times by the test's own clock, and the simulated worker."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.database.engine import connect
from bot.localslack.blocks.specs import Json
from bot.localslack.delivery.envelopes import AckRecord
from bot.localslack.traffic import MAX_EXCHANGES, Traffic
from bot.playground.frameworks.framework import Cause
from bot.playground.frameworks.spec import EXCEPTIONS, SPEC
from bot.playground.guide import GUIDE
from bot.playground.rows import NEWEST, tables_json
from bot.playground.seed import seed
from bot.playground.worker import Worker
from tests.kit.concurrency import until
from tests.kit.queues import TestQueue


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the current time."""
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def traffic(clock: Seconds) -> Traffic:
    return Traffic(clock)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[TestQueue]:
    """The playground's rows, in their own file."""
    url = f"sqlite:///{tmp_path / 'queue.sqlite3'}"
    queue = TestQueue(url, connect(url), SPEC.queue)
    seed(queue.engine, SPEC)
    yield queue
    queue.engine.dispose()


def envelope(name: str) -> Json:
    """Return an envelope with a slash command."""
    payload = {"command": "/queue", "text": "status"}
    return {"envelope_id": name, "type": "slash_commands", "payload": payload}


def test_an_ack_is_missing_after_3_seconds_and_late_when_it_arrives(
    traffic: Traffic, clock: Seconds
) -> None:
    traffic.record_frame(envelope("a"))
    clock.now += 2.999
    assert traffic.newest_first()[0]["outcome"] is None
    clock.now += 0.002
    assert traffic.newest_first()[0]["outcome"] == "no ack"
    traffic.record_ack("a")
    (late,) = traffic.newest_first()

    assert (late["outcome"], late["ms"], late["name"]) == ("late", 3001.0, "/queue status")
    traffic.record_ack("nobody's")
    assert traffic.newest_first() == [late]


def test_only_the_newest_requests_are_kept(traffic: Traffic) -> None:
    for number in range(MAX_EXCHANGES + 5):
        traffic.finish(traffic.start("call", f"m{number}"), "ok")
    names = [one["name"] for one in traffic.newest_first()]

    assert (len(names), names[0], names[-1]) == (MAX_EXCHANGES, f"m{MAX_EXCHANGES + 4}", "m5")


def test_an_envelope_without_a_socket_is_listed_once(traffic: Traffic) -> None:
    traffic.record_frame(envelope("a"))
    traffic.record_ack("a")
    acks = [
        AckRecord("a", "slash_commands", 4.0),
        AckRecord("b", "events_api", 7.0),
        AckRecord("c", "interactive", None),
    ]
    traffic.record_http_acks(acks)
    traffic.record_http_acks(acks)

    exchanges = [(one["name"], one["ms"], one["outcome"]) for one in traffic.newest_first()]
    assert exchanges[:2] == [("interactive", None, "no ack"), ("events_api", 7.0, "ok")]
    assert len(exchanges) == 3


def test_the_newest_rows_are_shown_with_every_column(queue: TestQueue) -> None:
    for number in range(NEWEST):
        queue.fail(order=900_000 + number)
    tables = tables_json(queue.engine, queue.queue)
    failed = tables["failed_jobs"]

    assert failed["count"] == NEWEST + 9
    assert len(failed["rows"]) == NEWEST
    assert failed["columns"] == ["id", "queue", "failed_at", "exception", "payload"]
    assert failed["rows"][0][0] == max(row.id for row in queue.failed)
    assert tables["jobs"]["columns"][-1] == "payload"
    assert [row[0] for row in tables["jobs"]["rows"]] == [126, 125, 124, 123, 122, 121, 119]


def test_a_paused_worker_reserves_no_job_and_a_broken_netsuite_fails_only_its_own_jobs(
    queue: TestQueue,
) -> None:
    worker = Worker(queue.engine, SPEC)
    worker.steer({"paused": True, "broken": True, "failure_rate": 0, "speed": 8})
    jobs, failed = queue.jobs, queue.failed
    worker.start()
    try:
        # New orders still arrive: a dead worker leaves them waiting.
        until(lambda: len(queue.jobs) >= len(jobs) + 4)
        # Read once, because more orders may arrive between two reads.
        now = queue.jobs
        assert now[: len(jobs)] == jobs
        assert {row.reserved_at for row in now[len(jobs) :]} == {None}
        assert queue.failed == failed
        worker.steer({"paused": False})
        until(lambda: worker.as_json()["failed"] >= 3)
    finally:
        worker.stop()

    lost = [row for row in queue.failed if row.id > 46]
    assert len(lost) >= 3
    assert [row.queue for row in lost if row.exception != EXCEPTIONS[Cause.NETSUITE_DOWN]] in (
        [],
        ["shipping"],
    )
    assert worker.as_json()["done"] >= 1


def test_the_failed_jobs_of_the_specification_are_processed_after_a_retry(
    queue: TestQueue,
) -> None:
    for id_, order in ((45, 803193), (46, 803196)):
        (row,) = [row for row in queue.failed if row.id == id_]
        data = json.loads(row.payload)
        assert row.exception.startswith("NetSuite sync failed: exception - MySQL server has gone a")
        assert (row.queue, data["job"]) == ("netsuite", "App\\Jobs\\NetsuiteSyncJob")
        assert (data["data"]["order_id"], data["data"]["tienda_id"]) == (order, 12097)
        queue.push(id_, body=row.payload)
    # These two make 46 the fourth job, which fails unless it is a retry.
    for id_ in (1, 2):
        queue.push(id_, order=803100)
    worker = Worker(queue.engine, SPEC)
    worker.steer({"failure_rate": 0, "speed": 8})
    worker.start()
    try:
        until(lambda: worker.as_json()["failed"] == 1 and worker.as_json()["done"] >= 4)
    finally:
        worker.stop()

    (failed,) = [row for row in queue.failed if row.id > 46]
    assert json.loads(failed.payload)["data"]["order_id"] not in (803193, 803196)
    assert not {45, 46} & {row.id for row in queue.jobs}


def test_the_page_can_tick_every_step_of_the_guide() -> None:
    page = Path(__file__).parents[3] / "bot" / "localslack" / "page" / "guide.js"
    kinds = page.read_text().partition("const HAPPENED = {")[2].partition("\n};")[0]

    assert all(f"  {step['kind']}: (" in kinds for step in GUIDE)
    assert len({step["id"] for step in GUIDE}) == len(GUIDE)
