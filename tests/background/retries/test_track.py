"""The outcome of a retried job is posted once and correctly, whatever workers and people do."""

from typing import Any

import pytest
from sqlalchemy import event, insert, select, update

from bot.app.command import Setup
from bot.background.failures import PASSES
from bot.background.retries.track import track_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.failures.index import PASS_ROWS
from bot.store.leases import LeaseLost
from bot.store.operations.retries import location
from bot.store.operations.retries import tracked_jobs as tracking
from tests.kit.clock import Clock
from tests.kit.failures import FAILURE, OTHER
from tests.kit.posting import send, thread, top, watch
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ALERTS, ANA, OPS, ask, hold, make_setup
from tests.kit.worker import Worker, follow


@pytest.fixture
def worker(queue: TestQueue) -> Worker:
    return Worker(queue)


def failing(queue: TestQueue, setup: Setup, *orders: int) -> list[int]:
    """Insert failed jobs of these orders; return their ids once they are indexed and posted."""
    ids = [queue.fail(order=order) for order in orders or (803193,)]
    watch(setup, hold(setup))
    return ids


def retried(setup: Setup, *ids: int, **values: Any) -> list[int]:
    """Retry these failed jobs and return the new jobs' ids."""
    outcome = ask(setup, "retry " + " ".join(map(str, ids)), **values)
    assert outcome.refusal is None
    assert outcome.result is not None
    return [job.job_id for job in outcome.result.extra.jobs]  # type: ignore[attr-defined] # a retry's


def rows(queue: TestQueue) -> list[Any]:
    return list(queue.rows(tables.tracked_jobs))


def states(queue: TestQueue) -> list[str]:
    return [row.state for row in rows(queue)]


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


def test_a_missing_job_id_is_no_outcome_while_a_later_row_has_the_same_payload(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    for _ in range(3):
        worker.take(job)
        job = worker.release(job)
        assert follow(setup, clock, seconds=20, step=4) == 0
        assert [(row.state, row.job_id) for row in rows(queue)] == [("waiting", job)]
    worker.end(job)
    assert follow(setup, clock, seconds=20, step=4) == 1
    assert states(queue) == ["processed"]


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


def test_one_failure_is_the_outcome_of_only_one_of_two_jobs_with_the_same_payload(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    jobs = retried(setup, *failing(queue, setup, 5, 5, 5))
    worker.end(jobs[0])
    worker.fail(jobs[2])
    follow(setup, clock)
    tracked = rows(queue)
    assert sorted(states(queue)) == ["failed-again", "processed", "waiting"]
    assert len([row for row in tracked if row.outcome_seq is not None]) == 1
    worker.end(jobs[1])
    follow(setup, clock, seconds=80, step=5)
    assert sorted(states(queue)) == ["failed-again", "processed", "processed"]


def test_each_released_job_with_the_same_payload_is_tracked_once(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    jobs = retried(setup, *failing(queue, setup, 5, 5))
    later = [worker.release(job) for job in jobs]
    follow(setup, clock)
    assert sorted(row.job_id for row in rows(queue)) == later
    worker.end(later[0])
    follow(setup, clock)
    assert sorted(states(queue)) == ["processed", "waiting"]


def test_an_older_failure_with_the_same_payload_is_no_outcome(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    first, _ = failing(queue, setup, 5, 5)
    (job,) = retried(setup, first)
    worker.end(job)
    follow(setup, clock)
    assert states(queue) == ["processed"]


def test_a_failure_with_the_same_payload_in_another_queue_is_not_the_outcome(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    queue.push(queue="mail", order=5)
    row = worker.end(job)
    worker.write_failure({**row, "queue": "mail"})
    follow(setup, clock)
    assert states(queue) == ["processed"]


def test_a_restored_failure_is_no_new_failure(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (failed,) = failing(queue, setup, 5)
    (job,) = retried(setup, failed)
    worker.end(job)
    queue.fail(failed, order=5)
    follow(setup, clock)
    assert "failed-again" not in states(queue)


def test_a_second_retry_does_not_change_the_outcome_of_the_first_retry(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    again = worker.fail(job)
    watch(setup, hold(setup))
    (second,) = retried(setup, again)
    follow(setup, clock)
    assert states(queue) == ["failed-again", "waiting"]
    worker.end(second)
    follow(setup, clock)
    assert states(queue) == ["failed-again", "processed"]


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


def test_two_replicas_post_an_outcome_once(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    other = make_setup(queue, "b", clock=clock)
    (job,) = retried(setup, *failing(queue, setup))
    worker.end(job)
    clock.move(seconds=1.5)
    paused = hold(setup)
    track_once(setup, paused)
    clock.move(seconds=11)
    assert track_once(other, hold(other)) == 1
    assert track_once(setup, paused) == 0
    clock.move(seconds=61)
    track_once(other, hold(other))
    send(other, slack)
    assert len(thread(slack)) == 1


def test_a_replica_paused_past_its_lease_writes_nothing(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    worker.fail(job)
    paused = hold(setup)
    clock.move(seconds=11)
    hold(make_setup(queue, "b", clock=clock))
    with pytest.raises(LeaseLost):
        track_once(setup, paused)
    assert states(queue) == ["waiting"]


def test_no_job_counts_as_processed_while_the_index_is_behind(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker
) -> None:
    (job,) = retried(setup, *failing(queue, setup))
    row = worker.end(job)
    many = [{**FAILURE, "payload": payload(n)} for n in range(PASSES * PASS_ROWS)]
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.failed), many)
    worker.write_failure(row)
    assert follow(setup, clock, seconds=4, step=2) == 0
    assert states(queue) == ["waiting"]
    follow(setup, clock, seconds=4, step=2)
    assert states(queue) == ["failed-again"]


def test_the_outcome_says_if_the_queue_is_too_long_to_scan(
    queue: TestQueue, setup: Setup, clock: Clock, worker: Worker, slack: LocalSlack
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    worker.end(job)
    jobs = queue.queue.jobs
    many = [
        {"queue": "netsuite", "payload": payload(9), "available_at": 1, "created_at": 1}
        for _ in range(location.SCANNED + location.UNCOMMITTED + 1)
    ]
    with queue.engine.begin() as connection:
        connection.execute(insert(jobs), many)
    follow(setup, clock)
    assert states(queue) == ["no-longer-queued"]
    send(setup, slack)
    assert "too long to check" in thread(slack)[0]


def test_a_pass_checks_a_limited_number_of_tracked_jobs(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    (job,) = retried(setup, *failing(queue, setup, 5))
    (row,) = rows(queue)
    values = {key: value for key, value in row._asdict().items() if key != "id"}
    more = [{**values, "job_id": job, "failed_id": 10 + n} for n in range(tracking.AT_ONCE + 50)]
    with queue.engine.begin() as connection:
        connection.execute(insert(tables.tracked_jobs), more)
    clock.move(seconds=2)
    track_once(setup, hold(setup))
    checked = [row for row in rows(queue) if row.next_check_at != values["next_check_at"]]
    assert len(checked) == tracking.AT_ONCE
    track_once(setup, hold(setup))
    checked = [row for row in rows(queue) if row.next_check_at != values["next_check_at"]]
    assert len(checked) == tracking.AT_ONCE + 51


def test_a_pass_without_due_tracked_jobs_executes_one_statement(
    queue: TestQueue, setup: Setup, clock: Clock
) -> None:
    retried(setup, *failing(queue, setup, 5))
    with queue.engine.begin() as connection:
        connection.execute(update(tables.tracked_jobs).values(next_check_at=None))
    clock.move(seconds=5)
    lease = hold(setup)
    seen: list[str] = []

    def note(*given: Any) -> None:
        seen.append(given[2])

    event.listen(queue.engine, "before_cursor_execute", note)
    try:
        assert track_once(setup, lease) == 0
    finally:
        event.remove(queue.engine, "before_cursor_execute", note)
    assert len([statement for statement in seen if "queue_bot" in statement]) == 1
