"""Readings of ages and numbers: which are above their limit, and which are well below it."""

from bot.app.setup import Alerting
from bot.background.incidents import probe
from bot.queue import index_probe
from bot.store import tables
from bot.store.incidents import probe_state
from bot.store.incidents.probe_state import ProbeState
from tests.kit.queues import TestQueue
from tests.kit.watched_queue import Watched, watched


def judged(seen: Watched, subject: str) -> tuple[bool, bool]:
    """Check the queue; return whether the subject's reading is breached, and whether recovered."""
    reading = seen.look()[subject]
    return reading.breached, reading.recovered


BREACHED, RECOVERED, BETWEEN = (True, False), (False, True), (False, False)


def test_oldest_job_is_breached_above_its_limit_and_recovered_well_below_it(
    queue: TestQueue,
) -> None:
    team = watched(queue, oldest_seconds=300)
    team.push(ago=200)
    assert judged(team, "oldest_job:netsuite") == RECOVERED
    team.wait(60)
    assert judged(team, "oldest_job:netsuite") == BETWEEN
    team.wait(40)
    assert judged(team, "oldest_job:netsuite") == BETWEEN
    team.push(ago=301)
    reading = team.look()["oldest_job:netsuite"]
    assert (reading.breached, reading.value) == (True, 301)
    assert reading.facts["waiting"] == 2
    assert reading.facts["counted"] == "exact"


def test_a_delayed_job_is_not_the_oldest_waiting_job_until_it_is_available(
    queue: TestQueue,
) -> None:
    team = watched(queue, oldest_seconds=300)
    team.push(ago=9_000, available_at=team.now + 100)
    assert team.look()["oldest_job:netsuite"].value == 0
    assert judged(team, "oldest_job:netsuite") == RECOVERED
    assert team.look()["oldest_job:netsuite"].facts["waiting"] == 0
    team.wait(150)
    # Its age counts from the time it became available, not from its creation.
    assert team.look()["oldest_job:netsuite"].value == 50
    team.wait(300)
    assert team.look()["oldest_job:netsuite"].value == 350


def test_a_reserved_job_is_not_the_oldest_waiting_job(queue: TestQueue) -> None:
    team = watched(queue, oldest_seconds=300)
    team.push(ago=9_000, reserved_at=team.now - 10)
    assert judged(team, "oldest_job:netsuite") == RECOVERED


def test_each_queue_has_its_own_readings(queue: TestQueue) -> None:
    team = watched(queue)
    team.push(ago=400, name="mail")
    team.push(ago=10, name="netsuite")
    team.push(ago=500, name="")
    readings = team.look()
    assert {subject for subject, reading in readings.items() if reading.breached} == {
        "oldest_job:mail",
        "oldest_job:",
    }
    rules = {"oldest_job", "no_worker_activity", "stuck_jobs", "backlog_growth"}
    names = {"mail", "netsuite", ""}
    assert readings.keys() == {f"{rule}:{name}" for rule in rules for name in names} | {
        "failed_count"
    }


def test_the_oldest_job_is_found_by_its_time_and_not_by_its_id(queue: TestQueue) -> None:
    team = watched(queue)
    team.push(20, ago=100)
    team.push(21, ago=400)
    team.push(10, ago=50)
    assert team.look()["oldest_job:netsuite"].value == 400


def test_a_reading_of_stuck_jobs_has_the_id_and_age_of_each_stuck_job(queue: TestQueue) -> None:
    team = watched(queue, reserved_seconds=300, alerting=Alerting(worker_seconds=600))
    for number in range(5):
        team.push(100 + number, reserved_at=team.now - 400 - number)
    team.push(200, reserved_at=team.now - 100)
    reading = team.look()["stuck_jobs:netsuite"]
    assert reading.breached
    assert reading.value == 404
    assert reading.facts == {
        "limit": 300,
        "held": 5,
        "counted": "exact",
        "jobs": [
            [104, 404, team.now - 404],
            [103, 403, team.now - 403],
            [102, 402, team.now - 402],
        ],
        "timeout": 600,
    }


def test_a_worker_timeout_at_or_below_the_limit_gives_no_warning(queue: TestQueue) -> None:
    team = watched(queue, reserved_seconds=300, alerting=Alerting(worker_seconds=300))
    team.push(reserved_at=team.now - 400)
    assert "timeout" not in team.look()["stuck_jobs:netsuite"].facts


def test_a_job_reserved_nearly_as_long_as_the_limit_is_neither_breached_nor_recovered(
    queue: TestQueue,
) -> None:
    team = watched(queue, reserved_seconds=300)
    team.push(reserved_at=team.now - 239)
    assert judged(team, "stuck_jobs:netsuite") == RECOVERED
    team.wait(1)
    assert judged(team, "stuck_jobs:netsuite") == BETWEEN
    team.wait(59)
    assert judged(team, "stuck_jobs:netsuite") == BETWEEN
    team.wait(1)
    assert judged(team, "stuck_jobs:netsuite") == BREACHED


def test_stuck_jobs_is_recovered_when_no_job_is_reserved(queue: TestQueue) -> None:
    team = watched(queue)
    job = team.push(reserved_at=team.now - 400)
    assert judged(team, "stuck_jobs:netsuite") == BREACHED
    team.wait(5)
    team.release(job)
    assert judged(team, "stuck_jobs:netsuite") == RECOVERED


def test_jobs_that_each_run_longer_than_the_limit_are_one_incident(queue: TestQueue) -> None:
    team = watched(queue, reserved_seconds=300)
    recovered: list[bool] = []
    for _ in range(3):
        job = team.push()
        team.take(job)
        recovered += [
            readings["stuck_jobs:netsuite"].recovered for readings in team.looks(330, every=10)
        ]
        # The worker finishes the job and takes the next one between two checks.
        team.end(job)
    # Recovered until the first job was late, and never afterwards.
    assert recovered[: 230 // 10] == [True] * (230 // 10)
    assert not any(recovered[240 // 10 :])


def test_stuck_jobs_is_recovered_when_the_worker_has_reserved_a_newer_job(queue: TestQueue) -> None:
    team = watched(queue, reserved_seconds=300)
    stuck = team.push(reserved_at=team.now - 400)
    assert judged(team, "stuck_jobs:netsuite") == BREACHED
    team.end(stuck)
    first = team.push()
    team.take(first)
    # The next job may take too long as well.
    assert judged(team, "stuck_jobs:netsuite") == BETWEEN
    team.wait(40)
    team.end(first)
    team.take(team.push())
    assert judged(team, "stuck_jobs:netsuite") == RECOVERED


def test_a_reading_says_least_if_the_queue_has_more_rows_than_a_check_reads(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    count = index_probe.HEAD_ROWS + index_probe.HEAD_ROWS // index_probe.TAIL_SHARE + 10
    team.fill(count)
    facts = team.look()["oldest_job:netsuite"].facts
    assert (facts["waiting"], facts["counted"]) == (count - 10, "least")
    team.end(*range(1, 11))
    # The queue now has exactly as many jobs as a check reads, so there could still be more.
    assert team.look()["oldest_job:netsuite"].facts["counted"] == "least"
    team.end(11)
    assert team.look()["oldest_job:netsuite"].facts["counted"] == "exact"


def test_a_stuck_job_at_the_newest_end_of_a_large_queue_is_found(queue: TestQueue) -> None:
    team = watched(queue)
    team.fill(4_000)
    job = team.push(reserved_at=team.now - 600)
    reading = team.look()["stuck_jobs:netsuite"]
    assert (reading.breached, reading.facts["jobs"]) == (True, [[job, 600, team.now - 600]])
    assert reading.facts["counted"] == "least"


def test_available_jobs_behind_many_delayed_jobs_are_found(queue: TestQueue) -> None:
    team = watched(queue)
    team.fill(5_000, delay=9_000)
    team.push(ago=400)
    team.push(ago=400)
    team.fill(3_000, delay=9_000)
    reading = team.look()["oldest_job:netsuite"]
    assert (reading.breached, reading.value, reading.facts["waiting"]) == (True, 400, 2)


def test_an_emptied_queue_recovers_from_every_rule_and_its_state_is_then_deleted(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    job = team.push(ago=400)
    assert judged(team, "oldest_job:netsuite") == BREACHED
    team.end(job)
    team.wait(5)
    readings = team.look()
    of_queue = [reading for reading in readings.values() if reading.queue == "netsuite"]
    assert len(of_queue) == 4
    assert all(reading.recovered for reading in of_queue)
    team.wait(3_500)
    assert "oldest_job:netsuite" in team.look()
    team.wait(200)
    team.look()
    assert queue.rows(tables.probe_states) == []
    assert team.look().keys() == {"failed_count"}


def test_each_queue_is_checked_in_turn_if_there_are_more_than_a_check_reads(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    for number in range(60):
        team.push(ago=400, name=f"q{number:02}")
    seen: set[str] = set()
    for _ in range(4):
        by_subject = team.look()
        assert len(by_subject) <= probe.QUEUES * 4 + 1
        seen |= {reading.queue or "" for reading in by_subject.values() if reading.breached}
        team.wait(5)
    assert len(seen) == 60


def test_queues_with_ever_new_names_do_not_delay_the_check_of_other_queues(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.push(name="netsuite", ago=400)
    team.look()
    looked = 0
    for turn in range(20):
        new = [team.push(name=f"once-{turn:03}-{number:02}") for number in range(30)]
        team.wait(5)
        looked += "oldest_job:netsuite" in team.look()
        team.end(*new)
    # Half of each check is reserved for queues that are already known.
    assert looked >= 2
    assert len(queue.rows(tables.probe_states)) <= probe.CROWD + probe.QUEUES


def test_the_states_of_many_emptied_queues_are_deleted_at_once(queue: TestQueue) -> None:
    team = watched(queue)
    team.push(name="netsuite")
    at = team.clock.at
    crowd = [ProbeState(f"once-{number:03}", at) for number in range(probe.CROWD - 1)]
    with queue.engine.begin() as connection:
        probe_state.keep(connection, crowd, [])
    team.watch(100)
    assert len(queue.rows(tables.probe_states)) == probe.CROWD
    team.push(name="mail")
    team.watch(100)
    names = {row.queue for row in queue.rows(tables.probe_states)}
    assert len(names) < probe.CROWD
    assert names >= {"netsuite", "mail"}
