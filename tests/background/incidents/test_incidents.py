"""The life of an error group's incident: triggered, counted up, resolved, and reopened."""

from datetime import timedelta

import pytest

from bot import failpoints
from bot.background.failures import index_once
from bot.commands.retry import ACTION
from bot.localslack.server import LocalSlack
from bot.store.failures import index, removal
from bot.wall_clock import unix
from tests.kit.bulk import carried_out
from tests.kit.concurrency import before_statement
from tests.kit.failure_index import scan_all
from tests.kit.incident_life import CALL, Life, causes, make_life
from tests.kit.incident_steps import acknowledged
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
