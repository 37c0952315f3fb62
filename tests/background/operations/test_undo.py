"""The undo of an operation is an operation: previewed, in batches, resumed, each row once."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from bot import failpoints
from bot.app.parsing import Request
from bot.background.retries.track_bulk import outcomes_once
from bot.localslack.demo import IDS
from bot.store import tables
from tests.kit.bulk import carried_out, preview_of, run_out, small_batches
from tests.kit.clock import StandingClock
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, hold, make_setup
from tests.kit.stored_operations import operation
from tests.kit.team import Team, action_ids
from tests.kit.worker import Worker


def columns(rows: Any) -> list[dict[str, Any]]:
    """Return every column of every row."""
    return [row._asdict() for row in rows]


@pytest.mark.parametrize("action", ["clear-failed", "retry-all"])
def test_undo_of_a_bulk_change_restores_every_column_of_every_row(
    queue: TestQueue, action: str
) -> None:
    setup = make_setup(queue)
    for number in range(7):
        queue.fail(order=number % 3)
    queue.push(order=1)
    watch(setup, hold(setup))
    before, born = (columns(queue.failed), columns(queue.jobs)), payloads(queue)
    done = carried_out(setup, action)
    assert queue.failed == []

    undone = carried_out(setup, f"undo {done}")

    assert (columns(queue.failed), columns(queue.jobs)) == before
    ended = operation(queue, undone)
    assert (ended.action, ended.state, ended.done, ended.skipped) == ("undo", "done", 7, 0)
    watch(setup, hold(setup))
    assert broken(queue, born) == []


def test_a_bulk_undo_skips_and_counts_jobs_that_a_worker_has_or_processed(queue: TestQueue) -> None:
    setup = make_setup(queue)
    for number in range(5):
        queue.fail(number + 1, order=number)
    done = carried_out(setup, "retry-all")
    jobs = [row.id for row in queue.jobs]
    c = queue.queue.jobs.c
    with queue.engine.begin() as connection:
        taken = update(queue.queue.jobs).where(c.id == jobs[0])
        connection.execute(taken.values(reserved_at=7, attempts=1))
        connection.execute(delete(queue.queue.jobs).where(c.id == jobs[1]))
        tried = update(queue.queue.jobs).where(c.id == jobs[2])
        connection.execute(tried.values(attempts=1))

    undone = carried_out(setup, f"undo {done}")

    assert [row.id for row in queue.failed] == [4, 5]
    assert [row.id for row in queue.jobs] == [jobs[0], jobs[2]]
    assert (operation(queue, undone).done, operation(queue, undone).skipped) == (2, 3)


def test_undo_skips_a_bulk_retry_whose_jobs_have_all_ended(queue: TestQueue) -> None:
    clock = StandingClock()
    setup = make_setup(queue, clock=clock)
    for number in (1, 2, 3):
        queue.fail(number, order=number)
    watch(setup, hold(setup))
    assert codes([ask(setup, "delete-failed 3")]) == ["ok"]
    carried_out(setup, "retry-all")
    for row in queue.jobs:
        Worker(queue).end(row.id)
    for _ in range(20):
        clock.move(seconds=5)
        watch(setup, hold(setup))
        outcomes_once(setup, hold(setup))
    assert [row.state for row in queue.rows(tables.outcomes)] == ["settled"]

    assert codes([ask(setup, "undo")]) == ["ok"]
    assert [row.id for row in queue.failed] == [3]


def test_a_bulk_undo_restores_as_many_identical_payloads_as_still_wait_in_the_queue(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue)
    for _ in range(6):
        queue.fail()
    done = carried_out(setup, "retry-all")
    c = queue.queue.jobs.c
    first, second = [row.id for row in queue.jobs][:2]
    with queue.engine.begin() as connection:
        connection.execute(delete(queue.queue.jobs).where(c.id == first))
        held = update(queue.queue.jobs).where(c.id == second)
        connection.execute(held.values(reserved_at=7))

    undone = carried_out(setup, f"undo {done}")

    assert len(queue.failed) == 4
    assert [row.id for row in queue.jobs] == [second]
    assert (operation(queue, undone).done, operation(queue, undone).skipped) == (4, 2)


def test_a_bulk_undo_gives_new_ids_to_rows_whose_id_is_in_use(queue: TestQueue) -> None:
    setup = make_setup(queue)
    for id_ in (1, 2, 3):
        queue.fail(id_, order=id_)
    done = carried_out(setup, "clear-failed")
    queue.fail(2, order=9)
    queue.fail(3, order=3)

    carried_out(setup, f"undo {done}")

    payloads = {row.id: row.payload for row in queue.failed}
    assert sorted(payloads) == [1, 2, 3, max(payloads)]
    assert len(set(payloads.values())) == 4
    with queue.engine.begin() as connection:
        f = tables.failures.c
        known = connection.execute(select(f.failed_id).where(f.removed_at.is_(None))).scalars()
        assert max(payloads) in set(known)


def test_undo_of_a_cancelled_change_restores_the_rows_that_it_moved(queue: TestQueue) -> None:
    setup = make_setup(queue)
    for _ in range(5):
        queue.fail()
    plan = preview_of(ask(setup, "clear-failed"))
    ask(setup, Request("clear-failed", {"plan": plan.plan, "typed": 5}))
    small_batches(setup).run_once()
    running = ask(setup, f"undo {plan.plan}")
    ask(setup, f"cancel {plan.plan}")
    run_out(small_batches(setup))
    assert len(queue.failed) == 3

    undone = carried_out(setup, f"undo {plan.plan}")

    assert codes([running]) == ["operation-running"]
    assert len(queue.failed) == 5
    assert operation(queue, undone).done == 2


@pytest.fixture(
    params=["undo-batch-restored", "undo-batch-taken", "batch-moved", "batch-committed"]
)
def point(request: pytest.FixtureRequest) -> Iterator[str]:
    """A failpoint that is disarmed at the end."""
    yield request.param
    failpoints.disarm(request.param)


@pytest.mark.parametrize("action", ["clear-failed", "retry-all"])
def test_an_interrupted_undo_is_finished_by_another_replica(
    queue: TestQueue, action: str, point: str
) -> None:
    clock = StandingClock()
    one, other = make_setup(queue, "a", clock=clock), make_setup(queue, "b", clock=clock)
    for number in range(6):
        queue.fail(order=number % 2)
    born = payloads(queue)
    done = carried_out(one, action)
    plan = preview_of(ask(one, f"undo {done}")).plan
    ask(one, Request("undo", {"plan": plan}))

    class Cut(BaseException):
        """An exception that ends the process."""

    def cut() -> None:
        raise Cut

    failpoints.arm(point, then=cut)
    with pytest.raises(Cut):
        small_batches(one).run_once()
    clock.move(seconds=20)
    run_out(small_batches(other))

    assert len(queue.failed) == 6
    assert queue.jobs == []
    assert operation(queue, plan).done == 6
    watch(other, hold(other))
    assert broken(queue, born) == []


def test_the_index_counts_restored_failures_without_a_new_alert(queue: TestQueue) -> None:
    setup = make_setup(queue)
    watch(setup, hold(setup))
    for _ in range(4):
        queue.fail()
    watch(setup, hold(setup))
    incidents = queue.count(tables.incidents)
    done = carried_out(setup, "clear-failed")
    watch(setup, hold(setup))

    carried_out(setup, f"undo {done}")
    watch(setup, hold(setup))

    counts, f = tables.failure_counts.c, tables.failures.c
    with queue.engine.begin() as connection:
        sums = connection.execute(select(func.sum(counts.appeared), func.sum(counts.removed))).one()
        states = Counter(connection.execute(select(tables.incidents.c.resolved_at)).scalars())
        left = connection.execute(select(func.count()).where(f.removed_at.is_(None))).scalar_one()
    assert [int(value) for value in sums] == [4, 0]
    assert left == 4
    assert queue.count(tables.incidents) == incidents
    assert set(states) == {None}


def test_the_undo_button_of_a_finished_operation_restores_every_row(
    team: Team,
) -> None:
    for _ in range(3):
        team.queue.fail()
    before = columns(team.queue.failed)
    team.submit(team.say("clear-failed", as_="admin").view, "3")
    finished = team.until(
        lambda: next(
            (one for one in team.posted("queue-ops") if "run:undo" in action_ids(one)), None
        )
    )
    assert "Cleared 3 failed jobs" in finished["text"]

    view = team.click(finished, "run:undo", as_="admin").view
    assert "*3 failed jobs* of operation" in str(view)
    team.submit(view)

    team.until(lambda: len(team.queue.failed) == 3)
    assert columns(team.queue.failed) == before
    team.until(lambda: any("Put back 3 failed jobs" in m["text"] for m in team.posted("queue-ops")))
    confirmed = f"<@{IDS.admin}> confirmed operation"
    team.until(
        lambda: any(confirmed in text and ": put back 3" in text for text in team.audit_texts())
    )
    marked = team.until(
        lambda: next((one for one in team.posted("queue-ops") if "Undone by" in one["text"]), None)
    )
    assert (marked["ts"], action_ids(marked)) == (finished["ts"], [])
    again = team.say(f"undo {finished['text'].split()[-1]}", as_="admin")
    assert f"<@{IDS.admin}> already undid this" in again.text


def test_a_restored_failure_counts_once_as_still_failing(team: Team) -> None:
    now = team.queue.queue.wall_clock(datetime.now(UTC).replace(tzinfo=None, microsecond=0))
    for _ in range(3):
        team.queue.fail(failed_at=now)
    team.until(lambda: "still failing: 3 failures in" in team.say("errors").text)
    team.submit(team.say("clear-failed", as_="admin").view, "3")
    team.until(lambda: team.queue.failed == [])
    team.until(
        lambda: any("Cleared 3" in one["text"] for one in team.posted("queue-ops")),
    )
    team.submit(team.say("undo", as_="admin").view)
    team.until(lambda: any("Put back 3" in one["text"] for one in team.posted("queue-ops")))
    assert "still failing: 3 failures in" in team.say("errors").text
