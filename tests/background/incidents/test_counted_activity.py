"""What counts as worker activity, and what does not."""

from tests.kit.kept_database import queue_on_mariadb
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask
from tests.kit.watched_queue import BREACHED, SILENT, judged, watched

__all__ = ["queue_on_mariadb"]


def test_a_job_that_a_worker_reserves_counts_as_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    first = team.push()
    team.push()
    assert team.watch(300)[SILENT].value == 295
    team.take(first)
    team.wait(5)
    reading = team.look()[SILENT]
    assert (reading.breached, reading.value, reading.facts["workers"]) == (False, 0, "moving")


def test_a_job_that_ends_between_two_checks_counts_as_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    first = team.push()
    team.push()
    assert team.watch(305)[SILENT].breached
    team.end(first)
    team.wait(5)
    assert team.look()[SILENT].value == 0


def test_a_new_failure_counts_as_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    team.index()
    team.push()
    team.watch(200)
    # A worker took a job behind the first one, for example one of another priority; it failed.
    queue.fail(failed_at=team.clock.at)
    team.index()
    team.wait(5)
    reading = team.look()[SILENT]
    assert reading.facts["moved"] == 5
    assert reading.value == 5
    # The failure counts as activity only at the time of the failure, not ever since.
    assert team.watch(295)[SILENT].value == 300


def test_a_failure_of_another_queue_is_no_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    team.index()
    team.push()
    team.watch(200)
    queue.fail(queue="mail", failed_at=team.clock.at)
    team.index()
    assert team.watch(105)[SILENT].breached


def test_a_failure_that_is_indexed_late_counts_as_activity_at_its_failed_at(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.index()
    team.push()
    team.watch(290)
    queue.fail(failed_at=team.clock.at.replace(hour=8))
    team.index()
    assert team.watch(15)[SILENT].breached


def test_a_reservation_in_the_future_counts_as_worker_activity_only_once(queue: TestQueue) -> None:
    team = watched(queue)
    team.push(5)
    team.watch(200)
    team.push(6, reserved_at=team.now + 7_000)
    assert team.look()[SILENT].value == 0
    team.end(6)
    assert team.watch(300)[SILENT].breached


def test_a_delayed_job_that_becomes_available_is_no_worker_activity(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.push(1, available_at=team.now + 150)
    team.push(2)
    assert team.watch(200)[SILENT].value == 195
    assert team.watch(105)[SILENT].breached


def test_a_row_that_commits_late_with_a_lower_id_is_no_worker_activity(
    queue: TestQueue,
) -> None:
    team = watched(queue)
    team.push(20)
    team.watch(200)
    team.push(10)
    assert team.watch(5)[SILENT].value == 200
    # The worker took the job with the lower id.
    team.end(10)
    assert team.watch(5)[SILENT].value == 0


def test_new_jobs_behind_the_first_job_are_no_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    team.push()
    for _ in range(61):
        team.wait(5)
        team.push()
        team.look()
    assert judged(team) == BREACHED


def test_a_job_that_the_bot_deletes_is_no_worker_activity(queue: TestQueue) -> None:
    team = watched(queue)
    first = team.push()
    team.push()
    team.watch(200)
    done = ask(team.setup, f"delete {first}")
    assert done.refusal is None
    assert team.watch(105)[SILENT].breached
