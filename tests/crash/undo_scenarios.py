"""Scenarios in which a change is undone, as functions like `scenarios`."""

from bot.app.dispatch import request_id
from bot.app.parsing import Request
from bot.app.responses import Outcome
from bot.app.setup import Setup
from tests.crash.bulk_scenarios import beside, meanwhile
from tests.crash.scenarios import Mutant
from tests.kit.invariants import broken, payloads
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, codes, make_setup


def undo(setup: Setup, key: str, by: str = ANA) -> Outcome:
    """Undo the change of the click with this key."""
    return ask(setup, Request("undo", {"request": request_id("test", key)}), by=by)


def two_people_undo_one_change(queue: TestQueue, mutant: Mutant) -> None:
    """The second undo starts when the first has locked its row, whose old id is taken again."""
    setup, other = make_setup(queue, "one"), make_setup(queue, "other")
    queue.fail(45, order=1)
    before = payloads(queue)
    ask(setup, "delete-failed 45", key="delete")
    queue.fail(45, order=2)
    before += payloads(queue)
    with mutant(), beside(queue, lambda: undo(other, "delete")) as second:
        with meanwhile("undo-locked", second.begin):
            first = undo(setup, "delete")
        outcome_codes = codes([first, second.result()])
    assert broken(queue, before) == []
    assert sorted(outcome_codes) == ["already-undone", "ok"]


def a_change_is_undone_again(queue: TestQueue, mutant: Mutant) -> None:
    """Another request deleted the restored row before the second undo."""
    setup = make_setup(queue)
    queue.fail(45)
    before = payloads(queue)
    ask(setup, "delete-failed 45", key="first")
    assert codes([undo(setup, "first")]) == ["ok"]
    ask(setup, "delete-failed 45", key="second")
    with mutant():
        again = undo(setup, "first")
    assert broken(queue, before) == []
    assert codes([again]) == ["already-undone"]
    assert queue.failed == []


def a_worker_takes_the_job_that_is_undone(queue: TestQueue, mutant: Mutant) -> None:
    """The worker reserves the retried job, which must not return to `failed_jobs` as well."""
    setup = make_setup(queue)
    queue.fail(45)
    before = payloads(queue)
    ask(setup, "retry 45", key="retry", by=OMAR)
    (job,) = queue.jobs
    with queue.engine.begin() as connection:
        jobs = queue.queue.jobs
        connection.execute(jobs.update().where(jobs.c.id == job.id).values(reserved_at=1))
    with mutant():
        outcome = undo(setup, "retry")
    assert codes([outcome]) == ["job-taken"]
    assert [row.id for row in queue.jobs] == [job.id]
    assert broken(queue, before) == []
