"""Undo of rows that workers or people changed in the meantime."""

import threading
from contextlib import nullcontext

import pytest
from sqlalchemy import delete, select, update

from bot.models.refusals import JobGone
from bot.store import tables
from tests.crash.bulk_scenarios import meanwhile
from tests.kit.concurrency import SECONDS, at_once, lock_waits, until
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, ask, codes, make_setup
from tests.kit.team import Json, Team, action_ids


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"reserved_at": 1_762_537_500}, "job-taken"),
        ({"attempts": 1}, "job-taken"),
        ({"payload": "{}"}, "job-gone"),
        ({"queue": "mail"}, "job-gone"),
        ({}, "job-gone"),
    ],
)
def test_undo_of_a_retry_is_refused_if_a_worker_has_or_ended_the_job(
    queue: TestQueue, values: Json, code: str
) -> None:
    queue.fail(45)
    setup = make_setup(queue)
    ask(setup, "retry 45")
    with queue.engine.begin() as connection:
        jobs = queue.queue.jobs
        connection.execute(update(jobs).values(**values) if values else delete(jobs))
    before = (queue.jobs, queue.failed, queue.count(tables.archive))

    outcome = ask(setup, "undo")

    assert codes([outcome]) == [code]
    assert (queue.jobs, queue.failed, queue.count(tables.archive)) == before


def test_undo_of_a_retry_names_the_person_who_deleted_the_job(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    setup = make_setup(kept_queue)
    ask(setup, "retry 45", by=OMAR)
    (job,) = kept_queue.jobs
    ask(setup, f"delete {job.id}", by=ANA)

    (refusal,) = [ask(setup, "undo", by=OMAR).refusal]

    assert isinstance(refusal, JobGone)
    assert refusal.by == ANA


@pytest.mark.parametrize("kind", ["job", "failed"])
def test_undo_restores_a_row_under_a_new_id_if_its_id_is_in_use(
    team_on_each: Team, kind: str
) -> None:
    team, queue = team_on_each, team_on_each.queue
    put = queue.push if kind == "job" else queue.fail
    put(123, order=1)
    alert = None if kind == "job" else team.alert("job 123")
    team.say("delete 123" if kind == "job" else "delete-failed 123", as_="admin")
    put(123, order=2)

    answer = team.say("undo", as_="admin")

    rows = queue.jobs if kind == "job" else queue.failed
    assert [row.payload for row in rows] == [payload(2), payload(1)]
    assert f"new id {rows[1].id}, because another row has the id 123" in answer.text
    if alert is not None:
        team.until(lambda: f"job {rows[1].id}" in team.now(alert)["text"])
        assert "run:retry" in action_ids(team.now(alert))
        team.say(f"retry {rows[1].id}")
        assert payload(1) in [job.payload for job in queue.jobs]


def test_undo_is_refused_if_the_row_exists_already(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    setup = make_setup(kept_queue)
    ask(setup, "delete-failed 45")
    kept_queue.fail(45)
    assert codes([ask(setup, "undo")]) == ["row-there"]
    assert kept_queue.count(kept_queue.queue.failed) == 1


@pytest.mark.parametrize("first", ["worker", "undo"])
def test_either_the_pop_of_a_worker_or_a_concurrent_undo_succeeds(
    mariadb_queue: TestQueue, first: str
) -> None:
    queue = mariadb_queue
    queue.fail(45)
    setup = make_setup(queue)
    ask(setup, "retry 45")
    jobs = queue.queue.jobs
    reached, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        reached.set()
        go_on.wait(SECONDS)

    def pop() -> str:
        """Lock the next pending job, then reserve it, like a worker."""
        if first == "undo":
            assert reached.wait(SECONDS)
        with queue.engine.begin() as connection:
            pending = select(jobs.c.id).where(jobs.c.reserved_at.is_(None)).limit(1)
            job_id = connection.execute(pending.with_for_update()).scalar()
            if first == "worker":
                wait()
            if job_id is None:
                return "nothing"
            taken = update(jobs).where(jobs.c.id == job_id).values(reserved_at=7, attempts=1)
            return f"took {connection.execute(taken).rowcount}"

    def undo() -> str:
        if first == "worker":
            assert reached.wait(SECONDS)
        return codes([ask(setup, "undo")])[0]

    def conduct() -> None:
        assert reached.wait(SECONDS)
        until(lambda: lock_waits(queue.engine))
        go_on.set()

    with meanwhile("undo-locked", wait) if first == "undo" else nullcontext():
        answers = at_once(pop, undo, conduct)[:2]

    assert answers == (["took 1", "job-taken"] if first == "worker" else ["nothing", "ok"])
    assert len(queue.jobs) + len(queue.failed) == 1
