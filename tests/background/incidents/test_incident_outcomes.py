"""Incidents show what became of their failures after retries."""

from bot.background.retries.track import track_once
from bot.background.retries.track_bulk import outcomes_once
from tests.kit.bulk import carried_out
from tests.kit.incident_life import CALL, Life
from tests.kit.invariants import broken
from tests.kit.replicas import ask, hold


def test_an_incident_resolves_when_all_outcomes_are_known_and_shows_the_processed_count(
    life: Life,
) -> None:
    for failed_id in (1, 2, 3):
        life.queue.fail(failed_id)
    life.tick()
    ask(life.setup, "retry 1 2 3")
    life.tick(seconds=70)
    assert life.incident.resolved_at is None, "the retried jobs still wait in the queue"
    life.work()
    settle(life)

    assert (life.incident.resolution, life.incident.processed, life.incident.failed) == (
        "recovered",
        3,
        0,
    )
    (reply,) = [one for one in life.replies() if "Resolved" in one]
    assert "3 processed, 0 failed" in reply
    assert CALL not in reply
    assert "✅" in life.messages()[0]
    assert broken(life.queue, drained=True) == []


def settle(life: Life) -> None:
    """Run passes until the outcomes of retried jobs are known and the incident can resolve."""
    for _ in range(6):
        track_once(life.setup, hold(life.setup))
        outcomes_once(life.setup, hold(life.setup))
        life.tick(seconds=30)


def test_a_bulk_retry_of_the_error_group_is_counted_in_full(life: Life) -> None:
    for failed_id in range(1, 31):
        life.queue.fail(failed_id, order=failed_id)
    life.tick()
    carried_out(life.setup, f"retry error=E{life.incident.error_group}")
    life.tick(seconds=5)
    assert (life.incident.removed, life.incident.retried) == (30, 30)
    life.work()
    life.queue.fail(99, order=7)
    settle(life)
    # The job of order 7 failed again: it is one of the 30, and the incident goes on.
    row = life.incident
    assert (row.count, row.removed, row.retried, row.resolved_at) == (30, 29, 29, None)
    assert "30 failed jobs" in life.messages()[0]
    assert "29 retried" in life.messages()[0]
    ask(life.setup, "delete-failed 99")
    settle(life)
    assert (life.incident.processed, life.incident.failed) == (29, 0)
    assert any("29 processed, 0 failed, 1 deleted." in one for one in life.replies())
    assert broken(life.queue, drained=True) == []


def test_a_job_that_failed_again_after_its_retry_by_id_is_counted_once(life: Life) -> None:
    for failed_id in (1, 2, 3):
        life.queue.fail(failed_id, order=failed_id)
    life.tick()
    ask(life.setup, "retry 1 2 3")
    life.work()
    life.queue.fail(4, order=1)
    settle(life)
    assert (life.incident.count, life.incident.removed) == (3, 2)
    assert "3 failed jobs" in life.messages()[0]
    # It fails for the third time before the bot looks, and only then is processed.
    ask(life.setup, "retry 4")
    life.work()
    life.queue.fail(5, order=1)
    settle(life)
    ask(life.setup, "retry 5")
    life.work()
    settle(life)
    assert (life.incident.count, life.incident.processed, life.incident.failed) == (3, 3, 0)
    assert any("3 processed, 0 failed." in one for one in life.replies())
    assert broken(life.queue, drained=True) == []


def test_each_incident_of_one_bulk_retry_shows_the_outcomes_of_its_own_jobs(life: Life) -> None:
    for order in range(1, 7):
        life.queue.fail(order, order=order, exception="one cause" if order < 5 else "another cause")
    life.tick()
    carried_out(life.setup, "retry-all")
    life.work()
    life.queue.fail(99, order=2, exception="a third cause")
    settle(life)
    ends = {row.count: (row.processed, row.failed) for row in life.incidents if row.resolved_at}
    assert ends == {4: (3, 1), 2: (2, 0)}
    replies = "\n".join(life.replies())
    assert "3 processed, 1 failed." in replies
    assert "2 processed, 0 failed." in replies
    assert "retried" not in replies


def test_an_incident_shows_retried_instead_of_outcomes_that_are_not_exactly_known(
    life: Life,
) -> None:
    life.queue.fail(1, order=1)
    life.queue.fail(2, order=2)
    life.queue.fail(3, order=3, exception="another cause")
    life.tick()
    carried_out(life.setup, "retry-all")
    ask(life.setup, f"delete {life.queue.jobs[0].id}")
    life.work()
    settle(life)
    group = next(row for row in life.incidents if row.count == 2)
    assert (group.resolution, group.processed) == ("recovered", None)
    assert any("2 retried" in one for one in life.replies())


def test_an_incident_does_not_flap_if_a_failure_follows_soon_after_a_removal(
    life: Life,
) -> None:
    for failed_id in range(1, 6):
        life.queue.fail(failed_id)
        life.tick(seconds=10)
        life.take(failed_id)
        life.tick(seconds=40)
    assert len(life.messages()) == 1
    assert life.replies() == []
    assert life.incident.reopened == 0
    life.tick(seconds=61)
    assert len(life.replies()) == 1
    assert life.incident.resolution == "recovered"
