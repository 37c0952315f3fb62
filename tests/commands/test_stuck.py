"""Stuck jobs are listed, and released only if the same reservation still holds them."""

from functools import partial

from sqlalchemy import insert, update

from bot.app.parsing import Request
from bot.app.responses import envelope
from bot.localslack.demo import IDS
from bot.models.refusals import NotReserved
from bot.queue.stuck import stuck
from bot.wall_clock import unix
from tests.kit.concurrency import at_once
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, ask, codes, make_setup
from tests.kit.team import Team, action_ids

LONG_AGO = 1_762_537_400


def test_stuck_lists_jobs_reserved_too_long_with_the_buttons_of_the_role(
    team_on_each: Team,
) -> None:
    team = team_on_each
    team.queue.push(7, reserved_at=LONG_AGO + 60, attempts=1, order=803196)
    team.queue.push(8, reserved_at=LONG_AGO, attempts=2)
    team.queue.push(9)
    with team.queue.engine.begin() as connection:
        now = unix(team.clock(connection))
    team.queue.push(10, reserved_at=now - 30)

    seen = team.say("stuck", as_="viewer")
    operator = team.say("stuck")
    admin = team.say("stuck", as_="admin")

    assert seen.text.index("Job 8") < seen.text.index("Job 7")
    assert "Job 9" not in seen.text
    assert "Job 10" not in seen.text
    assert "order 803196" in seen.text
    assert "2 of 3 attempts" in seen.text
    assert "ps aux | grep queue" in seen.text
    assert "systemctl restart queue-worker" in seen.text
    assert {*action_ids(seen.reply)} == {"run:job"}
    assert {*action_ids(operator.reply)} == {"run:job", "run:release"}
    assert {*action_ids(admin.reply)} == {"run:job", "run:release", "run:menu"}
    assert "Job 10" in team.say("stuck older=20s", as_="viewer").text
    assert "No job has been reserved for 4,000 d or more" in team.say("stuck older=4000d").text


def test_release_makes_a_job_available_keeps_its_attempts_and_is_posted(
    team_on_each: Team,
) -> None:
    team = team_on_each
    team.queue.push(123, reserved_at=LONG_AGO, attempts=3, order=803196)
    before = team.queue.jobs

    answer = team.click(team.say("stuck").reply, "run:release")

    (job,) = team.queue.jobs
    assert job.reserved_at is None
    assert job._asdict() == before[0]._asdict() | {"reserved_at": None}
    assert "Job 123 is available again" in answer.text
    assert "the job may run twice" in answer.text
    assert "Job 123 has used up its attempts" in answer.text
    assert "systemctl restart queue-worker" in answer.text
    (text,) = team.channel_texts("queue-ops")
    assert f"<@{IDS.operator}> released job 123" in text
    (audited,) = team.audit_texts()
    assert f"<@{IDS.operator}> released job 123" in audited
    assert "job 123" in audited
    assert team.archived == []


def test_release_of_a_job_that_is_not_reserved_names_who_released_it(team: Team) -> None:
    team.queue.push(123, reserved_at=LONG_AGO)
    team.queue.push(124)

    first = team.say("release 124")
    team.say("release 123", as_="lucia")
    second = team.say("release 123")

    assert "Job 124 is not reserved: no worker has it" in first.text
    assert f"Job 123 is no longer reserved: <@{IDS.lucia}> released it at" in second.text
    assert "Job 9 not found" in team.say("release 9").text


def test_a_recently_reserved_job_is_released_only_with_force(team: Team) -> None:
    with team.queue.engine.begin() as connection:
        now = unix(team.clock(connection))
    team.queue.push(123, reserved_at=now - 20)

    refused = team.say("release 123")
    assert "Its worker is probably still running the job" in refused.text
    assert "/queue release 123 force=yes" in refused.text
    assert team.queue.jobs[0].reserved_at is not None

    done = team.say("release 123 force=yes")
    assert team.queue.jobs[0].reserved_at is None
    assert "by force soon after a worker reserved it" in done.text


def test_several_jobs_are_released_in_one_change_and_skipped_jobs_are_named(team: Team) -> None:
    for id_ in (1, 2):
        team.queue.push(id_, reserved_at=LONG_AGO)
    team.queue.push(3)

    answer = team.say("release 1-3 9")

    assert [job.reserved_at for job in team.queue.jobs] == [None] * 3
    assert "Released 2 jobs" in answer.text
    assert "Job 3 is not reserved" in answer.text
    assert "Job 9 not found" in answer.text


def test_release_is_refused_if_another_worker_has_reserved_the_job_since(
    kept_queue: TestQueue,
) -> None:
    kept_queue.push(123, reserved_at=LONG_AGO)
    setup = make_setup(kept_queue)
    seen = Request("release", {"ids": [123], "reserved_at": LONG_AGO})
    jobs = kept_queue.queue.jobs
    with kept_queue.engine.begin() as connection:
        connection.execute(update(jobs).values(reserved_at=LONG_AGO + 400))

    assert codes([ask(setup, seen)]) == ["reserved-again"]
    assert kept_queue.jobs[0].reserved_at == LONG_AGO + 400


def test_of_two_concurrent_releases_the_second_is_refused_and_names_the_first_person(
    mariadb_queue: TestQueue,
) -> None:
    mariadb_queue.push(123, reserved_at=LONG_AGO)
    setups = [make_setup(mariadb_queue, name) for name in ("a", "b")]

    outcomes = at_once(
        partial(ask, setups[0], "release 123", by=ANA),
        partial(ask, setups[1], "release 123", by=OMAR),
    )

    assert sorted(codes(outcomes)) == ["not-reserved", "ok"]
    (loser,) = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
    assert isinstance(loser, NotReserved)
    assert loser.by in (ANA, OMAR)


def test_stuck_scans_only_the_oldest_and_newest_jobs_if_there_are_too_many(
    kept_queue: TestQueue,
) -> None:
    rows = [
        {
            "id": id_,
            "queue": "q",
            "payload": payload(),
            "reserved_at": LONG_AGO + id_ if id_ in (5, 120_000) else None,
            "available_at": 1,
            "created_at": 1,
        }
        for id_ in (*range(1, 50), 60_000, 120_000)
    ]
    with kept_queue.in_haste.engine.begin() as connection:
        connection.execute(insert(kept_queue.queue.jobs), rows)
        now = make_setup(kept_queue).clock(connection)
        stuck_jobs, listed = stuck(connection, kept_queue.queue, now, 300, 50, seconds=-1)
    assert [job.id for job in stuck_jobs.jobs] == [5, 120_000]
    assert listed.partial


def test_stuck_and_release_answer_in_json(kept_queue: TestQueue) -> None:
    kept_queue.push(123, reserved_at=LONG_AGO, attempts=2)
    setup = make_setup(kept_queue)

    listed = envelope(setup, ask(setup, "stuck older=5m", by=OMAR))
    done = envelope(setup, ask(setup, "release 123"))

    assert listed["data"]["count"] == 1
    assert listed["data"]["jobs"][0]["id"] == 123
    assert listed["data"]["older_seconds"] == 300
    assert done["message"] == "Job 123 released"
    assert done["data"] == {"queue": "netsuite", "attempts": 2}
