"""Rules of numbers: how many failed jobs there are, and whether the backlog of a queue grows."""

from datetime import timedelta
from time import monotonic

from sqlalchemy import Connection

from bot.app.setup import Alerting
from bot.database.transactions import changing
from bot.models.metrics import QueueMetrics
from bot.queue import index_probe
from bot.store.incidents import sampled_totals
from bot.store.metrics import rollups
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask
from tests.kit.watched_queue import SECONDS, Watched, watched

BACKLOG = "backlog_growth:netsuite"
BREACHED, RECOVERED, BETWEEN = (True, False), (False, True), (False, False)


def judged(team: Watched, subject: str) -> tuple[bool, bool]:
    """Check the queue; return whether the subject's reading is breached, and whether recovered."""
    reading = team.look()[subject]
    return reading.breached, reading.recovered


def change(team: Watched, work: object) -> None:
    """Run `work` in a transaction."""
    assert callable(work)
    changing(team.setup.engine, monotonic() + SECONDS, work)


def test_failed_count_is_breached_above_the_limit_and_recovered_below_nine_tenths(
    queue: TestQueue,
) -> None:
    team = watched(queue, failed_count=10)
    assert judged(team, "failed_count") == RECOVERED
    for number in range(1, 11):
        queue.fail(number, exception=f"Boom\\Error: {'first' if number < 8 else 'second'} cause")
    team.index()
    assert judged(team, "failed_count") == BETWEEN
    queue.fail(11)
    team.index()
    reading = team.look()["failed_count"]
    assert (reading.breached, reading.value, reading.queue) == (True, 11, None)
    assert [count for _, count, _ in reading.facts["groups"]] == [7, 3, 1]
    error, _, name = reading.facts["groups"][0]
    assert error.startswith("E")
    assert "first cause" in name
    for number in (1, 2):
        assert ask(team.setup, f"delete-failed {number}").refusal is None
        assert judged(team, "failed_count") == BETWEEN
    assert ask(team.setup, "retry 3").refusal is None
    reading = team.look()["failed_count"]
    assert (reading.recovered, reading.value) == (True, 8)


def test_a_queue_that_grows_in_each_third_of_the_period_is_a_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    team.push()
    states = []
    for _ in range(18):
        states.append(judged(team, BACKLOG))
        team.fill(2)
        team.watch(60, every=30)
    # No breach before the number of a quarter of an hour ago is known.
    assert states[:12] == [RECOVERED] * 12
    assert states[12:15] == [BETWEEN] * 3
    assert states[15:] == [BREACHED] * 3
    reading = team.look()[BACKLOG]
    assert reading.value == 37
    assert reading.facts["grown"] == 30
    assert reading.facts["grows"] is True
    assert reading.facts["counted"] == "exact"


def test_a_backlog_has_recovered_when_the_queue_shrinks_or_is_small(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    for _ in range(20):
        team.fill(10)
        team.watch(60, every=30)
    assert judged(team, BACKLOG) == BREACHED
    ids = [row.id for row in queue.jobs]
    states = []
    for number in range(12):
        team.end(*ids[number * 5 : number * 5 + 5])
        readings = team.watch(60, every=30)
        states.append((readings[BACKLOG].breached, readings[BACKLOG].recovered))
    # Fewer jobs than five minutes ago do not end the breach; fewer than ten minutes ago do.
    assert states == [BREACHED] * 3 + [BETWEEN] * 5 + [RECOVERED] * 4


def test_many_jobs_pushed_at_once_and_then_processed_are_no_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    for _ in range(17):
        team.wait(60)
        team.look()
    team.fill(500)
    breaches = []
    for number in range(17):
        breaches.append(team.watch(60, every=30)[BACKLOG].breached)
        team.end(*[row.id for row in queue.jobs][: 20 + number])
    assert not any(breaches)


def test_a_queue_that_does_not_grow_is_no_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    team.push()
    for _ in range(17):
        team.watch(60, every=30)
    team.fill(500)
    assert not any(team.watch(60, every=30)[BACKLOG].breached for _ in range(20))


def test_delayed_jobs_are_no_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    team.push()
    for _ in range(20):
        team.fill(20, delay=9_000)
        team.watch(60, every=30)
    reading = team.look()[BACKLOG]
    assert (reading.breached, reading.recovered, reading.value) == (False, True, 1)


def test_growth_during_a_time_without_monitoring_is_no_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    team.push()
    for _ in range(10):
        team.watch(60, every=30)
    team.wait(3_600)
    team.fill(500)
    for _ in range(14):
        team.fill(10)
        assert judged(team, BACKLOG) == BETWEEN
        team.watch(60, every=30)
    for _ in range(2):
        team.fill(10)
        team.watch(60, every=30)
    assert judged(team, BACKLOG) == BREACHED


def sampled(team: Watched, available: int, oldest: int | None) -> None:
    """Store a sample of the queue with these values."""
    figures = QueueMetrics(pending=available + 7, delayed=7, oldest_seconds=oldest, looks=1)

    def work(connection: Connection) -> None:
        rollups.add_sample(connection, team.clock.at, {rollups.ALL: figures, "netsuite": figures})

    change(team, work)


def test_a_large_queue_is_judged_by_its_last_exact_counts(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=1_000))
    team.fill(3_000)
    large = 100_000
    for _ in range(17):
        large += 100
        sampled(team, large, 40)
        team.watch(60, every=30)
    readings = team.look()
    assert readings[BACKLOG].breached
    assert readings[BACKLOG].value == large
    assert readings[BACKLOG].facts["counted"] == "about"
    assert readings[BACKLOG].facts["grown"] == 1_500
    assert readings["oldest_job:netsuite"].facts["waiting"] == large
    assert readings["oldest_job:netsuite"].facts["counted"] == "about"


def test_the_age_of_a_job_beyond_the_rows_of_a_check_comes_from_the_last_sample(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.fill(3_000)
    sampled(team, 3_000, 900)
    reading = team.look()["oldest_job:netsuite"]
    assert (reading.breached, reading.value) == (True, 900)
    # If a check reads the whole queue, the sample is not used.
    team.end(*[row.id for row in queue.jobs][1_000:])
    assert team.look()["oldest_job:netsuite"].value == 0


def test_samples_that_are_too_old_are_not_used(queue: TestQueue) -> None:
    team = watched(queue)
    team.fill(3_000)
    sampled(team, 90_000, 900)
    team.wait(sampled_totals.FRESH / timedelta(seconds=1) + 60)
    readings = team.look()
    seen = index_probe.HEAD_ROWS + index_probe.HEAD_ROWS // index_probe.TAIL_SHARE
    assert readings["oldest_job:netsuite"].facts["waiting"] == seen
    assert readings["oldest_job:netsuite"].facts["counted"] == "least"
    assert (readings[BACKLOG].breached, readings[BACKLOG].recovered) == BETWEEN


def test_counts_of_a_queue_missing_in_the_newest_sample_are_not_used(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    sampled(team, 500, 40)
    team.wait(60)
    change(
        team, lambda c: rollups.add_sample(c, team.clock.at, {rollups.ALL: QueueMetrics(looks=1)})
    )
    with queue.engine.connect() as connection:
        assert sampled_totals.lately(connection, team.clock.at) == {}
