"""Only the row that the table refuses stays; the operation moves all others (D7)."""

import pytest

from bot.app.parsing import Request
from bot.background.operations.runner import Runner
from bot.database.transactions import reading
from bot.store import tables
from bot.store.operations import halving, operations, transitions
from bot.store.operations.operations import Operation
from tests.kit.bulk import preview_of, run_out
from tests.kit.changed_rows import run
from tests.kit.failures import OTHER
from tests.kit.invariants import broken
from tests.kit.own_database import own_queue_on_mariadb
from tests.kit.queues import GONE_AWAY, TestQueue, payload
from tests.kit.replicas import ask, make_setup

pytestmark = pytest.mark.each_database

__all__ = ["own_queue_on_mariadb"]


def ended(queue: TestQueue, command: str) -> Operation:
    """Preview, confirm and run an operation to its end, with the default batch size."""
    setup = make_setup(queue)
    preview = preview_of(ask(setup, command))
    typed = {"plan": preview.plan, "typed": preview.total}
    assert ask(setup, Request(preview.action, typed)).refusal is None
    runner = Runner(setup)
    for _ in range(20):
        runner.run_once()
    with reading(queue.engine) as connection:
        operation = operations.find(connection, preview.plan)
    assert operation is not None
    return operation


RULES = {
    "a unique payload": (
        "ALTER TABLE jobs ADD UNIQUE KEY once (payload(191))",
        payload(),
        "once",
    ),
    "a check": (
        "ALTER TABLE jobs ADD CONSTRAINT valid CHECK (json_valid(payload))",
        "{no json",
        "valid",
    ),
    "a character set": (
        "ALTER TABLE jobs CONVERT TO CHARACTER SET utf8mb3",
        '{"note":"🛒"}',
        "payload",
    ),
    "a trigger's own error": (
        """CREATE TRIGGER picky BEFORE INSERT ON jobs FOR EACH ROW
        IF NEW.payload LIKE '%🛒%' THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no carts'; END IF""",
        '{"note":"🛒"}',
        "no carts",
    ),
    "a trigger that changes it": (
        """CREATE TRIGGER rewrite BEFORE INSERT ON jobs FOR EACH ROW
        SET NEW.payload = REPLACE(NEW.payload, 'cart', 'box')""",
        '{"note":"cart"}',
        "jobs",
    ),
    "a column that is too short": (
        "ALTER TABLE jobs MODIFY payload TEXT NOT NULL",
        '{"note":"' + "x" * 70_000 + '"}',
        "jobs.payload",
    ),
}


@pytest.mark.parametrize(("rule", "body", "reason"), RULES.values(), ids=RULES)
def test_a_refused_row_is_named_and_the_other_rows_are_moved(
    queue: TestQueue, rule: str, body: str, reason: str
) -> None:
    run(queue, rule)
    if "UNIQUE" in rule:
        queue.push(body=body)
    before = queue.count(queue.queue.jobs)
    for failed_id in range(1, 32):
        queue.fail(failed_id, order=failed_id, body=body if failed_id == 17 else None)
    operation = ended(queue, "retry-all")
    assert (operation.state, operation.done, operation.skipped) == ("done", 30, 1)
    assert [row.id for row in queue.failed] == [17]
    assert queue.count(queue.queue.jobs) == before + 30
    (row,) = queue.rows(tables.set_aside)
    assert row.failed_id == 17
    assert reason in row.detail
    assert broken(queue) == []


def test_a_refused_job_of_a_canary_is_set_aside_once(queue: TestQueue) -> None:
    run(queue, "ALTER TABLE jobs ADD CONSTRAINT valid CHECK (json_valid(payload))")
    for failed_id in (1, 2, 3, 4):
        is_refused = failed_id == 2
        error = OTHER if is_refused else GONE_AWAY
        body = "{" if is_refused else None
        queue.fail(failed_id, order=failed_id, body=body, exception=error)
    assert ended(queue, "retry-all canary=2").state == "waiting"
    setup = make_setup(queue)
    with queue.engine.begin() as connection:
        operation = operations.find(connection, 1)
        assert operation is not None
        transitions.go_on(connection, operation, setup.clock(connection))
    run_out(Runner(setup))
    (row,) = queue.rows(tables.operations)
    assert (row.state, row.done, row.skipped) == ("done", 3, 1)
    assert [row.failed_id for row in queue.rows(tables.set_aside)] == [2]
    assert broken(queue) == []


def test_a_table_that_refuses_every_row_ends_the_operation(
    queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A hundred refused rows are halved in each of twenty attempts, which takes 20 s.
    monkeypatch.setattr(halving, "MOST_REFUSED", 5)
    run(queue, "ALTER TABLE jobs ADD CONSTRAINT never CHECK (attempts > 5)")
    for failed_id in range(1, 9):
        queue.fail(failed_id, order=failed_id)
    operation = ended(queue, "retry-all")
    assert (operation.state, operation.done, operation.reason) == ("stopped", 0, "row-refused")
    assert len(queue.failed) == 8
    assert broken(queue) == []


def test_clear_failed_skips_a_row_that_another_table_refers_to(queue: TestQueue) -> None:
    for failed_id in (1, 2, 3):
        queue.fail(failed_id)
    run(
        queue,
        """CREATE TABLE notes (id INT PRIMARY KEY, failed_id BIGINT UNSIGNED,
        CONSTRAINT note_of FOREIGN KEY (failed_id) REFERENCES failed_jobs (id))""",
        "INSERT INTO notes VALUES (1, 2)",
    )
    operation = ended(queue, "clear-failed")
    assert (operation.state, operation.done, operation.skipped) == ("done", 2, 1)
    assert [row.id for row in queue.failed] == [2]
    (row,) = queue.rows(tables.set_aside)
    assert "note_of" in row.detail


@pytest.mark.parametrize("command", ["retry-all", "clear-failed"])
def test_a_bulk_undo_restores_all_rows_except_refused_rows(queue: TestQueue, command: str) -> None:
    refused = {5, 17, 31}
    for failed_id in range(1, 32):
        name = "refused" if failed_id in refused else "mail"
        queue.fail(failed_id, queue=name, order=failed_id)
    assert ended(queue, command).done == 31
    run(queue, "ALTER TABLE failed_jobs ADD CONSTRAINT picky CHECK (queue <> 'refused')")
    undo = ended(queue, "undo")
    assert (undo.state, undo.done, undo.skipped) == ("done", 28, 3)
    assert {row.id for row in queue.failed} == set(range(1, 32)) - refused
    # A refused row keeps the job of its retry: the undo deletes that job only with the insert.
    assert queue.count(queue.queue.jobs) == (3 if command == "retry-all" else 0)
    rows = queue.rows(tables.set_aside)
    assert [(row.operation, row.failed_id) for row in rows] == [
        (undo.id, id_) for id_ in (5, 17, 31)
    ]
    assert all("picky" in row.detail for row in rows)
    assert broken(queue) == []


def test_rows_that_a_bulk_undo_could_not_restore_can_be_restored_later(queue: TestQueue) -> None:
    for failed_id in (1, 2, 3):
        queue.fail(failed_id, queue="refused" if failed_id == 2 else "mail")
    ended(queue, "retry-all")
    run(queue, "ALTER TABLE failed_jobs ADD CONSTRAINT picky CHECK (queue <> 'refused')")
    ended(queue, "undo")
    run(queue, "ALTER TABLE failed_jobs DROP CONSTRAINT picky")
    assert (ended(queue, "undo 1").done, len(queue.failed)) == (1, 3)
    assert broken(queue) == []
