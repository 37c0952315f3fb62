"""The history of one job, and of the rows that the record of an operation names."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from bot.database.transactions import now_of, reading
from bot.models.subjects import SubjectKey
from bot.store import tables
from bot.store.audit.history import HistoryFilter, newest
from bot.store.audit.verification import verify
from bot.store.failures import index
from tests.kit.bulk import run_and_seal
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, SAM, ask, make_setup


def about(queue: TestQueue, job: int) -> list[str]:
    """Return the actions of the audit records about a job, newest first."""
    with reading(queue.engine) as connection:
        return [row["action"] for row in newest(connection, HistoryFilter(job=job), 50)]


def about_order(queue: TestQueue, order: str) -> list[str]:
    """Return the actions of the audit records about an order, newest first."""
    with reading(queue.engine) as connection:
        return [
            row["action"]
            for row in newest(connection, HistoryFilter(subject=SubjectKey(order)), 50)
        ]


def indexed(queue: TestQueue) -> None:
    """Index the failed jobs."""
    with queue.engine.begin() as connection:
        index.catch_up(connection, queue.queue, now_of(connection))


def test_a_row_of_a_bulk_change_is_found_by_its_id(queue: TestQueue) -> None:
    for failed_id in (45, 46, 47):
        queue.fail(failed_id)
    ask(make_setup(queue), "retry 47")
    run_and_seal(queue)
    assert about(queue, 45) == ["retry-all"]
    assert about(queue, 47) == ["retry"]
    assert about(queue, 4) == []


def test_a_retried_job_is_found_by_its_new_id_too(queue: TestQueue) -> None:
    queue.push(700)
    queue.fail(45)
    setup = make_setup(queue)
    ask(setup, "retry 45")
    new = queue.jobs[-1].id
    assert new not in (45, 700)
    assert about(queue, new) == ["retry"]
    ask(setup, f"delete {new}")
    assert about(queue, new) == ["delete", "retry"]
    assert about(queue, 45) == ["retry"]


def test_a_row_of_a_bulk_change_stays_searchable_by_its_order(queue: TestQueue) -> None:
    queue.fail(45, order=803193)
    queue.fail(46, order=1803193)
    run_and_seal(queue)
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.archive))
    assert about_order(queue, "803193") == ["retry-all"]
    assert about_order(queue, "803") == []


def test_records_are_found_by_order_and_id_without_a_search_in_their_json(queue: TestQueue) -> None:
    queue.fail(45, order=803193)
    setup = make_setup(queue)
    ask(setup, "retry 45")
    job = queue.jobs[-1].id
    with queue.engine.begin() as connection:
        connection.execute(update(tables.audit).values(targets="[]"))
        connection.execute(delete(tables.archive))
    assert about(queue, 45) == ["retry"]
    assert about(queue, job) == ["retry"]
    assert about_order(queue, "803193") == ["retry"]
    (row,) = queue.rows(tables.audit_targets)
    assert (row.kind, row.row_id, row.order_id, row.tienda_id, row.job_id) == (
        "failed",
        45,
        "803193",
        "12097",
        job,
    )


def test_a_refusal_is_found_by_the_order_of_its_jobs(queue: TestQueue) -> None:
    queue.fail(45, order=803193)
    setup = make_setup(queue)
    indexed(queue)
    assert ask(setup, "retry 45", by=SAM).refusal is not None
    assert ask(setup, "delete 45", by=OMAR).refusal is not None
    assert ask(setup, "retry 45x", by=OMAR).refusal is not None
    assert about_order(queue, "803193") == ["retry"]
    assert about(queue, 45) == ["delete", "retry"]


def test_a_rolled_back_change_has_no_audit_targets(queue: TestQueue) -> None:
    queue.fail(45)
    assert ask(make_setup(queue), "retry 45", by=SAM).refusal is not None
    with queue.engine.begin() as connection:
        ids = set(connection.execute(select(tables.audit.c.id)).scalars())
        about_ids = set(connection.execute(select(tables.audit_targets.c.audit_id)).scalars())
    assert about_ids == ids


def test_the_pages_of_a_history_have_no_duplicates_and_no_gaps(queue: TestQueue) -> None:
    setup = make_setup(queue)
    for failed_id in range(1, 8):
        queue.fail(failed_id, order=803193)
        ask(setup, f"retry {failed_id}")
    every = sorted((row.id for row in queue.rows(tables.audit)), reverse=True)
    for whose in (
        HistoryFilter(),
        HistoryFilter(subject=SubjectKey("803193")),
        HistoryFilter(actors=(ANA,)),
    ):
        seen: list[int] = []
        before = None
        with reading(queue.engine) as connection:
            while page := newest(connection, replace(whose, before=before), 3):
                seen += [row["id"] for row in page]
                before = seen[-1]
        assert seen == every


def test_a_history_can_be_filtered_by_person_action_and_time_together(queue: TestQueue) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    for failed_id, by in ((45, OMAR), (46, ANA), (47, OMAR)):
        queue.fail(failed_id)
        clock.move(hours=1)
        ask(setup, f"retry {failed_id}", by=by)
    ask(setup, f"delete {queue.jobs[0].id}")
    with reading(queue.engine) as connection:
        now = setup.clock(connection)

        def records(**filters: Any) -> list[str]:
            rows = newest(connection, HistoryFilter(**filters), 50)
            return [f"{row['actor']} {row['action']}" for row in rows]

        assert records(actors=(OMAR,)) == [f"{OMAR} retry"] * 2
        assert records(action="delete") == [f"{ANA} delete"]
        assert records(actors=(ANA,), action="retry") == [f"{ANA} retry"]
        assert records(since=now - timedelta(minutes=90), actors=(OMAR,)) == [f"{OMAR} retry"]
        assert records(subject=SubjectKey("803193"), job=46) == [f"{ANA} retry"]


def test_a_changed_item_is_found_by_the_verification_of_the_audit_log(queue: TestQueue) -> None:
    for failed_id in range(1, 6):
        queue.fail(failed_id)
    run_and_seal(queue)
    with queue.engine.begin() as connection:
        assert list(verify(connection)) == []
        changed = update(tables.failures).where(tables.failures.c.failed_id == 4)
        connection.execute(changed.values(row_digest="0" * 32))
        (sentence,) = verify(connection)
        assert sentence.startswith("The items of operation 1 are not those of record ")
        connection.execute(delete(tables.failures))
        assert len(list(verify(connection))) == 1
