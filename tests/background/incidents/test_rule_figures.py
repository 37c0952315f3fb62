"""The message of a resolved incident: how many jobs were processed and failed, if known."""

import pytest
from sqlalchemy import text

from bot.background import metrics
from bot.localslack.server import LocalSlack
from bot.store.tables import rollups
from tests.kit.alert_channel import AlertChannel, make_alert_channel
from tests.kit.queues import TestQueue
from tests.kit.worker import Worker

STALL = 400


@pytest.fixture
def channel(queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """The alert channel of a queue that has samples; the clock is in the middle of a minute."""
    channel = make_alert_channel(queue, slack)
    channel.team.wait(25)
    channel.index()
    sample(channel)
    for _ in range(3):
        step(channel)
    return channel


def sample(channel: AlertChannel, *, indexed: bool = True) -> None:
    """Take a sample, as the background task does."""
    metrics.sample_once(channel.team.setup, channel.lease, indexed=indexed)


def step(channel: AlertChannel, seconds: int = 10) -> None:
    """Advance the clock, index new failures, run the checks and take a sample."""
    channel.team.wait(seconds)
    channel.index()
    channel.look()
    sample(channel)


def stall(channel: AlertChannel) -> list[int]:
    """Insert twelve jobs that have waited for too long; return their ids."""
    jobs = [channel.team.push(ago=STALL) for _ in range(12)]
    channel.look()
    assert channel.row.rule == "oldest_job"
    return jobs


def end(channel: AlertChannel, jobs: list[int], failing: int = 2) -> None:
    """Let a worker fail the first jobs and process the others; wait for the incident to resolve."""
    worker = Worker(channel.queue)
    for number, job in enumerate(jobs):
        if number < failing:
            worker.fail(job)
        else:
            worker.end(job)
        if number % 3 == 0:
            step(channel)
    # An incident that was reopened resolves only after a longer time without problems.
    for _ in range(10 + 6 * channel.row.reopened):
        step(channel)
    assert channel.row.resolution == "recovered"


def test_the_resolution_shows_the_processed_and_failed_jobs_of_the_incident(
    channel: AlertChannel,
) -> None:
    # Jobs that ended before the incident, even in the same minute, or after it do not count.
    early = [channel.team.push() for _ in range(5)]
    for job in early[:3]:
        Worker(channel.queue).end(job)
    Worker(channel.queue).fail(early[3])
    Worker(channel.queue).fail(early[4])
    step(channel)
    jobs = stall(channel)
    end(channel, jobs)
    figures = "about 10 processed, 2 failed"
    assert f"Resolved after 1 min 50 s. Jobs: {figures}." in channel.replies[-1]
    assert figures in channel.alert
    late = channel.team.push()
    Worker(channel.queue).end(late)
    step(channel)
    assert (channel.row.processed, channel.row.failed, channel.row.sole_queue) == (10, 2, True)


def test_each_figure_of_the_resolution_names_its_queue_if_there_are_several_queues(
    channel: AlertChannel,
) -> None:
    other = [channel.team.push(name="mail") for _ in range(4)]
    jobs = stall(channel)
    step(channel)
    Worker(channel.queue).fail(other[0])
    for job in other[1:]:
        Worker(channel.queue).end(job)
    end(channel, jobs)
    figures = "about 13 processed in all queues, 2 failed in netsuite"
    assert figures in channel.replies[-1]
    assert figures in channel.alert


def test_a_queue_with_only_an_old_failure_counts_as_a_further_queue(
    channel: AlertChannel,
) -> None:
    job = channel.team.push(name="mail")
    Worker(channel.queue).fail(job)
    step(channel)
    channel.team.wait(4_000)
    with channel.queue.engine.begin() as connection:
        connection.execute(text("DELETE FROM queue_bot_probe_states"))
    sample(channel)
    step(channel)
    jobs = stall(channel)
    end(channel, jobs)
    assert "about 10 processed in all queues, 2 failed in netsuite" in channel.replies[-1]


def test_the_resolution_of_a_failed_count_incident_counts_all_queues(
    queue: TestQueue, slack: LocalSlack
) -> None:
    channel = make_alert_channel(queue, slack, failed_count=3)
    sample(channel)
    jobs = [channel.team.push(name=name) for name in ("netsuite", "mail") * 4]
    step(channel)
    step(channel)
    worker = Worker(channel.queue)
    for job in jobs[:4]:
        worker.fail(job)
    step(channel)
    assert channel.row.rule == "failed_count"
    worker.fail(jobs[4])
    worker.end(jobs[5])
    step(channel)
    with channel.queue.engine.begin() as connection:
        connection.execute(channel.queue.queue.failed.delete())
    channel.scan()
    for _ in range(10):
        step(channel)
    assert "about 1 processed in all queues, 1 failed." in channel.replies[-1]


def test_the_failed_count_is_read_from_the_table_at_the_next_check(
    queue: TestQueue, slack: LocalSlack
) -> None:
    channel = make_alert_channel(queue, slack, failed_count=3)
    sample(channel)
    for order in range(9):
        channel.queue.fail(order=order)
    step(channel)
    assert "9 failed jobs" in channel.alert
    # Removed without the bot: its index knows it only after the next scan.
    failed = channel.queue.queue.failed
    with channel.queue.engine.begin() as connection:
        connection.execute(failed.delete().where(failed.c.id > channel.queue.failed[1].id))
    channel.team.wait(5)
    channel.look()
    assert channel.row.value == 2
    assert "9 failed jobs" not in channel.alert
    assert "*Failed jobs:* 2" in channel.alert


def test_the_resolution_shows_no_figures_for_a_time_without_monitoring(
    channel: AlertChannel,
) -> None:
    jobs = stall(channel)
    step(channel)
    channel.team.wait(600)
    step(channel)
    end(channel, jobs)
    assert (channel.row.processed, channel.row.failed) == (None, None)
    assert "Resolved after" in channel.replies[-1]
    assert "failed" not in channel.replies[-1]
    assert "processed" not in channel.replies[-1]


def test_the_resolution_shows_no_figures_without_a_sample_since_the_recovery(
    channel: AlertChannel,
) -> None:
    jobs = stall(channel)
    step(channel)
    channel.team.end(*jobs)
    channel.watch(90)
    assert channel.row.resolution == "recovered"
    assert (channel.row.processed, channel.row.failed) == (None, None)


def test_a_reopened_incident_shows_the_figures_of_its_whole_time(channel: AlertChannel) -> None:
    jobs = stall(channel)
    end(channel, jobs)
    again = stall(channel)
    assert (channel.row.processed, channel.row.failed) == (None, None)
    end(channel, again, failing=1)
    assert "about 21 processed, 3 failed" in channel.replies[-1]


def test_failed_jobs_are_omitted_if_the_metrics_leave_out_the_queue(channel: AlertChannel) -> None:
    jobs = stall(channel)
    step(channel)
    with channel.queue.engine.begin() as connection:
        connection.execute(rollups.delete().where(rollups.c.queue == "netsuite"))
        connection.execute(rollups.update().values(left_out=3))
    end(channel, jobs)
    assert channel.row.failed is None
    assert "about 10 processed in all queues." in channel.replies[-1]
