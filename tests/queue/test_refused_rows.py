"""Rows that the table refuses or would change: the refusal names the reason."""

import pytest

from bot.models.refusals import RowRefused, RowTooLong, RowWouldChange
from tests.kit.changed_rows import rows, run, unchanged
from tests.kit.invariants import broken
from tests.kit.odd_rows import EMOJI
from tests.kit.own_database import own_mariadb_queue
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup

__all__ = ["own_mariadb_queue"]


def test_a_payload_that_is_too_long_for_jobs_is_refused(mariadb_queue: TestQueue) -> None:
    """D1: MariaDB keeps the length modulo 65,536 and raises no error."""
    queue = mariadb_queue
    run(queue, "ALTER TABLE jobs MODIFY payload TEXT NOT NULL")
    queue.fail(1, body="x" * 70_021)
    queue.fail(2, body="x" * 65_535)
    unchanged(queue, "retry 1", RowTooLong, "jobs.payload")
    assert ask(make_setup(queue), "retry 2").refusal is None
    assert [row[2] for row in rows(queue, "jobs")] == ["x" * 65_535]


@pytest.mark.parametrize(
    ("column", "queue", "body", "detail"),
    [
        ("queue VARCHAR(10)", "netsuite-orders", "{}", "jobs.queue"),
        ("payload VARCHAR(20) CHARACTER SET utf8mb4", "mail", "é" * 21, "jobs.payload"),
        ("payload TINYTEXT CHARACTER SET utf8mb4", "mail", "é" * 128, "jobs.payload"),
    ],
)
def test_a_value_that_is_too_long_names_its_column(
    mariadb_queue: TestQueue, column: str, queue: str, body: str, detail: str
) -> None:
    run(mariadb_queue, f"ALTER TABLE jobs MODIFY {column} NOT NULL")
    mariadb_queue.fail(1, queue=queue, body=body)
    unchanged(mariadb_queue, "retry 1", RowTooLong, detail)


def test_a_retry_of_a_character_that_the_table_cannot_store_is_refused(
    mariadb_queue: TestQueue,
) -> None:
    """D2: in a lenient session the server would store a question mark instead of the emoji."""
    run(mariadb_queue, "ALTER TABLE jobs CONVERT TO CHARACTER SET utf8mb3")
    mariadb_queue.fail(1, body=EMOJI)
    unchanged(mariadb_queue, "retry 1", RowRefused, "payload")
    mariadb_queue.fail(2, body="é")
    assert ask(make_setup(mariadb_queue), "retry 2").refusal is None
    assert [row[2] for row in rows(mariadb_queue, "jobs")] == ["é"]


def test_a_trigger_that_changes_the_payload_is_refused(mariadb_queue: TestQueue) -> None:
    run(
        mariadb_queue,
        "CREATE TRIGGER rewrite BEFORE INSERT ON jobs FOR EACH ROW SET NEW.payload = 'other'",
    )
    mariadb_queue.fail(1)
    unchanged(mariadb_queue, "retry 1", RowWouldChange, "jobs")


def test_a_violated_constraint_is_named(mariadb_queue: TestQueue) -> None:
    """D8: the violation was reported as a bug of the bot."""
    run(
        mariadb_queue,
        """CREATE TABLE notes (id INT PRIMARY KEY, failed_id BIGINT UNSIGNED,
        CONSTRAINT note_of FOREIGN KEY (failed_id) REFERENCES failed_jobs (id))""",
    )
    mariadb_queue.fail(1)
    run(mariadb_queue, "INSERT INTO notes VALUES (1, 1)")
    unchanged(mariadb_queue, "retry 1", RowRefused, "note_of")
    unchanged(mariadb_queue, "delete-failed 1", RowRefused, "note_of")


def test_an_undo_that_the_table_refuses_names_the_row(mariadb_queue: TestQueue) -> None:
    mariadb_queue.fail(45)
    setup = make_setup(mariadb_queue)
    assert ask(setup, "delete-failed 45").refusal is None
    run(
        mariadb_queue, "ALTER TABLE failed_jobs ADD CONSTRAINT small CHECK (CHAR_LENGTH(queue) < 3)"
    )
    refusal = ask(setup, "undo").refusal
    assert isinstance(refusal, RowRefused)
    assert refusal.id == "45"
    assert "small" in refusal.detail


@pytest.mark.parametrize(
    "rule",
    [
        "ALTER TABLE jobs ADD CONSTRAINT small CHECK (CHAR_LENGTH(payload) < 3)",
        """CREATE TRIGGER small BEFORE INSERT ON jobs FOR EACH ROW
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'small: no'""",
    ],
)
def test_the_refusal_names_the_trigger_or_constraint_of_the_table(
    mariadb_queue: TestQueue, rule: str
) -> None:
    run(mariadb_queue, rule)
    mariadb_queue.fail(1)
    unchanged(mariadb_queue, "retry 1", RowRefused, "small")


def test_a_refused_row_of_several_is_named_and_the_other_rows_are_moved(
    mariadb_queue: TestQueue,
) -> None:
    run(mariadb_queue, "ALTER TABLE jobs ADD CONSTRAINT small CHECK (CHAR_LENGTH(payload) < 9)")
    for failed_id, body in ((1, "{}"), (2, "{        }"), (3, "[]")):
        mariadb_queue.fail(failed_id, body=body)
    answer = ask(make_setup(mariadb_queue), "retry 1 2 3")
    assert answer.refusal is None
    assert answer.result is not None
    (skipped,) = answer.result.model_dump()["extra"]["skipped"]
    assert (skipped["id"], skipped["code"]) == (2, "row-refused")
    assert "small" in skipped["detail"]
    assert [row[0] for row in rows(mariadb_queue, "failed_jobs")] == [2]
    assert len(rows(mariadb_queue, "jobs")) == 2
    assert broken(mariadb_queue) == []
