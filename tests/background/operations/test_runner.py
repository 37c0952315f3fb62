"""An operation changes exactly what a permitted person confirmed, once, and runs to its end."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select

from bot.app.parsing import Request
from bot.store import tables
from bot.store.operations import batch_digests
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.kit.bulk import Bench, previewed, run_out, started
from tests.kit.concurrency import at_once
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.replicas import ANA, AUDIT, OMAR, ask, codes, confirm, hold


def wall_clock_now() -> datetime:
    """Return the `failed_at` that a worker would write now."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def items(bench: Bench, number: int = 1) -> list[int]:
    """Return the ids of the failed jobs that an operation moved."""
    return [row.failed_id for row in bench.queue.rows(tables.failures) if row.operation == number]


@pytest.mark.parametrize("action", ["retry-all", "clear-failed"])
@pytest.mark.parametrize("rows", [1, 3, 7, 1_000])
def test_each_row_of_the_scope_is_moved_once_in_batches_of_any_size(
    bench: Bench, action: str, rows: int
) -> None:
    bench.fill(7)
    before = payloads(bench.queue)
    progress = started(bench.setup, action)
    run_out(bench.runner(rows))
    assert bench.queue.failed == []
    assert len(bench.queue.jobs) == (7 if action == "retry-all" else 0)
    row = bench.operation(progress.operation)
    assert (row.state, row.total, row.done, row.skipped) == ("done", 7, 7, 0)
    assert items(bench) == list(range(1, 8))
    assert broken(bench.queue, before) == []


def test_rows_that_failed_after_the_preview_are_not_changed(bench: Bench) -> None:
    old = bench.fill(4)
    preview = previewed(bench.setup)
    new = bench.fill(3)
    watch(bench.setup, hold(bench.setup))  # they are indexed now, above the plan's bound
    confirm(bench.setup, "retry-all", preview.plan)
    run_out(bench.runner())
    assert [row.id for row in bench.queue.failed] == new
    assert items(bench) == old
    assert broken(bench.queue) == []


def test_a_row_that_commits_after_the_preview_with_a_lower_id_is_not_touched(
    mariadb_bench: Bench,
) -> None:
    bench = mariadb_bench
    row = {
        "queue": "late",
        "payload": "{}",
        "exception": "E",
        "failed_at": wall_clock_now(),
    }
    with bench.queue.engine.connect() as connection, connection.begin() as transaction:
        late = connection.execute(insert(bench.queue.queue.failed).values(row)).lastrowid
        seen = bench.fill(3)
        preview = previewed(bench.setup)
        assert preview.total == 3
        transaction.commit()
    assert late < min(seen)
    confirm(bench.setup, "clear-failed", preview.plan)  # another action does not use the plan
    watch(bench.setup, hold(bench.setup))
    confirm(bench.setup, "retry-all", preview.plan)
    run_out(bench.runner())
    assert [row.id for row in bench.queue.failed] == [late]
    assert broken(bench.queue) == []


def test_a_scope_can_be_one_queue_or_an_age(bench: Bench) -> None:
    bench.fill(2, queue="mail")
    bench.fill(2, queue="netsuite")
    started(bench.setup, "retry-all queue=mail")
    run_out(bench.runner())
    assert {row.queue for row in bench.queue.failed} == {"netsuite"}
    young = bench.queue.fail(failed_at=wall_clock_now())
    started(bench.setup, "clear-failed older=7d")
    run_out(bench.runner())
    assert [row.id for row in bench.queue.failed] == [young]
    assert broken(bench.queue) == []


def test_rows_removed_or_changed_since_the_preview_are_skipped(
    bench: Bench,
) -> None:
    watch(bench.setup, hold(bench.setup))
    bench.fill(6)
    watch(bench.setup, hold(bench.setup))
    progress = started(bench.setup)
    ask(bench.setup, "retry 1", by=OMAR)
    failed = bench.queue.queue.failed
    with bench.queue.engine.begin() as connection:
        connection.execute(delete(failed).where(failed.c.id.in_([2, 3])))
    bench.queue.fail(3, order=99)  # another row has this id now
    run_out(bench.runner())
    row = bench.operation(progress.operation)
    assert (row.state, row.total, row.done, row.skipped) == ("done", 6, 3, 3)
    assert [row.id for row in bench.queue.failed] == [3]
    assert items(bench) == [4, 5, 6]
    counted: Counter[tuple[str, str | None]] = Counter()
    for row in bench.queue.rows(tables.incident_deltas):
        counted[row.action, row.actor] += row.removed
    assert counted == {("gone", None): 2, ("retry", OMAR): 1, ("retry-all", ANA): 3}
    assert broken(bench.queue) == []
    watch(bench.setup, hold(bench.setup))
    (incident,) = bench.queue.rows(tables.incidents)
    # The new row with the old id is another failure, of the same cause.
    assert (incident.count, incident.removed, incident.retried) == (7, 6, 4)
    assert bench.queue.count(tables.incident_deltas) == 0


def test_an_empty_scope_is_reported_at_once_and_recorded(bench: Bench) -> None:
    preview = previewed(bench.setup)
    assert (preview.total, preview.plan) == (0, 0)
    assert bench.queue.count(tables.operations) == 0
    assert [row.outcome for row in bench.queue.rows(tables.audit)] == ["no-op"]


def test_a_cancelled_operation_stops_between_two_batches_and_records_the_moved_rows(
    bench: Bench,
) -> None:
    bench.fill(7)
    progress = started(bench.setup)
    runner = bench.runner()
    runner.run_once()
    assert codes([ask(bench.other, f"cancel {progress.operation}")]) == ["ok"]
    run_out(runner)
    row = bench.operation()
    assert (row.state, row.done, row.skipped) == ("cancelled", 3, 0)
    assert (len(bench.queue.jobs), len(bench.queue.failed)) == (3, 4)
    assert codes([ask(bench.setup, f"cancel {progress.operation}")]) == ["plan-expired"]
    assert broken(bench.queue) == []


def test_an_operation_stops_when_its_person_has_lost_the_role(bench: Bench) -> None:
    bench.fill(7)
    started(bench.setup)
    runner = bench.runner()
    runner.run_once()
    bench.people.gone.add(ANA)
    run_out(runner)
    row = bench.operation()
    assert (row.state, row.reason, row.done) == ("stopped", "not-member", 3)
    assert len(bench.queue.failed) == 4
    ended = bench.queue.rows(tables.audit)[-1]
    assert (ended.outcome, ended.reason, ended.actor) == ("stopped", "not-member", ANA)
    assert broken(bench.queue) == []


def test_another_replica_takes_over_an_operation_after_15_seconds_without_progress(
    bench: Bench,
) -> None:
    bench.fill(7)
    before = payloads(bench.queue)
    started(bench.setup)
    bench.runner().run_once()
    taker = bench.runner(setup=bench.other)
    assert taker.run_once() is False
    bench.clock.by += TAKEN_OVER_AFTER - timedelta(seconds=1)
    assert taker.run_once() is False
    bench.clock.move(seconds=2)
    run_out(taker)
    assert (bench.operation().state, bench.operation().owner) == ("done", "b")
    assert len(bench.queue.jobs) == 7
    assert bench.queue.rows(tables.audit)[-1].replica == "b"
    assert broken(bench.queue, before) == []


def test_a_replica_whose_operation_was_taken_over_moves_no_more_rows(bench: Bench) -> None:
    bench.fill(9)
    before = payloads(bench.queue)
    started(bench.setup)
    late = bench.runner()
    late.run_once()
    bench.clock.by += TAKEN_OVER_AFTER + timedelta(seconds=1)
    taker = bench.runner(setup=bench.other)
    taker.run_once()
    for _ in range(3):
        late.run_once()
    assert len(bench.queue.jobs) == 6
    run_out(taker)
    assert len(bench.queue.jobs) == 9
    assert broken(bench.queue, before) == []


def test_two_replicas_that_run_one_operation_move_each_row_once(mariadb_bench: Bench) -> None:
    bench = mariadb_bench
    bench.fill(40)
    before = payloads(bench.queue)
    started(bench.setup)
    bench.clock.by += TAKEN_OVER_AFTER + timedelta(seconds=1)
    at_once(
        lambda: run_out(bench.runner(2)),
        lambda: run_out(bench.runner(2, bench.other)),
    )
    bench.clock.by += TAKEN_OVER_AFTER + timedelta(seconds=1)
    run_out(bench.runner(2))
    assert bench.operation().state == "done"
    assert broken(bench.queue, before) == []


def test_progress_is_one_message_whose_last_edit_shows_the_end(bench: Bench) -> None:
    bench.fill(7)
    progress = started(bench.setup)
    run_out(bench.runner(1))
    kinds = [row.kind for row in bench.queue.rows(tables.outbox)]
    assert kinds == ["post", "edit"], "a new edit replaces the waiting edit"
    body = json.loads(bench.queue.rows(tables.outbox)[-1].body)
    assert "7" in body["text"]
    assert progress.total == 7


def test_the_items_of_an_operation_match_its_audit_record(bench: Bench) -> None:
    bench.fill(7)
    started(bench.setup)
    run_out(bench.runner())
    with bench.queue.engine.begin() as connection:
        recorded = json.loads(bench.queue.rows(tables.audit)[-1].arguments)["items_digest"]
        assert batch_digests.items_digest(connection, 1) == recorded
        connection.execute(
            tables.failures.update()
            .where(tables.failures.c.failed_id == 4)
            .values(row_digest="0" * 32)
        )
        assert batch_digests.items_digest(connection, 1) != recorded


def test_the_start_and_end_of_an_operation_are_recorded_with_its_person(bench: Bench) -> None:
    bench.fill(2)
    started(bench.setup)
    run_out(bench.runner())
    outcomes = [(row.action, row.outcome, row.actor) for row in bench.queue.rows(tables.audit)]
    assert outcomes == [("retry-all", "started", ANA), ("retry-all", "done", ANA)]
    with bench.queue.engine.begin() as connection:
        kept = connection.execute(select(tables.archive.c.row_id)).scalars().all()
    assert kept == [1, 2]
    assert bench.setup.audit_channel == AUDIT
    assert codes([ask(bench.setup, Request("retry", {"ids": "1"}))]) == ["failed-job-not-found"]


def test_an_operator_can_cancel_only_their_own_bulk_change(bench: Bench) -> None:
    bench.fill(7)
    own = previewed(bench.setup, "retry queue=netsuite", by=OMAR).plan
    assert codes([confirm(bench.setup, "retry", own, by=OMAR)]) == ["ok"]
    assert codes([ask(bench.setup, f"cancel {own}", by=OMAR)]) == ["ok"]
    run_out(bench.runner())
    others = previewed(bench.setup, "retry queue=netsuite").plan
    assert codes([confirm(bench.setup, "retry", others)]) == ["ok"]
    assert codes([ask(bench.setup, f"cancel {others}", by=OMAR)]) == ["denied"]
    run_out(bench.runner())
    assert [bench.operation(number).state for number in (own, others)] == ["cancelled", "done"]
