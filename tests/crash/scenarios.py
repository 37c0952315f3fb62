"""Scenarios of the races and crashes that the guards prevent, as functions.

Each takes the queue and the mutant to run under (`nullcontext`: the unchanged product) and raises
`AssertionError` if an invariant breaks.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from sqlalchemy import text

from bot.app.parsing import Request
from bot.app.setup import Setup
from bot.background import audit
from bot.background.operations.runner import Runner
from bot.queue.reads import failed_job
from bot.store import tables
from bot.store.leases import TTL, LeaseLost
from tests.crash import jobs
from tests.crash.processes import Replica, replica
from tests.kit.bulk import extra_of
from tests.kit.clock import Clock
from tests.kit.concurrency import lock_waits, until
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, SAM, ask, codes, confirm, hold, make_setup

Mutant = Callable[[], AbstractContextManager[None]]
Scenario = Callable[[TestQueue, Mutant], None]


def two_people_retry_one_job(queue: TestQueue, mutant: Mutant) -> None:
    """Two processes retry one job; both read the row before a move, unless a guard stops them."""
    queue.fail(45)
    before = payloads(queue)
    with ExitStack() as both:
        people = {
            by: both.enter_context(
                replica(
                    queue,
                    jobs.say,
                    by,
                    words="retry 45",
                    by=by,
                    key=by,
                    hold=("retry-locked",),
                    mutant=mutant,
                )
            )
            for by in (ANA, OMAR)
        }
        first = next_held(*people.values())
        assert first.wait_at() == "retry-locked"
        others = [one for one in people.values() if one is not first]
        until(lambda: lock_waits(queue.engine) or others[0].is_held())
        if others[0].is_held():
            others[0].wait_at()
        for one in people.values():
            one.go_on()
        code_by_person = {by: one.result() for by, one in people.items()}
    assert sorted(code_by_person.values()) == ["failed-job-not-found", "ok"]
    assert len(queue.jobs) == 1
    assert sorted(row.outcome for row in queue.rows(tables.audit)) == ["ok", "refused"]
    winner = next(by for by, code in code_by_person.items() if code == "ok")
    (refused,) = [row for row in queue.rows(tables.audit) if row.outcome == "refused"]
    assert winner in refused.answer
    assert broken(queue, before) == []


def next_held(*replicas: Replica) -> Replica:
    """Return the first process that is held at a failpoint."""
    held: list[Replica] = []

    def is_one_held() -> bool:
        held[:] = [one for one in replicas if one.is_held()]
        return bool(held)

    until(is_one_held)
    return held[0]


def an_id_has_another_row(queue: TestQueue, mutant: Mutant) -> None:
    """A button has the digest of a deleted row, and another row now has the same id."""
    queue.fail(45, order=1)
    with queue.engine.begin() as connection:
        seen = failed_job(connection, queue.queue, 45).row_digest
        connection.execute(queue.queue.failed.delete())
    queue.fail(45, order=2)
    with mutant():
        outcome = ask(make_setup(queue), Request("retry", {"ids": "45", "digest": seen}))
    assert codes([outcome]) == ["changed"]
    assert queue.jobs == []


def another_worker_reserves_the_job(queue: TestQueue, mutant: Mutant) -> None:
    """A button has an old reservation time; another worker has reserved the job since."""
    long_ago = 1_762_537_400
    queue.push(123, reserved_at=long_ago + 400)
    with mutant():
        seen = Request("release", {"ids": [123], "reserved_at": long_ago})
        outcome = ask(make_setup(queue), seen)
    assert codes([outcome]) == ["reserved-again"]
    assert queue.jobs[0].reserved_at == long_ago + 400


def a_row_commits_after_the_preview(queue: TestQueue, mutant: Mutant) -> None:
    """The row has a lower id than those previewed, and it is indexed before the confirmation."""
    setup = make_setup(queue)
    row = {"queue": "q", "payload": "{}", "exception": "E", "failed_at": "2025-11-07 17:00:00"}
    statement = text(
        "INSERT INTO failed_jobs (queue, payload, exception, failed_at) "
        "VALUES (:queue, :payload, :exception, :failed_at)"
    )
    with queue.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(statement, row)
        for order in range(3):
            queue.fail(order=order)
        preview = previewed(setup, "retry-all")
        transaction.commit()
    watch(setup, hold(setup))
    with mutant():
        confirm(setup, "retry-all", preview)
        run_out(Runner(setup, 2, lanes=1, seconds=0))
    assert [left.queue for left in queue.failed] == ["q"]
    assert broken(queue) == []


def previewed(setup: Setup, words: str) -> int:
    """Preview a bulk change and return the number of its plan."""
    extra = extra_of(ask(setup, words))
    assert extra.preview is not None
    return extra.preview.plan


def run_out(runner: Runner) -> None:
    """Run batches until no work is left."""
    for _ in range(1_000):
        if not runner.run_once():
            return
    raise AssertionError("the operation did not end in time")


def a_confirmation_is_used_again(queue: TestQueue, mutant: Mutant) -> None:
    """A second click confirms the same plan after the operation has ended."""
    setup = make_setup(queue)
    queue.fail(1)
    plan = previewed(setup, "retry-all")
    with mutant():
        first = confirm(setup, "retry-all", plan)
        run_out(Runner(setup, 2, lanes=1, seconds=0))
        second = confirm(setup, "retry-all", plan)
        run_out(Runner(setup, 2, lanes=1, seconds=0))
    assert codes([first, second]) == ["ok", "plan-expired"]
    assert broken(queue) == []


def a_replica_without_its_lease_seals(queue: TestQueue, mutant: Mutant) -> None:
    """A replica seals after its lease expired during a pause and another replica acquired it."""
    clock = Clock()
    late, other = make_setup(queue, "a", clock=clock), make_setup(queue, "b", clock=clock)
    ask(late, "retry 99")
    lease = hold(late)
    clock.by += TTL * 2
    hold(other)
    with mutant():
        try:
            audit.seal_once(late, lease)
        except LeaseLost:
            pass
        else:
            raise AssertionError("a replica without its lease was not stopped")
    assert queue.count(tables.audit_chain) == 0


def a_crash_around_the_commit(queue: TestQueue, mutant: Mutant) -> None:
    """A process dies just before or after its commit: change and record both exist, or neither."""
    for number, name in enumerate(("settled", "committed"), start=1):
        queue.fail(number, order=number)
        values = {"words": f"retry {number}", "by": ANA, "key": name}
        with replica(queue, jobs.say, die=name, mutant=mutant, **values) as process:
            process.assert_killed()
    assert [row.payload for row in queue.jobs] == [payload(2)]
    assert broken(queue, {payload(1): 1, payload(2): 1}) == []


def a_stranger_retries(queue: TestQueue, mutant: Mutant) -> None:
    """A person without a role retries, and an operator uses a command for admins."""
    queue.fail(45)
    setup = make_setup(queue)
    with mutant():
        outcomes = [ask(setup, "retry 45", by=SAM), ask(setup, "delete-failed 45", by=OMAR)]
    assert codes(outcomes) == ["denied"] * 2
    assert len(queue.failed) == 1
