"""The life of an error group's incident: triggered, counted up, resolved, and reopened."""

from datetime import timedelta

import pytest

from bot import failpoints
from bot.app.responses import channel_context
from bot.background.failures import index_once
from bot.background.incidents.message import draw
from bot.background.retries.track import track_once
from bot.background.retries.track_bulk import outcomes_once
from bot.commands.retry import ACTION
from bot.localslack.server import LocalSlack
from bot.store.failures import index, removal
from bot.store.incidents import lookups
from bot.wall_clock import unix
from tests.kit.bulk import carried_out
from tests.kit.concurrency import before_statement
from tests.kit.failure_index import scan_all
from tests.kit.incident_life import CALL, Life, causes, make_life
from tests.kit.invariants import broken
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import ANA, OMAR, ask, hold


def test_an_incident_is_posted_once_and_its_alert_counts_new_failures(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    assert "Failed job 1" in life.messages()[0]
    for failed_id in range(2, 8):
        life.queue.fail(failed_id)
        life.tick(seconds=5)

    (message,) = life.messages()
    assert "7 failed jobs" in message
    assert "… and 4 more" in message
    assert (life.incident.count, life.incident.removed) == (7, 0)
    assert {row.incident for row in life.failures} == {life.incident.id}
    assert broken(life.queue, drained=True) == []


@pytest.mark.parametrize(
    ("command", "sums"), [("retry 2 3", (2, 0)), ("delete-failed 2 3", (0, 2))]
)
def test_a_failure_that_a_person_removes_before_its_incident_exists_counts_as_removed_by_them(
    life: Life, command: str, sums: tuple[int, int]
) -> None:
    for failed_id in (1, 2, 3):
        life.queue.fail(failed_id)
    # A preview indexes failures, too; only the watcher's next pass assigns them to an incident.
    index_once(life.setup, hold(life.setup))
    ask(life.setup, command, by=ANA)
    life.tick()
    row = life.incident
    assert (row.count, row.removed, row.retried, row.deleted) == (3, 2, *sums)
    assert (row.settled_by, row.settled_how) == (ANA, command.split(maxsplit=1)[0])
    assert broken(life.queue, drained=True) == []

    ask(life.setup, "undo", by=ANA)
    life.tick()
    row = life.incident
    assert (row.count, row.removed, row.retried, row.deleted) == (3, 0, 0, 0)
    assert broken(life.queue, drained=True) == []


@pytest.mark.parametrize("moment", ["before the insert", "before the commit"])
def test_a_failure_that_a_person_retries_during_indexing_counts_as_retried_by_them(
    mariadb_queue: TestQueue, slack: LocalSlack, moment: str
) -> None:
    """The retry must be counted as theirs, because an undo subtracts it from the retries."""
    life = make_life(mariadb_queue, slack)
    lease = hold(life.setup)
    life.queue.fail(1)
    if moment == "before the insert":
        with before_statement(
            life.queue.engine,
            "INSERT INTO queue_bot_failures",
            lambda: ask(life.setup, "retry 1", by=ANA),
        ):
            index_once(life.setup, lease)
    else:
        # The retry has already searched the index for the failure, without finding it.
        failpoints.arm("ran", then=lambda: index_once(life.setup, lease))
        ask(life.setup, "retry 1", by=ANA)
        scan_all(life.queue, 1_000)
    life.tick()
    row = life.incident
    assert (row.count, row.removed, row.retried, row.deleted) == (1, 1, 1, 0)
    assert (row.settled_by, row.settled_how) == (ANA, "retry")
    assert broken(life.queue) == []

    ask(life.setup, "undo", by=ANA)
    ask(life.setup, "retry 1", by=ANA)
    life.tick()
    row = life.incident
    assert (row.count, row.removed, row.retried, row.deleted) == (1, 1, 1, 0)
    assert broken(life.queue, drained=True) == []


def test_failures_retried_in_bulk_before_their_incident_exists_count_as_retried(life: Life) -> None:
    for failed_id in (1, 2, 3):
        life.queue.fail(failed_id)
    carried_out(life.setup, "retry-all")
    life.queue.fail(4, order=4)
    life.tick()
    row = life.incident
    assert (row.count, row.removed, row.retried, row.deleted) == (4, 3, 3, 0)
    assert broken(life.queue, drained=True) == []


def test_first_and_last_failure_are_failed_at_times_after_downtime_of_the_bot(life: Life) -> None:
    with life.queue.engine.begin() as connection:
        start = life.clock(connection).replace(microsecond=0)
    for failed_id, minutes in ((1, 10), (2, 12), (3, 11)):
        at = life.setup.queue.wall_clock(start + timedelta(minutes=minutes))
        life.queue.fail(failed_id, failed_at=at)
    life.tick(minutes=60)

    (message,) = life.messages()
    times = [unix(start + timedelta(minutes=minutes)) for minutes in (10, 12, 60)]
    span = " · ".join(message.splitlines()[-2:])
    assert [span.count(f"<!date^{at}^") for at in times] == [1, 1, 1]
    assert span.index("first failure ") < span.index("last failure ") < span.index("known since ")


def test_an_alert_has_no_known_since_if_the_failure_was_noticed_at_once(life: Life) -> None:
    life.storm(GONE_AWAY, each=2)
    life.tick(seconds=5)
    assert "known since" not in life.messages()[0]


def test_each_error_group_has_its_own_incident(life: Life) -> None:
    life.queue.fail(exception="the first cause")
    life.queue.fail(exception="another cause")
    life.queue.fail(exception="the first cause")
    life.tick()
    assert sorted(row.count for row in life.incidents) == [1, 2]
    assert len(life.messages()) == 2


def test_a_new_alert_has_a_mention_and_an_edit_has_none(life: Life) -> None:
    life.queue.fail()
    life.tick()
    assert CALL in life.messages()[0]
    life.queue.fail()
    life.tick(seconds=5)
    edits = life.slack.calls("chat.update")
    assert edits
    assert not [call for call in edits if MARK in str(call.args)]
    assert CALL not in life.messages()[0]


MARK = "!subteam"


def test_an_acknowledged_incident_does_not_escalate(life: Life) -> None:
    life.queue.fail()
    life.tick()
    acknowledged(life)
    life.tick(seconds=901)
    assert life.replies() == []
    assert f"Acknowledged by <@{OMAR}>" in life.messages()[0]


def acknowledged(life: Life) -> None:
    assert ask(life.setup, f"acknowledge I{life.incident.id}", by=OMAR).refusal is None


def test_an_unacknowledged_incident_escalates_once_in_its_thread(life: Life) -> None:
    life.queue.fail()
    life.tick()
    life.tick(seconds=890)
    assert life.replies() == []
    for _ in range(4):
        life.tick(seconds=20)
    (reply,) = life.replies()
    assert "nobody has acknowledged it" in reply
    assert CALL in reply


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


def test_a_failure_within_an_hour_reopens_the_incident_with_a_mention(life: Life) -> None:
    recovered(life)
    life.queue.fail(2)
    life.tick(minutes=30)
    assert (life.incident.reopened, life.incident.resolved_at) == (1, None)
    assert len(life.messages()) == 1
    assert "2 failed jobs" in life.messages()[0]
    (reply,) = life.replies()
    assert "triggered again" in reply
    assert CALL in reply


def recovered(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    acknowledged(life)
    life.take(1)
    life.tick(seconds=61)
    assert life.incident.resolution == "recovered"


def test_a_reopened_incident_is_not_acknowledged(life: Life) -> None:
    recovered(life)
    life.queue.fail(2)
    life.tick(minutes=30)
    assert life.incident.acknowledged_by is None


def test_a_failure_after_more_than_an_hour_triggers_a_new_incident(life: Life) -> None:
    recovered(life)
    life.queue.fail(2)
    life.tick(minutes=61)
    assert [row.reopened for row in life.incidents] == [0, 0]
    assert len(life.messages()) == 2


def test_an_incident_resolves_as_quiet_after_an_hour_and_its_alert_keeps_its_buttons(
    life: Life,
) -> None:
    life.queue.fail(1)
    life.queue.fail(2)
    life.tick()
    acknowledged(life)
    life.tick(minutes=59)
    assert life.incident.resolved_at is None
    life.tick(minutes=2)
    assert life.incident.resolution == "quiet"
    assert "No new failure for" in life.messages()[0]
    assert "run:retry" in str(life.slack.messages("queue-alerts")[0]["blocks"])
    assert life.replies() == []


def test_an_undo_reopens_the_incident_and_counts_no_failure_twice(life: Life) -> None:
    for failed_id in (1, 2):
        life.queue.fail(failed_id)
    life.tick()
    ask(life.setup, "delete-failed 1 2", by=ANA)
    life.tick(seconds=61)
    assert (life.incident.resolution, life.incident.deleted) == ("recovered", 2)
    replies_before = len(life.replies())
    ask(life.setup, "undo", by=ANA)
    life.tick()
    now = life.incident
    assert (now.count, now.removed, now.deleted, now.resolved_at) == (2, 0, 0, None)
    assert len(life.messages()) == 1
    assert len(life.replies()) == replies_before, "no new failure, so no new reply"
    assert broken(life.queue, drained=True) == []


def test_an_alert_never_shows_a_failure_as_deleted_that_an_undo_restored(life: Life) -> None:
    life.queue.fail(1)
    life.tick()
    ask(life.setup, "delete-failed 1", by=ANA)
    life.tick()
    ask(life.setup, "undo", by=ANA)
    assert life.incident.removed == 1, "the undo committed after the deltas were added"
    with life.queue.engine.connect() as connection:
        context = channel_context(life.setup, life.setup.clock(connection))
        (incident,) = lookups.by_ids(connection, [life.incident.id])
        drawn = draw(life.setup, connection, incident, context)
    assert drawn is not None
    assert drawn.text.startswith("🔴")
    assert "run:retry" in str(drawn.blocks)


def test_a_restored_failure_is_assigned_to_the_active_incident_of_its_error_group(
    life: Life,
) -> None:
    life.queue.fail(1)
    life.tick()
    ask(life.setup, "delete-failed 1", by=ANA)
    life.tick(seconds=61)
    life.queue.fail(2)
    life.tick(minutes=90)
    ask(life.setup, "undo", by=ANA)
    life.tick()
    first, second = life.incidents
    assert (first.count, first.removed, first.active_subject) == (0, 0, None)
    assert (second.count - second.removed, second.resolved_at) == (2, None)
    assert broken(life.queue, drained=True) == []


def test_a_row_that_commits_late_with_a_lower_id_is_counted_once(life: Life) -> None:
    life.queue.fail(10)
    life.tick()
    life.queue.fail(3)
    life.tick(seconds=5)
    assert (life.incident.count, len(life.messages())) == (2, 1)
    life.tick(minutes=15)
    life.queue.fail(2)  # below the settled cursor: the scan finds it
    life.tick(seconds=5)
    assert (life.incident.count, len(life.messages())) == (3, 1)
    assert broken(life.queue, drained=True) == []


def test_rows_removed_between_two_checks_are_counted_as_removed(life: Life) -> None:
    for failed_id in (1, 2, 3):
        life.queue.fail(failed_id)
    life.tick()
    life.take(2, 3)
    life.tick(seconds=5)
    assert (life.incident.count, life.incident.removed) == (3, 2)
    assert "2 removed without the bot" in life.messages()[0]


def test_an_incident_whose_failures_are_removed_before_its_alert_is_not_posted(life: Life) -> None:
    life.queue.fail(1)
    with life.queue.engine.begin() as connection:
        index.index_new(connection, life.setup.queue, life.setup.clock(connection))
        removal.mark_removed_by(connection, [1], ANA, ACTION, life.setup.clock(connection))
    life.take(1)
    life.tick()
    life.tick(seconds=61)
    assert life.messages() == []
    assert (life.incident.count, life.incident.removed, life.incident.resolution) == (
        1,
        1,
        "recovered",
    )


def test_a_muted_incident_is_stored_and_posted_when_the_mute_ends(life: Life) -> None:
    life.queue.fail(1, queue="mail")
    life.tick()
    group = life.incident.error_group
    life.take(1)
    life.tick(minutes=5)
    ask(life.setup, f"mute error=E{group} for=3h")
    life.queue.fail(2, queue="mail")
    life.tick(hours=2)
    life.tick(minutes=20)
    assert len(life.messages()) == 1
    assert life.replies() == []
    life.queue.fail(3, queue="mail")
    life.tick(minutes=30)
    assert broken(life.queue, drained=True) == []
    life.tick(minutes=20)
    assert len(life.messages()) == 2
    assert "2 failed jobs" in life.messages()[1]
    assert CALL in life.messages()[1]


def test_many_failures_are_assigned_to_incidents_in_few_passes(life: Life) -> None:
    life.storm(GONE_AWAY, each=3_000)
    life.tick()
    assert (life.incident.count, len(life.messages())) == (3_000, 1)
    life.tick(seconds=5)
    assert "… and 2,997 more" in life.messages()[0]


def test_failures_of_many_error_groups_are_posted_in_few_messages(life: Life) -> None:
    life.storm(*causes(200))
    life.tick()
    life.tick(seconds=5)
    assert len(life.messages()) == life.setup.alerts_per_minute + 1
    assert f"{200 - life.setup.alerts_per_minute} more jobs failed" in life.messages()[-1]
    assert broken(life.queue, drained=True) == []
