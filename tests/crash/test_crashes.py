"""A process killed at any step loses nothing, after a restart and beside a second replica."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.background.operations.runner import Runner
from bot.background.outbox.deliver import ATTEMPT
from bot.database.transactions import now_of
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.leases import TTL
from bot.store.operations import operations
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.crash import jobs
from tests.crash.processes import replica
from tests.crash.scenarios import run_out
from tests.kit.clock import Clock
from tests.kit.invariants import broken, payloads
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue, make_queue
from tests.kit.replicas import ANA, AUDIT, OMAR, SAM, ask, codes, hold, make_setup
from tests.services.mariadb import running_mariadb

STEPS = [
    "claimed",
    "retry-locked",
    "retry-archived",
    "retry-moved",
    "ran",
    "settled",
    "committed",
]


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack(rates=False) as running:
        yield running


def post_all_messages(
    queue: TestQueue, slack: LocalSlack, clock: Clock, name: str = "teller"
) -> None:
    """Let a replica run the leader's steps and deliver until no message is left."""
    setup = make_setup(queue, name, clock=clock)
    for _ in range(40):
        lease = hold(setup)
        watch(setup, lease)
        deliver(setup, poster_of(slack), lease)
        clock.move(seconds=5)
    assert broken(queue, drained=True) == []


@pytest.mark.parametrize("step", STEPS)
def test_a_retry_killed_at_any_step_is_made_once_when_the_click_is_repeated(
    mariadb_queue: TestQueue, slack: LocalSlack, step: str
) -> None:
    queue = mariadb_queue
    clock = Clock()
    watch(make_setup(queue, clock=clock), hold(make_setup(queue, "teller", clock=clock)))
    queue.fail(45)
    before = payloads(queue)
    values: dict[str, Any] = {"words": "retry 45", "by": ANA, "key": "click"}
    with replica(queue, jobs.say, die=step, **values) as process:
        process.assert_killed()
    committed = step == "committed"
    assert (len(queue.jobs), len(queue.failed)) == ((1, 0) if committed else (0, 1))
    assert broken(queue, before) == []
    again = ask(make_setup(queue, "restarted", clock=clock), "retry 45", key="click")
    assert codes([again]) == ["ok"]
    assert again.repeated is committed
    assert (len(queue.jobs), queue.count(tables.audit)) == (1, 1)
    request_ids = [row.request_id for row in queue.rows(tables.requests)]
    assert broken(queue, before, confirmed=request_ids) == []
    post_all_messages(queue, slack, clock)


@pytest.mark.parametrize("step", STEPS)
def test_a_replica_killed_during_a_retry_does_not_block_another_person(
    mariadb_queue: TestQueue, step: str
) -> None:
    """The second person's retry waits for the row that the dead process had locked."""
    queue = mariadb_queue
    queue.fail(45)
    before = payloads(queue)
    dying = {"words": "retry 45", "by": ANA, "key": "ana"}
    living = {"words": "retry 45", "by": OMAR, "key": "omar"}
    with (
        replica(queue, jobs.say, "dying", hold=(step,), **dying) as one,
        replica(queue, jobs.say, "living", hold=("claimed",), **living) as two,
    ):
        one.wait_at()
        two.wait_at()
        two.go_on()
        one.kill()
        code = two.result()
    assert code == ("failed-job-not-found" if step == "committed" else "ok")
    assert len(queue.jobs) == 1
    assert broken(queue, before) == []


@pytest.mark.parametrize("action", ["retry-all", "clear-failed"])
@pytest.mark.parametrize(
    ("step", "hits", "done"),
    [
        ("settled", 2, None),
        ("committed", 2, 0),
        ("batch-claimed", 1, 0),
        ("batch-claimed", 3, 6),
        ("batch-locked", 2, 3),
        ("batch-moved", 1, 0),
        ("batch-moved", 2, 3),
        ("batch-committed", 1, 3),
        ("batch-committed", 3, 8),
        ("operation-finished", 1, 8),
    ],
)
def test_a_bulk_change_killed_at_any_step_is_finished_by_another_replica(
    mariadb_queue: TestQueue, action: str, step: str, hits: int, done: int | None
) -> None:
    queue = mariadb_queue
    late_row = {
        "queue": "late",
        "payload": "late",
        "exception": "E",
        "failed_at": "2025-11-07 17:00",
    }
    clock = Clock()
    other = make_setup(queue, "other", clock=clock)
    with queue.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(insert(queue.queue.failed), [parsed(late_row)])
        for order in range(8):
            queue.fail(order=order)
        values: dict[str, Any] = {"action": action, "rows": 3, "key": "bulk"}
        with replica(queue, jobs.run_bulk, "dying", die=step, hits=hits, **values) as process:
            process.assert_killed()
        transaction.commit()
    before = payloads(queue) + moved(queue, action)
    watch(other, hold(other))
    assert broken(queue, before) == []
    if done is None:  # it died before the confirmation was committed, so nothing has started
        assert [row.state for row in queue.rows(tables.operations)] == ["planned"]
        assert len(queue.failed) == 9
        return
    assert [moved for _, moved, _ in operations_of(queue)] == [done]
    taker = Runner(other, 3, lanes=1, seconds=0)
    # However long the test took so far, the last heartbeat is now TAKEN_OVER_AFTER / 2 ago.
    clock.by = heartbeat_of(queue) + TAKEN_OVER_AFTER / 2 - now(queue)
    assert taker.run_once() is False, "it is too early to take over the operation"
    clock.by += TAKEN_OVER_AFTER * 2
    run_out(taker)
    assert operations_of(queue) == [("done", 8, 0)]
    assert [row.queue for row in queue.failed] == ["late"]
    assert len(queue.jobs) == (8 if action == "retry-all" else 0)
    assert broken(queue, before) == []


def operations_of(queue: TestQueue) -> list[tuple[str, int, int]]:
    """Return state, done and skipped of each operation."""
    with queue.engine.begin() as connection:
        every = [operations.find(connection, row.id) for row in queue.rows(tables.operations)]
    return [(one.state, one.done, one.skipped) for one in every if one is not None]


def heartbeat_of(queue: TestQueue) -> datetime:
    """Return the heartbeat of the only operation."""
    (row,) = queue.rows(tables.operations)
    heartbeat: datetime = row.heartbeat
    return heartbeat


def now(queue: TestQueue) -> datetime:
    """Return the database's current time."""
    with queue.engine.begin() as connection:
        return now_of(connection)


def parsed(row: dict[str, str]) -> dict[str, object]:
    return row | {"failed_at": datetime.fromisoformat(row["failed_at"])}


def moved(queue: TestQueue, action: str) -> Counter[str]:
    """Count the payloads that exist only in the archive."""
    if action == "retry-all":
        return Counter()
    return Counter(row.payload for row in queue.rows(tables.archive))


@pytest.mark.parametrize(
    ("step", "copies", "wait"),
    [
        ("sealed", 1, TTL),
        ("message-claimed", 1, ATTEMPT),
        ("message-posted", 2, ATTEMPT),
    ],
)
def test_every_message_is_posted_after_a_leader_is_killed_at_any_step(
    mariadb_queue: TestQueue, slack: LocalSlack, step: str, copies: int, wait: timedelta
) -> None:
    queue = mariadb_queue
    clock = Clock()
    ask(make_setup(queue), "retry 45", by=SAM)
    values: dict[str, Any] = {"base_url": slack.base_url, "token": slack.bot_token}
    with replica(queue, jobs.tell, "dying", die=step, **values) as process:
        process.assert_killed()
    assert broken(queue) == []
    clock.by += wait * 2
    post_all_messages(queue, slack, clock)
    messages = slack.messages(AUDIT)
    assert len(messages) == copies
    assert ["possibly posted twice" in str(message) for message in messages][-1] is (
        step != "sealed"
    )


def test_a_server_killed_during_a_bulk_change_loses_no_reported_row() -> None:
    """A commit is on disk: this server flushes its log at each commit, as production servers do."""
    with (
        running_mariadb("--innodb-flush-log-at-trx-commit=1") as server,
        server.database() as name,
    ):
        queue = make_queue(server.url(name))
        for order in range(9):
            queue.fail(order=order)
        before = payloads(queue)
        values: dict[str, Any] = {"action": "retry-all", "rows": 3, "key": "bulk"}
        with replica(queue, jobs.run_bulk, hold=("batch-committed",), **values) as process:
            process.wait_at()
            server.kill()
            server.start()
            process.go_on()
            assert process.result() == "done"
        assert len(queue.jobs) == 9
        assert broken(queue, before) == []
        queue.engine.dispose()
