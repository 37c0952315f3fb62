"""Scenarios in the life of incidents, as functions; see `scenarios`."""

from collections.abc import Callable
from datetime import time, timedelta

from sqlalchemy import delete, select

from bot.app.setup import Alerting, Setup
from bot.background import digest, purge
from bot.background.operations.runner import Runner
from bot.store import tables
from bot.store.cursors import set_position
from bot.store.incidents import transitions
from bot.store.leases import TTL, Lease, LeaseLost
from tests.crash.scenarios import Mutant, previewed, run_out
from tests.crash.watch_steps import STEPS, Step, StepObserver
from tests.kit.clock import Clock
from tests.kit.incident_invariants import kept
from tests.kit.incident_life import MENTION
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, ask, codes, confirm, hold, make_setup

LATE_STEPS: dict[str, Step] = {
    **{name: step for name, step in STEPS.items() if name not in ("canary", "bulk-outcomes")},
    "digest": digest.digest_once,
    "purge": purge.purge_once,
}
"""The leader's steps, without those that do nothing if there is no bulk change."""


def watched(queue: TestQueue, clock: Clock, name: str = "a", alerts: int = 20) -> Setup:
    """Return a replica that has checked the empty queue."""
    week = tuple(range(7))
    alerting = Alerting(MENTION, digest_at=time(), digest_days=week, digest_channel=ALERTS)
    setup = make_setup(queue, name, clock=clock, alerting=alerting, alerts_per_minute=alerts)
    StepObserver().run_all_steps(setup, hold(setup))
    return setup


def check_invariants(queue: TestQueue) -> None:
    """Check the invariants of incidents."""
    with queue.engine.begin() as connection:
        violations = list(kept(connection))
    assert violations == [], violations


def more_causes_than_alerts(queue: TestQueue, mutant: Mutant) -> None:
    """In one pass, the first cause gets its own incident and the others share one."""
    setup = watched(queue, Clock(), alerts=1)
    for cause in ("one", "two", "three", "one"):
        queue.fail(exception=cause)
    with mutant():
        StepObserver().run_all_steps(setup, hold(setup))
    check_invariants(queue)
    assert [row.count for row in queue.rows(tables.incidents)] == [2, 2]


def one_error_group_fails_often(queue: TestQueue, mutant: Mutant) -> None:
    """One incident counts all failures, and its edits mention nobody."""
    clock = Clock()
    setup = watched(queue, clock)
    with mutant():
        for _ in range(3):
            queue.fail()
            StepObserver().run_all_steps(setup, hold(setup))
            _posted(queue)
            clock.move(seconds=5)
    check_invariants(queue)
    assert [row.count for row in queue.rows(tables.incidents)] == [3]


def _posted(queue: TestQueue) -> None:
    """Record a posted message for each incident, so that it can be edited."""
    with queue.engine.begin() as connection:
        for row in connection.execute(select(tables.incidents)).all():
            transitions.mark_posted(connection, row.id, ALERTS, f"{row.id}.0")


def one_is_retried(queue: TestQueue, mutant: Mutant) -> None:
    """Failed job 1 is retried by its id."""
    _then(queue, mutant, lambda setup: _ask(setup, "retry 1"))


def one_is_deleted(queue: TestQueue, mutant: Mutant) -> None:
    """Failed job 1 is deleted by its id."""
    _then(queue, mutant, lambda setup: _ask(setup, "delete-failed 1"))


def all_are_retried(queue: TestQueue, mutant: Mutant) -> None:
    """All failed jobs are retried in batches."""
    _then(queue, mutant, _retry_all)


def one_is_removed_without_the_bot(queue: TestQueue, mutant: Mutant) -> None:
    """A person deletes failed job 1 by hand."""

    def by_hand(setup: Setup) -> None:
        with queue.engine.begin() as connection:
            connection.execute(delete(queue.queue.failed).where(queue.queue.failed.c.id == 1))
        StepObserver().run_all_steps(setup, hold(setup))

    _then(queue, mutant, by_hand)


def a_retry_is_undone(queue: TestQueue, mutant: Mutant) -> None:
    """The restored failure returns to its incident."""

    def retry_and_undo(setup: Setup) -> None:
        _ask(setup, "retry 1")
        _ask(setup, "undo")

    _then(queue, mutant, retry_and_undo)


def _then(queue: TestQueue, mutant: Mutant, change: Callable[[Setup], None]) -> None:
    """Change one or all of two failures that belong to an incident, and check the invariants."""
    setup = watched(queue, Clock())
    for failed_id in (1, 2):
        queue.fail(failed_id, order=failed_id)
    StepObserver().run_all_steps(setup, hold(setup))
    with mutant():
        change(setup)
    check_invariants(queue)


def _ask(setup: Setup, words: str) -> None:
    assert codes([ask(setup, words)]) == ["ok"]


def _retry_all(setup: Setup) -> None:
    confirm(setup, "retry-all", previewed(setup, "retry-all"))
    run_out(Runner(setup, 2, lanes=1, seconds=0))


def a_muted_error_group_fails(queue: TestQueue, mutant: Mutant) -> None:
    """The incident is stored, and its alert is posted only after the mute ends."""
    clock = Clock()
    setup = watched(queue, clock)
    _ask(setup, "mute alert=new_failures for=20m")
    queue.fail()
    with mutant():
        StepObserver().run_all_steps(setup, hold(setup))
    assert len(queue.rows(tables.incidents)) == 1
    assert _posts(queue) == 0
    clock.move(minutes=21)
    StepObserver().run_all_steps(setup, hold(setup))
    assert _posts(queue) == 1


def _posts(queue: TestQueue) -> int:
    c = tables.outbox.c
    query = select(c.id).where(c.channel == ALERTS, c.kind == "post")
    with queue.engine.begin() as connection:
        return len(connection.execute(query).all())


def a_retried_job_waits(queue: TestQueue, mutant: Mutant) -> None:
    """The incident stays active until a worker has processed its retried job."""
    clock = Clock()
    setup = watched(queue, clock)
    queue.fail(1)
    observer = StepObserver()
    observer.run_all_steps(setup, hold(setup))
    _ask(setup, "retry 1")
    clock.move(minutes=2)
    with mutant():
        observer.run_all_steps(setup, hold(setup))
    group = next(row for row in queue.rows(tables.incidents) if row.rule == "new_failures")
    assert group.resolved_at is None
    with queue.engine.begin() as connection:
        connection.execute(delete(queue.queue.jobs))
    for _ in range(3):
        clock.move(minutes=2)
        observer.run_all_steps(setup, hold(setup))
    group = next(row for row in queue.rows(tables.incidents) if row.rule == "new_failures")
    assert (group.resolution, group.processed) == ("recovered", 1)


def late(step: Step) -> Callable[[TestQueue, Mutant], None]:
    """Return a scenario: a replica paused past its lease takes this step."""

    def scenario(queue: TestQueue, mutant: Mutant) -> None:
        clock = Clock()
        setup = watched(queue, clock)
        lease: Lease = hold(setup)
        _prepare_work_for_each_step(queue, setup)
        clock.move(seconds=TTL.total_seconds() + 1)
        hold(make_setup(queue, "b", clock=clock))
        with mutant():
            try:
                step(setup, lease)
            except LeaseLost:
                return
        raise AssertionError("a replica without its lease was not stopped")

    return scenario


def _prepare_work_for_each_step(queue: TestQueue, setup: Setup) -> None:
    """Prepare work for each step: a retried job, a new failure, a digest that is due."""
    queue.fail(1)
    queue.push()
    StepObserver().run_all_steps(setup, hold(setup))
    _ask(setup, "retry 1")
    queue.fail(2)
    with queue.engine.begin() as connection:
        yesterday = setup.clock(connection) - timedelta(days=1)
        set_position(connection, digest.CURSOR, yesterday.date().toordinal())
