"""Undo restores rows unchanged, once; a refusal states its reason."""

import re
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import func, select, update

from bot.app.responses import envelope
from bot.background import purge
from bot.localslack.demo import IDS
from bot.models.refusals import UndoExpired
from bot.store import tables
from tests.crash.bulk_scenarios import meanwhile
from tests.kit.clock import Clock
from tests.kit.concurrency import at_once, lock_waits, until
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, ask, codes, hold, make_setup
from tests.kit.team import Json, Team, action_ids

pytestmark = pytest.mark.each_database

UNUSUAL = payload(803193) + "  \u00f1 \U0001f4a5 \\u0000 'quotes' \"more\" \t end"


def as_rows(rows: object) -> list[Json]:
    """Return the rows as dictionaries, so that a comparison covers all columns."""
    return [row._asdict() for row in rows]  # type: ignore[attr-defined] # rows of any table


def test_undo_of_a_retry_removes_the_job_and_restores_the_failed_job_unchanged(
    team_on_each: Team,
) -> None:
    team = team_on_each
    team.queue.fail(45, body=UNUSUAL, order=1)
    team.queue.fail(46, exception="another cause")
    alert = team.alert("job 45")
    before = as_rows(team.queue.failed)
    retried = team.say("retry 45")
    (job,) = team.queue.jobs
    notice = team.until(lambda: team.posted("queue-ops"))[0]

    answer = team.click(retried.reply, "run:undo")

    assert as_rows(team.queue.failed) == before
    assert team.queue.jobs == []
    assert "Failed job 45 is back in failed_jobs" in answer.text
    assert f"job {job.id} will not run" in answer.text
    assert f"This undid the command `retry` of <@{IDS.operator}>" in answer.text
    # The notice first shows the undo's text, later the outcome's text.
    team.until(lambda: re.search("Undone by|undid its retry", team.now(notice)["text"]))
    team.until(lambda: "run:undo" not in action_ids(team.now(notice)))
    assert any(
        f"<@{IDS.operator}> put failed job 45 back" in message["text"]
        for message in team.until(lambda: team.posted("queue-ops")[1:] or None)
    )
    # The job's own alert is active again, and no second alert was posted.
    team.until(lambda: "run:retry" in action_ids(team.now(alert)))
    assert len([one for one in team.posted("queue-alerts") if "job 45" in one["text"]]) == 1
    audited = team.audit_texts(2)
    assert f"<@{IDS.operator}> put back " in audited[1]
    assert broken(team.queue) == []


def test_an_undone_retry_can_be_repeated_and_undone_again(team: Team) -> None:
    team.queue.fail(45)
    for _ in range(3):
        team.click(team.say("retry 45").reply, "run:undo")
    assert [row.id for row in team.queue.failed] == [45]
    assert team.queue.jobs == []
    assert "back in the queue" in team.say("retry 45").text
    assert "already retried by" in team.say("retry 45").text
    assert broken(team.queue) == []


@pytest.mark.parametrize("kind", ["job", "failed"])
def test_undo_of_a_delete_restores_every_column(team_on_each: Team, kind: str) -> None:
    team, queue = team_on_each, team_on_each.queue
    queue.push(123, body=UNUSUAL, attempts=2, reserved_at=1_762_537_400, available_at=7)
    queue.fail(45, body=UNUSUAL, failed_at=datetime(2025, 1, 2, 3, 4, 5))  # noqa: DTZ001 wall clock
    before = (as_rows(queue.jobs), as_rows(queue.failed))
    deleted = team.say("delete 123" if kind == "job" else "delete-failed 45", as_="admin")
    notice = team.until(lambda: team.posted("queue-ops"))[0]
    assert "run:undo" in action_ids(notice)

    answer = team.click(notice, "run:undo", as_="admin")

    assert (as_rows(queue.jobs), as_rows(queue.failed)) == before
    if kind == "job":
        assert "Job 123 is back in the queue" in answer.text
        assert "The job is reserved, as it was before" in answer.text
    else:
        assert "Failed job 45 is back in failed_jobs" in answer.text
    team.until(lambda: f"Undone by <@{IDS.admin}>" in team.now(notice)["text"])
    assert "run:undo" not in action_ids(team.now(notice))
    again = team.click(deleted.reply, "run:undo", as_="admin")
    assert f"<@{IDS.admin}> already undid this change at" in again.text
    assert (as_rows(queue.jobs), as_rows(queue.failed)) == before
    assert broken(queue) == []


def test_undo_without_arguments_undoes_the_last_change_of_the_person(team: Team) -> None:
    for id_ in (1, 2, 3):
        team.queue.fail(id_)
    team.say("retry 1")
    team.say("retry 2")
    team.say("retry 3", as_="lucia")

    assert "Failed job 2 is back" in team.say("undo").text
    assert "Failed job 1 is back" in team.say("undo").text
    assert "You made no change in the last 7 days that can still be undone" in team.say("undo").text
    assert [row.id for row in team.queue.failed] == [1, 2]


def test_an_operator_can_undo_their_own_changes_and_an_admin_any_change(team: Team) -> None:
    team.queue.fail(1)
    team.say("retry 1", as_="lucia")
    notice = team.until(lambda: team.posted("queue-ops"))[0]
    (audited,) = team.audit_texts(1)
    seq = audited.rsplit("#", 1)[1].split()[0]

    denied = team.click(notice, "run:undo")
    by_number = team.say(f"undo #{seq}")
    admin = team.say(f"undo #{seq}", as_="admin")

    assert "this needs the role admin" in denied.text
    assert "this needs the role admin" in by_number.text
    assert "Failed job 1 is back" in admin.text
    assert f"of <@{IDS.lucia}>" in admin.text


def test_undo_of_an_unknown_change_or_of_a_release_is_refused(team: Team) -> None:
    team.queue.push(7, reserved_at=1_762_537_400)
    team.say("release 7")
    (audited,) = team.audit_texts(1)
    seq = audited.rsplit("#", 1)[1].split()[0]

    assert "`release` cannot be undone" in team.say(f"undo #{seq}").text
    assert "There is no change `99`" in team.say("undo 99").text
    assert "There is no change `#99`" in team.say("undo #99").text
    assert "is not an id" in team.say("undo yesterday").text


def test_undo_of_several_jobs_restores_the_possible_ones_and_names_skipped_jobs(team: Team) -> None:
    for id_ in (1, 2, 3):
        team.queue.fail(id_)
    retried = team.say("retry 1-3")
    taken = team.queue.jobs[1].id
    jobs = team.queue.queue.jobs
    with team.queue.engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == taken).values(reserved_at=7))

    answer = team.click(retried.reply, "run:undo")

    assert [row.id for row in team.queue.failed] == [1, 3]
    assert [row.id for row in team.queue.jobs] == [taken]
    assert "2 failed jobs are back" in answer.text
    assert f"a worker has job {taken} already" in answer.text
    assert broken(team.queue) == []


def test_undo_restores_exactly_the_retried_job_of_several_identical_payloads(
    queue: TestQueue,
) -> None:
    queue.fail(1)
    queue.fail(2)
    queue.push(50, order=803193)
    setup = make_setup(queue)
    ask(setup, "retry 1")
    ask(setup, "retry 2")
    first = min(row.id for row in queue.jobs if row.id != 50)
    second = max(row.id for row in queue.jobs)

    assert codes([ask(setup, "undo")]) == ["ok"]

    assert [row.id for row in queue.failed] == [2]
    assert {row.id for row in queue.jobs} == {50, first}
    assert second not in {row.id for row in queue.jobs}


def test_undo_of_a_change_purged_from_the_archive_is_refused_as_expired(
    kept_queue: TestQueue,
) -> None:
    kept_queue.push(7)
    clock = Clock()
    setup = make_setup(kept_queue, clock=clock)
    ask(setup, "delete 7", key="click")
    clock.move(days=8)
    purge.purge_once(setup, hold(setup))

    assert codes([ask(setup, "undo")]) == ["nothing-to-undo"]
    watch(setup, hold(setup))
    outcome = ask(setup, "undo #1")
    assert codes([outcome]) == ["undo-expired"]
    assert isinstance(outcome.refusal, UndoExpired)
    assert outcome.refusal.days == 7


def test_undo_keeps_the_failure_counts_exact_and_does_not_extend_a_planned_scope(
    queue: TestQueue,
) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    watch(setup, hold(setup))
    for id_ in (1, 2):
        queue.fail(id_)
    watch(setup, hold(setup))
    ask(setup, "retry 1")
    plan = ask(setup, "retry-all")
    assert codes([ask(setup, "undo")]) == ["ok"]
    watch(setup, hold(setup))

    counts = tables.failure_counts.c
    with queue.engine.begin() as connection:
        sums = connection.execute(select(func.sum(counts.appeared), func.sum(counts.removed))).one()
        present = connection.execute(
            select(func.count()).where(tables.failures.c.removed_at.is_(None))
        ).scalar_one()
        bound = connection.execute(select(func.max(tables.operations.c.bound_seq))).scalar_one()
        newest = connection.execute(select(func.max(tables.failures.c.seq))).scalar_one()
    assert [int(value) for value in sums] == [2, 0]
    assert present == 2
    assert newest > bound, "the restored failure is outside of every scope planned before"
    assert plan.result is not None
    assert plan.result.extra.preview.total == 1  # type: ignore[attr-defined] # a bulk command's


def test_of_two_concurrent_undos_one_is_refused(mariadb_queue: TestQueue) -> None:
    queue = mariadb_queue
    queue.fail(45)
    born = payloads(queue)
    rules = replace(make_setup(queue).rules, admins=(ANA, OMAR))
    setups = [make_setup(queue, name, rules=rules) for name in ("a", "b")]
    ask(setups[0], "delete-failed 45", by=ANA)
    watch(setups[0], hold(setups[0]))
    is_waiting: list[bool] = []

    def hold_on() -> None:
        until(lambda: lock_waits(queue.engine))
        is_waiting.append(True)

    with meanwhile("undo-locked", hold_on):
        outcomes = at_once(
            partial(ask, setups[0], "undo #1", by=ANA),
            partial(ask, setups[1], "undo #1", by=OMAR),
        )

    assert is_waiting == [True]
    assert sorted(codes(outcomes)) == ["already-undone", "ok"]
    assert [row.id for row in queue.failed] == [45]
    assert broken(queue, born) == []


def test_undo_answers_in_json(kept_queue: TestQueue) -> None:
    kept_queue.fail(45)
    setup = make_setup(kept_queue)
    ask(setup, "retry 45")

    printed = envelope(setup, ask(setup, "undo"))

    assert printed["message"] == "Restored failed job 45"
    assert printed["data"].items() >= {"restored_count": 1, "action": "retry", "by": ANA}.items()
    assert [row["id"] for row in printed["extra"]["rows"]] == [45]
    again = envelope(setup, ask(setup, "undo"))
    assert (again["success"], again["code"]) == (False, "nothing-to-undo")
