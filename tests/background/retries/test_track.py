"""The outcome of a retried job is posted once and correctly, whatever workers and people do."""

import pytest
from sqlalchemy import select, update

from bot.app.setup import Setup
from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.clock import Clock
from tests.kit.failures import OTHER
from tests.kit.posting import send, thread, top
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, ANA, OPS, ask
from tests.kit.tracked_jobs import failing, retried, rows, states
from tests.kit.worker import Worker, follow


def test_a_retried_job_is_tracked_from_the_transaction_of_its_retry(
    queue: TestQueue, setup: Setup
) -> None:
    (failed,) = failing(queue, setup)
    (failure,) = queue.rows(tables.failures)
    (job,) = retried(setup, failed)
    (row,) = rows(queue)
    assert (row.failed_id, row.failed_seq, row.retried_as, row.job_id) == (
        failed,
        failure.seq,
        job,
        job,
    )
    assert (row.payload_digest, row.error_group) == (failure.payload_digest, failure.error_group)
    assert (row.state, row.actor, row.order_id) == ("waiting", ANA, "803193")


def test_a_refused_retry_is_not_tracked(queue: TestQueue, setup: Setup) -> None:
    assert ask(setup, "retry 77").refusal is not None
    assert rows(queue) == []


def test_a_processed_job_is_shown_in_its_message_and_its_thread(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    send(setup, slack)
    assert follow(setup, clock, seconds=4) == 0
    worker.take(job)
    assert follow(setup, clock, seconds=4) == 0
    worker.end(job)
    assert follow(setup, clock, seconds=8) == 1
    assert states(queue) == ["processed"]
    send(setup, slack)
    (text,) = top(slack)
    assert "was processed" in text
    assert f"<@{ANA}> retried failed job" in text
    (reply,) = thread(slack)
    assert "was processed" in reply
    assert ANA not in reply, "a processed job mentions nobody"
    assert "was processed" in top(slack, ALERTS)[0], "the alert shows the outcome too"
    assert follow(setup, clock, seconds=130, step=10) == 0
    send(setup, slack)
    assert len(thread(slack)) == 1
    assert [row.next_check_at for row in rows(queue)] == [None]


def test_the_undo_button_is_hidden_while_a_worker_has_the_job(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (job,) = retried(setup, *failing(queue, setup))

    def shown() -> str:
        send(setup, slack)
        (message,) = slack.messages(OPS)
        return str(message["blocks"])

    assert "run:undo" in shown()
    assert follow(setup, clock, seconds=4) == 0
    assert "run:undo" in shown()
    worker.take(job)
    assert follow(setup, clock, seconds=4) == 0
    assert "run:undo" not in shown()
    assert "can no longer be undone" in shown()
    jobs = queue.queue.jobs
    with queue.engine.execution_options(changes=True).begin() as connection:
        connection.execute(update(jobs).values(reserved_at=None))
    assert follow(setup, clock, seconds=4) == 0
    assert "run:undo" in shown()
    worker.release(job)
    assert follow(setup, clock, seconds=4) == 0
    assert "run:undo" not in shown()
    assert thread(slack) == []


@pytest.mark.parametrize(
    ("exception", "state", "words"),
    [
        (None, "failed-again", "failed again with the same error"),
        (OTHER, "failed-otherwise", "failed again with another error"),
    ],
)
def test_the_outcome_of_a_new_failure_says_if_its_error_is_the_same(
    queue: TestQueue,
    setup: Setup,
    clock: Clock,
    worker: Worker,
    slack: LocalSlack,
    exception: str | None,
    state: str,
    words: str,
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    send(setup, slack)
    new = worker.fail(job) if exception is None else worker.fail(job, exception)
    assert follow(setup, clock) == 1
    assert states(queue) == [state]
    send(setup, slack)
    (reply,) = thread(slack)
    assert words in reply
    assert f"failed job {new} now" in reply
    assert f"<@{ANA}>" in reply, "the reply mentions the person who retried the job"
    assert ("no such customer" in reply) is (exception is not None)
    assert words in top(slack)[0]


def test_no_outcome_is_posted_between_the_delete_of_a_job_and_its_failure(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    row = worker.end(job)
    assert follow(setup, clock, seconds=2, step=1) == 0
    worker.write_failure(row)
    assert follow(setup, clock) == 1
    assert states(queue) == ["failed-again"]


def test_a_late_failure_replaces_the_outcome_processed(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    row = worker.end(job)
    follow(setup, clock)
    assert states(queue) == ["processed"]
    worker.write_failure(row)
    follow(setup, clock, seconds=70, step=10)
    assert states(queue) == ["failed-again"]
    send(setup, slack)
    assert ["processed" in reply for reply in thread(slack)] == [True, False]
    assert "failed again" in top(slack)[0]


def test_the_outcome_of_a_deleted_job_names_the_person_who_deleted_it(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    (job,) = retried(setup, *failing(queue, setup), by="U07OPERATOR1")
    ask(setup, f"delete {job}")
    assert follow(setup, clock) == 1
    assert states(queue) == ["no-longer-queued"]
    send(setup, slack)
    (reply,) = thread(slack)
    assert f"<@{ANA}> deleted it" in reply


def test_a_job_that_waits_long_is_reported_once_and_tracked_for_one_day(
    queue: TestQueue, setup: Setup, clock: Clock, slack: LocalSlack
) -> None:
    retried(setup, *failing(queue, setup))
    assert follow(setup, clock, seconds=590, step=10) == 0
    assert follow(setup, clock, seconds=60, step=10) == 1
    assert follow(setup, clock, seconds=3_600, step=60) == 0
    send(setup, slack)
    assert ["is still in the queue" in reply for reply in thread(slack)] == [True]
    assert follow(setup, clock, seconds=86_400, step=1_800) == 1
    assert states(queue) == ["stopped-following"]
    send(setup, slack)
    assert "no longer tracks" in thread(slack)[-1]
    assert [row.next_check_at for row in rows(queue)] == [None]


def test_a_retry_of_several_ids_has_one_message_with_counts_and_one_reply(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    jobs = retried(setup, *failing(queue, setup, 1, 2, 3))
    send(setup, slack)
    worker.end(jobs[0])
    worker.fail(jobs[1])
    assert follow(setup, clock) == 2
    send(setup, slack)
    (text,) = top(slack)
    assert "✅ 1 processed · 🔴 1 failed again · ⏳ 1 waiting" in text
    assert thread(slack) == [], "no reply before every outcome is known"
    worker.fail(jobs[2], OTHER)
    assert follow(setup, clock) == 1
    send(setup, slack)
    (reply,) = thread(slack)
    assert "✅ 1 processed · 🔴 1 failed again · 🔴 1 failed with another error" in reply
    assert sorted(states(queue)) == ["failed-again", "failed-otherwise", "processed"]


def test_a_job_that_is_retried_before_it_is_indexed_is_tracked(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (job,) = retried(setup, queue.fail())
    assert [row.failed_seq for row in rows(queue)] == [None]
    worker.fail(job)
    follow(setup, clock)
    assert states(queue) == ["failed-again"]
    send(setup, slack)
    assert "failed again, " in thread(slack)[0], "the error of the first failure is unknown"


def test_a_click_on_an_alert_is_answered_in_the_alert_and_its_thread(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (failed,) = failing(queue, setup)
    send(setup, slack)
    (alert,) = slack.messages(ALERTS)
    (job,) = retried(setup, failed, channel=ALERTS, message_ts=alert["ts"])
    worker.end(job)
    follow(setup, clock)
    send(setup, slack)
    (text,) = top(slack, ALERTS)
    assert f"Retried by <@{ANA}>" in text
    assert "was processed" in text
    (reply,) = thread(slack, ALERTS)
    assert "was processed" in reply
    assert slack.messages(OPS) == []


def test_the_outcome_is_posted_in_the_channel_if_the_message_of_the_retry_was_deleted(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    send(setup, slack)
    gone = slack.workspace.find_message(OPS, slack.messages(OPS)[0]["ts"])
    assert gone is not None
    slack.workspace.remove_message(gone)
    worker.end(job)
    follow(setup, clock)
    send(setup, slack)
    (text,) = top(slack)
    assert "was processed" in text
    with queue.engine.begin() as connection:
        unsent = tables.outbox.c.sent_at.is_(None)
        assert connection.execute(select(tables.outbox).where(unsent)).all() == []
