"""Whether workers make progress: which changes count as activity, and which do not."""

from dataclasses import replace
from datetime import timedelta
from time import monotonic

from bot.app.setup import Alerting
from bot.database.transactions import changing
from bot.models.alert_rules import AlertRule
from bot.queue import index_probe
from bot.store.incidents import probe_state as kept
from bot.store.incidents import transitions
from tests.kit.kept_database import queue_on_mariadb
from tests.kit.queues import TestQueue
from tests.kit.watched_queue import (
    BETWEEN,
    RECOVERED,
    SECONDS,
    SILENT,
    START,
    Watched,
    judged,
    watched,
)

__all__ = ["queue_on_mariadb"]


OLDEST = "oldest_job:netsuite"


def trigger(team: Watched, rule: AlertRule) -> None:
    """Trigger an incident of this rule for the queue."""
    subject = transitions.Subject(rule, f"{rule}:netsuite", "netsuite")
    changing(
        team.setup.engine,
        monotonic() + SECONDS,
        lambda connection: transitions.trigger(connection, subject, team.clock.at),
    )


def test_stopped_workers_breach_no_worker_activity_and_not_oldest_job(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.look()
    team.wait(5)
    team.push(ago=3)
    team.push(ago=1)
    breached = [
        subject
        for readings in team.looks(600)
        for subject, reading in readings.items()
        if reading.breached and reading.queue == "netsuite"
    ]
    assert set(breached) == {SILENT}
    reading = team.look()[SILENT]
    assert reading.facts["workers"] == "still"
    assert reading.facts["waiting"] == 2
    assert reading.facts["age"] == 603
    # The first check after the first job knows since when jobs wait.
    assert 595 <= reading.value <= 603


def test_worker_inactivity_is_counted_from_the_first_check_at_the_earliest(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.push(ago=9_000)
    readings = team.look()
    assert readings[OLDEST].breached
    assert readings[OLDEST].facts["workers"] == "unknown"
    assert not readings[SILENT].breached
    assert not team.watch(295)[SILENT].breached
    assert team.watch(5)[SILENT].breached


def test_delayed_jobs_do_not_breach_no_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    for number in range(20):
        # As after a retry at a rate, each job becomes available when the one before is taken.
        team.push(100 + number, available_at=team.now + 60 * number)
    for number in range(20):
        assert judged(team) == RECOVERED
        team.end(100 + number)
        assert not team.watch(60, every=20)[SILENT].breached
    assert judged(team) == RECOVERED


def test_many_jobs_pushed_to_an_empty_queue_do_not_breach_at_once(queue: TestQueue) -> None:
    team = watched(queue)
    job = team.push()
    team.watch(10)
    team.end(job)
    team.watch(5)
    team.wait(3_000)
    for _ in range(30):
        team.push()
    team.wait(5)
    assert judged(team) == RECOVERED
    assert team.look()[SILENT].value == 5
    # From now on, workers must take them like any other jobs.
    assert team.watch(300)[SILENT].breached


def test_inactivity_is_counted_from_zero_after_a_queue_was_emptied_and_filled(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    job = team.push()
    assert team.watch(400)[SILENT].breached
    team.end(job)
    team.wait(5)
    assert judged(team) == RECOVERED
    team.push()
    team.wait(5)
    reading = team.look()[SILENT]
    assert (reading.breached, reading.recovered, reading.value) == (False, True, 5)


def test_no_worker_activity_is_recovered_when_no_old_job_waits(queue: TestQueue) -> None:
    team = watched(queue)
    jobs = [team.push() for _ in range(5)]
    assert team.watch(400)[SILENT].breached
    trigger(team, "no_worker_activity")
    for job in jobs[:4]:
        team.end(job)
        team.wait(5)
        readings = team.look()
        # Workers are active, but old jobs still wait, so the incident stays active.
        assert (readings[SILENT].breached, readings[SILENT].recovered) == (False, False)
        assert readings[SILENT].facts["workers"] == "moving"
        assert not readings[OLDEST].breached
    team.end(jobs[4])
    team.wait(5)
    assert judged(team) == RECOVERED


def test_an_active_oldest_job_incident_shows_that_workers_have_stopped(queue: TestQueue) -> None:
    team = watched(queue)
    team.push(ago=400)
    assert team.look()[OLDEST].breached
    trigger(team, "oldest_job")
    readings = team.watch(300)
    assert readings[OLDEST].breached
    assert readings[OLDEST].facts["workers"] == "still"
    assert not readings[SILENT].breached


def test_slow_workers_breach_oldest_job_and_not_no_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    for number in range(100):
        team.push(number + 1)
    worst = []
    for number in range(50):
        team.end(number + 1)
        readings = team.watch(10)
        worst.append((readings[OLDEST].breached, readings[SILENT].breached))
    assert worst[-1] == (True, False)
    assert not any(silent for _, silent in worst)
    assert team.look()[OLDEST].facts["workers"] == "moving"


def test_a_worker_with_a_long_job_does_not_breach_no_worker_activity(queue: TestQueue) -> None:
    team = watched(queue, reserved_seconds=900)
    team.push(1, reserved_at=team.now)
    team.push(2)
    readings = team.watch(600)
    assert not readings[SILENT].breached
    assert readings[SILENT].facts["workers"] == "busy"
    assert readings[OLDEST].breached
    assert readings[OLDEST].facts["workers"] == "busy"
    # A job held for longer than any job may take does not count as activity.
    assert team.watch(305)[SILENT].breached


def test_a_job_may_run_as_long_as_the_worker_timeout_if_it_is_known(
    queue: TestQueue,
) -> None:
    team = watched(queue, reserved_seconds=300, alerting=Alerting(worker_seconds=900))
    team.push(1, reserved_at=team.now)
    team.push(2)
    assert not team.watch(600)[SILENT].breached
    assert team.watch(305)[SILENT].breached


def test_another_replica_continues_the_count_of_inactivity(queue: TestQueue) -> None:
    team = watched(queue)
    team.push()
    team.watch(200)
    other = replace(team, setup=replace(team.setup, replica="b"))
    assert other.watch(105)[SILENT].breached


def test_a_time_without_monitoring_and_without_activity_counts_as_inactivity(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.push()
    team.look()
    team.wait(7_200)
    reading = team.look()[SILENT]
    assert (reading.breached, reading.value) == (True, 7_200)


def test_the_probe_state_of_each_queue_is_one_row(queue: TestQueue) -> None:
    team = watched(queue)
    team.push(name="mail")
    team.push(name="netsuite")
    team.watch(1_500, every=20)
    with queue.engine.connect() as connection:
        states = kept.load(connection)
    assert states.keys() == {"mail", "netsuite"}
    assert states["mail"].available_since == START + timedelta(seconds=20)
    assert states["mail"].workers_active_at is None
    # One count for each of the last twenty minutes.
    assert len(states["mail"].counts) == 20


def test_a_job_hidden_by_many_delayed_jobs_does_not_count_as_ended(queue: TestQueue) -> None:
    team = watched(queue, oldest_seconds=60)
    team.fill(index_probe.DEEP_ROWS + 1_000, delay=90_000)
    team.push()
    assert team.watch(100)[SILENT].value == 95
    hiding = team.fill(600, delay=90_000)
    team.wait(5)
    readings = team.look()
    # The check can prove neither that jobs wait nor that none does.
    assert readings[SILENT].facts["waiting"] == 0
    assert not any(
        (readings[rule].breached, readings[rule].recovered) != BETWEEN for rule in (SILENT, OLDEST)
    )
    team.end(*hiding)
    assert team.watch(5)[SILENT].value == 105
