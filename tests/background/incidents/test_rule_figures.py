"""What the end of a condition says of the jobs meanwhile: what is known, of whom, and no more."""

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
def one(queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """Somebody who watches a queue that was sampled before, in the middle of a minute."""
    channel = make_alert_channel(queue, slack)
    channel.team.wait(25)
    channel.index()
    sample(channel)
    for _ in range(3):
        step(channel)
    return channel


def sample(one: AlertChannel, *, indexed: bool = True) -> None:
    """Count, as is done in the background."""
    metrics.sample_once(one.team.setup, one.lease, indexed=indexed)


def step(one: AlertChannel, seconds: int = 10) -> None:
    """Let time pass, index what failed, look and count."""
    one.team.wait(seconds)
    one.index()
    one.look()
    sample(one)


def stall(one: AlertChannel) -> list[int]:
    """Twelve jobs that wait for too long; their ids."""
    jobs = [one.team.push(ago=STALL) for _ in range(12)]
    one.look()
    assert one.row.rule == "oldest_job"
    return jobs


def end(one: AlertChannel, jobs: list[int], failing: int = 2) -> None:
    """A worker ends them one by one, the first ones badly, until all is well for long."""
    worker = Worker(one.queue)
    for number, job in enumerate(jobs):
        if number < failing:
            worker.fail(job)
        else:
            worker.end(job)
        if number % 3 == 0:
            step(one)
    # What came back before has to be well for longer.
    for _ in range(10 + 6 * one.row.reopened):
        step(one)
    assert one.row.resolution == "recovered"


def test_the_end_says_what_was_processed_and_what_failed_while_it_was_open(
    one: AlertChannel,
) -> None:
    # Neither what came to its end in the same minute before, nor what does so later.
    early = [one.team.push() for _ in range(5)]
    for job in early[:3]:
        Worker(one.queue).end(job)
    Worker(one.queue).fail(early[3])
    Worker(one.queue).fail(early[4])
    step(one)
    jobs = stall(one)
    end(one, jobs)
    figures = "about 10 processed, 2 failed"
    assert f"Resolved after 1 min 50 s: {figures}." in one.replies[-1]
    assert figures in one.alert
    late = one.team.push()
    Worker(one.queue).end(late)
    step(one)
    assert (one.row.processed, one.row.failed, one.row.sole_queue) == (10, 2, True)


def test_where_there_are_other_queues_each_figure_says_of_which_it_is(one: AlertChannel) -> None:
    other = [one.team.push(name="mail") for _ in range(4)]
    jobs = stall(one)
    step(one)
    Worker(one.queue).fail(other[0])
    for job in other[1:]:
        Worker(one.queue).end(job)
    end(one, jobs)
    figures = "about 13 processed in all queues, 2 failed in netsuite"
    assert figures in one.replies[-1]
    assert figures in one.alert


def test_a_queue_that_is_known_by_an_old_failure_alone_is_another_queue(one: AlertChannel) -> None:
    job = one.team.push(name="mail")
    Worker(one.queue).fail(job)
    step(one)
    one.team.wait(4_000)
    with one.queue.engine.begin() as connection:
        connection.execute(text("DELETE FROM queue_bot_probe_states"))
    sample(one)
    step(one)
    jobs = stall(one)
    end(one, jobs)
    assert "about 10 processed in all queues, 2 failed in netsuite" in one.replies[-1]


def test_the_number_of_failed_jobs_is_of_all_queues(queue: TestQueue, slack: LocalSlack) -> None:
    one = make_alert_channel(queue, slack, failed_count=3)
    sample(one)
    jobs = [one.team.push(name=name) for name in ("netsuite", "mail") * 4]
    step(one)
    step(one)
    worker = Worker(one.queue)
    for job in jobs[:4]:
        worker.fail(job)
    step(one)
    assert one.row.rule == "failed_count"
    worker.fail(jobs[4])
    worker.end(jobs[5])
    step(one)
    with one.queue.engine.begin() as connection:
        connection.execute(one.queue.queue.failed.delete())
    one.scan()
    for _ in range(10):
        step(one)
    assert "about 1 processed in all queues, 1 failed." in one.replies[-1]


def test_the_number_of_failed_jobs_is_that_of_the_table_at_the_next_check(
    queue: TestQueue, slack: LocalSlack
) -> None:
    one = make_alert_channel(queue, slack, failed_count=3)
    sample(one)
    for order in range(9):
        one.queue.fail(order=order)
    step(one)
    assert "9 failed jobs" in one.alert
    # Removed without the bot: its index knows it only after the next scan.
    failed = one.queue.queue.failed
    with one.queue.engine.begin() as connection:
        connection.execute(failed.delete().where(failed.c.id > one.queue.failed[1].id))
    one.team.wait(5)
    one.look()
    assert one.row.value == 2
    assert "9 failed jobs" not in one.alert
    assert "*Failed jobs:* 2" in one.alert


def test_nothing_is_said_of_a_time_in_which_nobody_watched(one: AlertChannel) -> None:
    jobs = stall(one)
    step(one)
    one.team.wait(600)
    step(one)
    end(one, jobs)
    assert (one.row.processed, one.row.failed) == (None, None)
    assert "Resolved after" in one.replies[-1]
    assert "failed" not in one.replies[-1]
    assert "processed" not in one.replies[-1]


def test_what_was_not_counted_since_it_was_well_again_is_not_said(one: AlertChannel) -> None:
    jobs = stall(one)
    step(one)
    one.team.end(*jobs)
    one.watch(90)
    assert one.row.resolution == "recovered"
    assert (one.row.processed, one.row.failed) == (None, None)


def test_what_came_back_tells_of_the_whole_time(one: AlertChannel) -> None:
    jobs = stall(one)
    end(one, jobs)
    again = stall(one)
    assert (one.row.processed, one.row.failed) == (None, None)
    end(one, again, failing=1)
    assert "about 21 processed, 3 failed" in one.replies[-1]


def test_what_failed_is_left_out_where_too_many_queues_hide_it(one: AlertChannel) -> None:
    jobs = stall(one)
    step(one)
    with one.queue.engine.begin() as connection:
        connection.execute(rollups.delete().where(rollups.c.queue == "netsuite"))
        connection.execute(rollups.update().values(left_out=3))
    end(one, jobs)
    assert one.row.failed is None
    assert "about 10 processed in all queues." in one.replies[-1]
