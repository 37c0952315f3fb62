"""What the audit can tell of one job, and of the rows that a bulk change says to have moved."""

from sqlalchemy import delete, update

from bot.ledger import audit, journal
from bot.ledger import tables as t
from bot.ledger.audit import newest, verify
from bot.queue.database import reading
from bot.watch import sealing
from bot.watch.bulk import Runner
from tests.ledger.test_scopes import preview_of
from tests.queues import TestQueue
from tests.replicas import ask, confirm, hold, make_setup


def about(queue: TestQueue, job: int) -> list[str]:
    """Actions of the records about a job, newest first."""
    with reading(queue.engine) as connection:
        return [row["action"] for row in newest(connection, job=job)]


def bulk(queue: TestQueue, action: str = "retry-all") -> None:
    """Carry out a bulk change of all that failed, and seal what it recorded."""
    setup = make_setup(queue)
    plan = preview_of(ask(setup, action)).plan
    assert confirm(setup, action, plan).refusal is None
    runner = Runner(setup, 2)
    for _ in range(10):
        runner.run_once()
    assert [row.state for row in queue.rows(t.operations)] == ["done"]
    sealing.seal_once(setup, hold(setup))


def test_a_row_of_a_bulk_change_is_found_by_its_id(queue: TestQueue) -> None:
    for failed_id in (45, 46, 47):
        queue.fail(failed_id)
    ask(make_setup(queue), "retry 47")
    bulk(queue)
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


def test_old_records_are_found_by_the_archive_alone(queue: TestQueue) -> None:
    """The targets of a long audit are not all read: that takes seconds."""
    queue.fail(45)
    ask(make_setup(queue), "retry 45")
    with queue.engine.begin() as connection:
        row = connection.execute(journal.audit.select()).mappings().one()
        far = {**row, "id": row["id"] + audit.SEARCHED + 1, "targets": "[]", "request_id": "x"}
        connection.execute(journal.audit.insert().values(far))
    assert about(queue, 45) == ["retry"]
    with queue.engine.begin() as connection:
        connection.execute(delete(t.archive))
    assert about(queue, 45) == []


def test_an_item_that_was_changed_is_found_when_the_audit_is_verified(queue: TestQueue) -> None:
    for failed_id in range(1, 6):
        queue.fail(failed_id)
    bulk(queue)
    with queue.engine.begin() as connection:
        assert list(verify(connection)) == []
        changed = update(t.items).where(t.items.c.failed_id == 4)
        connection.execute(changed.values(row_digest="0" * 32))
        (sentence,) = verify(connection)
        assert sentence.startswith("The items of operation 1 are not those of record ")
        connection.execute(delete(t.items))
        assert len(list(verify(connection))) == 1
