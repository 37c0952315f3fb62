"""The numbers that are watched: how many failed jobs there are, and how many wait more and more."""

from datetime import timedelta
from time import monotonic

from sqlalchemy import Connection

from bot.app.command import Alerting
from bot.database.transactions import changing
from bot.models.metrics import QueueMetrics
from bot.queue import index_probe
from bot.store.incidents import sampled_totals
from bot.store.metrics import rollups
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask
from tests.kit.watched_queue import SECONDS, Watched, watched

BACKLOG = "backlog:netsuite"
BAD, CLEAR, BETWEEN = (True, False), (False, True), (False, False)


def judged(team: Watched, subject: str) -> tuple[bool, bool]:
    """Whether a look finds it bad, and whether it finds it clear."""
    sign = team.look()[subject]
    return sign.bad, sign.clear


def change(team: Watched, work: object) -> None:
    """Run it in a transaction."""
    assert callable(work)
    changing(team.setup.engine, monotonic() + SECONDS, work)


def test_failed_jobs_are_too_many_above_the_limit_and_few_below_nine_tenths(
    queue: TestQueue,
) -> None:
    team = watched(queue, failed_count=10)
    assert judged(team, "failed") == CLEAR
    for number in range(1, 11):
        queue.fail(number, exception=f"Boom\\Error: {'first' if number < 8 else 'second'} cause")
    team.index()
    assert judged(team, "failed") == BETWEEN
    queue.fail(11)
    team.index()
    sign = team.look()["failed"]
    assert (sign.bad, sign.value, sign.queue) == (True, 11, None)
    assert [count for _, count, _ in sign.facts["groups"]] == [7, 3, 1]
    error, _, name = sign.facts["groups"][0]
    assert error.startswith("E")
    assert "first cause" in name
    for number in (1, 2):
        assert ask(team.setup, f"delete-failed {number}").refusal is None
        assert judged(team, "failed") == BETWEEN
    assert ask(team.setup, "retry 3").refusal is None
    sign = team.look()["failed"]
    assert (sign.clear, sign.value) == (True, 8)


def test_a_queue_that_grows_by_each_third_of_the_time_is_a_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    team.push()
    found = []
    for _ in range(18):
        found.append(judged(team, BACKLOG))
        team.fill(2)
        team.watch(60, every=30)
    # Not before it is known how many there were a quarter of an hour ago.
    assert found[:12] == [CLEAR] * 12
    assert found[12:15] == [BETWEEN] * 3
    assert found[15:] == [BAD] * 3
    sign = team.look()[BACKLOG]
    assert sign.value == 37
    assert sign.facts["grown"] == 30
    assert sign.facts["grows"] is True
    assert sign.facts["counted"] == "exact"


def test_a_backlog_is_over_when_it_shrinks_or_is_small(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    for _ in range(20):
        team.fill(10)
        team.watch(60, every=30)
    assert judged(team, BACKLOG) == BAD
    ids = [row.id for row in queue.jobs]
    found = []
    for number in range(12):
        team.end(*ids[number * 5 : number * 5 + 5])
        signs = team.watch(60, every=30)
        found.append((signs[BACKLOG].bad, signs[BACKLOG].clear))
    # That fewer wait than five minutes ago is no end yet; fewer than ten minutes ago is.
    assert found == [BAD] * 3 + [BETWEEN] * 5 + [CLEAR] * 4


def test_many_jobs_at_once_that_are_worked_off_are_no_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    for _ in range(17):
        team.wait(60)
        team.look()
    team.fill(500)
    found = []
    for number in range(17):
        found.append(team.watch(60, every=30)[BACKLOG].bad)
        team.end(*[row.id for row in queue.jobs][: 20 + number])
    assert not any(found)


def test_a_queue_that_stands_still_is_no_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    team.push()
    for _ in range(17):
        team.watch(60, every=30)
    team.fill(500)
    assert not any(team.watch(60, every=30)[BACKLOG].bad for _ in range(20))


def test_delayed_jobs_are_no_backlog(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=30))
    team.push()
    for _ in range(20):
        team.fill(20, delay=9_000)
        team.watch(60, every=30)
    sign = team.look()[BACKLOG]
    assert (sign.bad, sign.clear, sign.value) == (False, True, 1)


def test_what_was_while_nobody_looked_is_no_growth(queue: TestQueue) -> None:
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
    assert judged(team, BACKLOG) == BAD


def sampled(team: Watched, available: int, oldest: int | None) -> None:
    """The sampler has counted the queue now."""
    figures = QueueMetrics(pending=available + 7, delayed=7, oldest_seconds=oldest, looks=1)

    def work(connection: Connection) -> None:
        rollups.add_sample(connection, team.clock.at, {rollups.ALL: figures, "netsuite": figures})

    change(team, work)


def test_a_large_queue_is_known_by_its_last_exact_figures(queue: TestQueue) -> None:
    team = watched(queue, alerting=Alerting(backlog_count=1_000))
    team.fill(3_000)
    large = 100_000
    for _ in range(17):
        large += 100
        sampled(team, large, 40)
        team.watch(60, every=30)
    signs = team.look()
    assert signs[BACKLOG].bad
    assert signs[BACKLOG].value == large
    assert signs[BACKLOG].facts["counted"] == "about"
    assert signs[BACKLOG].facts["grown"] == 1_500
    assert signs["oldest:netsuite"].facts["waiting"] == large
    assert signs["oldest:netsuite"].facts["counted"] == "about"


def test_the_age_of_a_job_that_a_look_does_not_reach_is_that_of_the_last_sample(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.fill(3_000)
    sampled(team, 3_000, 900)
    sign = team.look()["oldest:netsuite"]
    assert (sign.bad, sign.value) == (True, 900)
    # Where a look sees everything itself, a sample says nothing more.
    team.end(*[row.id for row in queue.jobs][1_000:])
    assert team.look()["oldest:netsuite"].value == 0


def test_old_figures_say_nothing(queue: TestQueue) -> None:
    team = watched(queue)
    team.fill(3_000)
    sampled(team, 90_000, 900)
    team.wait(sampled_totals.FRESH / timedelta(seconds=1) + 60)
    signs = team.look()
    seen = index_probe.HEAD_ROWS + index_probe.HEAD_ROWS // index_probe.TAIL_SHARE
    assert signs["oldest:netsuite"].facts["waiting"] == seen
    assert signs["oldest:netsuite"].facts["counted"] == "least"
    assert (signs[BACKLOG].bad, signs[BACKLOG].clear) == BETWEEN


def test_figures_of_a_queue_that_the_newest_sample_does_not_have_are_not_its_own(
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
