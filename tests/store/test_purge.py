"""A purge deletes old rows, but keeps rows that must still be posted or verified."""

from datetime import timedelta

from sqlalchemy import delete, insert

from bot.app.setup import Setup
from bot.background import purge
from bot.background.failures import copy_removed_once, index_once, scan_once
from bot.background.incidents import grouping, lifecycle
from bot.store import tables
from bot.store.incidents import transitions as ledger
from tests.kit.bulk import run_and_seal
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, ask, codes, confirm, hold, make_setup


def remove(queue: TestQueue, failed_id: int) -> None:
    with queue.engine.begin() as connection:
        failed = queue.queue.failed
        connection.execute(delete(failed).where(failed.c.id == failed_id))


def live(setup: Setup) -> None:
    lifecycle.advance_once(setup, hold(setup))
    grouping.refresh_once(setup, hold(setup))


def test_removed_failures_and_only_those_are_purged_after_30_days(queue: TestQueue) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    queue.fail(1)  # before the first start: without an incident
    index_once(setup, hold(setup))
    for failed_id, cause in ((2, "one"), (3, "two"), (4, "three"), (5, "four")):
        queue.fail(failed_id, exception=cause)
    index_once(setup, hold(setup))
    assert grouping.group_once(setup, hold(setup)) == 4
    for row in queue.rows(tables.incidents):
        with queue.engine.begin() as connection:
            ledger.mark_posted(connection, row.id, ALERTS, f"1.{row.id}")
    for failed_id in (1, 2, 5):
        remove(queue, failed_id)
    scan_once(setup, hold(setup))
    clock.move(minutes=2)
    live(setup)
    clock.move(days=29)
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.failures) == 5
    clock.move(days=2)
    remove(queue, 3)
    scan_once(setup, hold(setup))
    # The index has no copy yet of the times of the removals.
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.failures) == 5
    copy_removed_once(setup, hold(setup))
    purge.purge_once(setup, hold(setup))
    # 3 was removed just now, 4 still exists, and 5 has the highest number.
    assert [row.failed_id for row in queue.rows(tables.failures)] == [3, 4, 5]
    clock.move(days=31)
    purge.purge_once(setup, hold(setup))
    # The alert does not show yet that 3 was removed.
    assert [row.failed_id for row in queue.rows(tables.failures)] == [3, 4, 5]
    live(setup)
    purge.purge_once(setup, hold(setup))
    assert [row.failed_id for row in queue.rows(tables.failures)] == [4, 5]


def test_failures_are_not_purged_while_the_archive_has_them_for_an_undo(queue: TestQueue) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock, archive_days=60)
    queue.fail(1)
    run_and_seal(queue)
    queue.fail(2)
    index_once(setup, hold(setup))
    grouping.refresh_once(setup, hold(setup))
    copy_removed_once(setup, hold(setup))
    clock.move(days=59)
    purge.purge_once(setup, hold(setup))
    assert [row.failed_id for row in queue.rows(tables.failures)] == [1, 2]
    clock.move(days=3)
    purge.purge_once(setup, hold(setup))
    assert [row.failed_id for row in queue.rows(tables.failures)] == [2]


def test_unconfirmed_plans_are_purged_and_operations_in_the_audit_log_are_not(
    queue: TestQueue,
) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    queue.fail(1)
    run_and_seal(queue)
    queue.fail(2)
    assert ask(setup, "clear-failed").refusal is None
    clock.move(days=7)
    purge.purge_once(setup, hold(setup))
    assert [row.state for row in queue.rows(tables.operations)] == ["done", "planned"]
    clock.move(days=1)
    purge.purge_once(setup, hold(setup))
    assert [row.state for row in queue.rows(tables.operations)] == ["done"]
    assert [row.operation for row in queue.rows(tables.failures)] == [1, None]
    late = confirm(setup, "clear-failed", 2, typed=1)
    assert late.refusal is not None
    assert late.refusal.code == "plan-expired"


def test_mutes_are_purged_a_month_after_their_end(queue: TestQueue) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    for words in (
        "mute alert=oldest_job for=1h",
        "mute alert=no_worker_activity for=7d",
        "unmute alert=no_worker_activity",
    ):
        assert codes([ask(setup, words)]) == ["ok"]
    clock.move(days=30)
    purge.purge_once(setup, hold(setup))
    assert [row.rule for row in queue.rows(tables.mutes)] == ["oldest_job", "no_worker_activity"]
    clock.move(hours=2)
    purge.purge_once(setup, hold(setup))
    assert [row.rule for row in queue.rows(tables.mutes)] == ["no_worker_activity"]
    clock.move(days=7)
    purge.purge_once(setup, hold(setup))
    assert not queue.rows(tables.mutes)


def test_reasons_of_refused_rows_are_purged_with_the_failures_of_their_operation(
    queue: TestQueue,
) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    queue.fail(1)
    run_and_seal(queue)
    queue.fail(2)
    assert ask(setup, "clear-failed").refusal is None
    row = {"failed_id": 1, "code": "row-refused", "detail": "a reason"}
    with queue.engine.begin() as connection:
        # The second operation is only planned; both have a refused row with the same number.
        rows = [{**row, "operation": number, "seq": 1} for number in (1, 2)]
        rows += [{**row, "operation": 1, "seq": 1 + seq} for seq in range(1, purge.BATCH + 1)]
        connection.execute(insert(tables.set_aside), rows)
    clock.move(days=29)
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.set_aside) == purge.BATCH + 2
    clock.move(days=2)
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.set_aside) == 2
    purge.purge_once(setup, hold(setup))
    assert [(row.operation, row.seq) for row in queue.rows(tables.set_aside)] == [(2, 1)]


def over(setup: Setup, number: int, days: float) -> int:
    """Insert an incident that was resolved `days` ago; return its number."""
    with setup.engine.begin() as connection:
        at = setup.clock(connection) - timedelta(days=days)
        opened = ledger.trigger(connection, ledger.group_subject(number, "mail"), at)
        ledger.resolve(connection, opened.id, ledger.RECOVERED, at)
        row = {"incident": opened.id, "operation": number, "rows": 1}
        connection.execute(insert(tables.incident_operations).values(row))
    return opened.id


def test_resolved_incidents_are_purged_after_90_days_with_their_bulk_counts(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue, clock=Clock())
    old, young, last = over(setup, 1, 91), over(setup, 2, 89), over(setup, 3, 300)
    purge.purge_once(setup, hold(setup))
    kept = [young, last]  # the highest number stays, so that no id is reused
    assert [row.id for row in queue.rows(tables.incidents)] == kept
    assert [row.incident for row in queue.rows(tables.incident_operations)] == kept
    assert old < young


def test_incidents_that_are_active_or_have_failures_are_not_purged(queue: TestQueue) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    index_once(setup, hold(setup))
    queue.fail(1)
    index_once(setup, hold(setup))
    grouping.group_once(setup, hold(setup))
    with queue.engine.begin() as connection:
        ledger.mark_posted(connection, queue.rows(tables.incidents)[0].id, ALERTS, "1.1")
    clock.move(minutes=61)
    live(setup)  # escalates, because nobody has acknowledged it
    live(setup)
    quiet = queue.rows(tables.incidents)[0]
    assert quiet.resolution == "quiet"
    with queue.engine.begin() as connection:
        now = setup.clock(connection)
        opened = ledger.trigger(connection, ledger.group_subject(99, "mail"), now)
    clock.move(days=200)
    over(setup, 3, 100)
    over(setup, 4, 0)
    purge.purge_once(setup, hold(setup))
    left = [row.id for row in queue.rows(tables.incidents)]
    assert left[:2] == [quiet.id, opened.id]
    assert len(left) == 3
    remove(queue, 1)
    queue.fail(2)  # the failure with the highest number stays
    index_once(setup, hold(setup))
    scan_once(setup, hold(setup))
    copy_removed_once(setup, hold(setup))
    grouping.group_once(setup, hold(setup))
    for _ in range(3):
        live(setup)
    clock.move(days=31)
    purge.purge_once(setup, hold(setup))
    purge.purge_once(setup, hold(setup))
    assert quiet.id not in [row.id for row in queue.rows(tables.incidents)]


def test_incidents_that_are_not_purged_do_not_block_the_purge_of_others(queue: TestQueue) -> None:
    setup = make_setup(queue, clock=Clock())
    with queue.engine.begin() as connection:
        at = setup.clock(connection) - timedelta(days=91)
        ids = range(1, purge.BATCH + 6)
        rows = [
            {"id": n, "rule": "new_failures", "subject": f"group:{n}", "triggered_at": at}
            for n in ids
        ]
        rows = [{**row, "last_at": at, "resolved_at": at} for row in rows]
        connection.execute(insert(tables.incidents), rows)
        # Each of the first incidents has a failure.
        names = ("row_digest", "queue", "error", "payload_digest")
        row = {**dict.fromkeys(names, "x"), "error_group": 1, "bytes": 1}
        at_once = {**row, "failed_at": at, "seen_at": at}
        there = [{**at_once, "failed_id": n, "incident": n} for n in range(1, purge.BATCH + 1)]
        connection.execute(insert(tables.failures), there)
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.incidents) == purge.BATCH + 5
    purge.purge_once(setup, hold(setup))
    # The incident with the highest number stays, too.
    assert queue.count(tables.incidents) == purge.BATCH + 1
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.failures))
    purge.purge_once(setup, hold(setup))
    assert queue.count(tables.incidents) == 1


def test_metric_deltas_that_no_sample_reads_are_limited(queue: TestQueue) -> None:
    setup = make_setup(queue)
    row = {"queue": "", "failed": 0, "removed": 1, "skipped": 0}
    newest = 1 + purge.METRIC_DELTAS_KEPT
    with queue.engine.begin() as connection:
        ids = (1, 2, newest)
        connection.execute(insert(tables.metric_deltas), [{**row, "id": id_} for id_ in ids])
    purge.purge_once(setup, hold(setup))
    assert [row.id for row in queue.rows(tables.metric_deltas)] == [2, newest]
