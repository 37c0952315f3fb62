"""Retry, delete and undo on tables that differ from the spec's keep each row exactly, or refuse."""

from dataclasses import replace

import pytest
from sqlalchemy import event, select

from bot.models.refusals import RowRefused, RowTooLong, RowWouldChange
from bot.queue.layouts.digests import content_digest, failed_digest, payload_digest
from tests.kit.bulk import carried_out, previewed, run_out, small_batches
from tests.kit.changed_rows import fitted_to, rows, run, unchanged, undo_restores
from tests.kit.clock import Clock
from tests.kit.odd_rows import EMOJI
from tests.kit.own_database import own_mariadb_queue, own_queue
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, confirm, hold, make_setup

__all__ = ["own_mariadb_queue", "own_queue"]

FAILED_AT = "2025-11-07 12:45:59"


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "utf8mb4", "cp1251", "ucs2"])
def test_tables_in_another_character_set_work(mariadb_queue: TestQueue, charset: str) -> None:
    """D4: every command failed with error 1271, and no alert was posted."""
    queue = mariadb_queue
    word = "Заказ" if charset == "cp1251" else "pedido é"
    for table in ("jobs", "failed_jobs"):
        run(queue, f"ALTER TABLE {table} CONVERT TO CHARACTER SET {charset}")
    queue.fail(1, body=f'{{"job":"{word}"}}', exception=f"Error: {word}")
    queue.push(9, body=f'{{"job":"{word}"}}')
    setup = make_setup(queue)
    for command in ("failed", "jobs", "status", "errors", "failed-job 1", "job 9"):
        assert ask(setup, command).refusal is None, command
    undo_restores(queue, "retry 1")
    undo_restores(queue, "delete-failed 1")
    undo_restores(queue, "delete 9", "jobs")


@pytest.mark.parametrize(("charset", "converts"), [("utf8mb4", False), ("latin1", True)])
def test_a_digest_is_the_same_with_and_without_a_needless_conversion(
    mariadb_queue: TestQueue, charset: str, *, converts: bool
) -> None:
    queue = mariadb_queue
    run(queue, f"ALTER TABLE failed_jobs CONVERT TO CHARACTER SET {charset}")
    queue.fail(1, queue="pedidos-é", body='{"note":"é ñ"}')
    known = fitted_to(queue)
    for digest in (failed_digest, payload_digest, content_digest):
        assert ("CONVERT(" in str(digest(known.failed).compile(queue.engine))) is converts
        with queue.engine.begin() as connection:
            values = [
                connection.execute(select(digest(table))).scalar_one()
                for table in (known.failed, queue.queue.failed)
            ]
        assert values[0] == values[1]


def test_columns_that_the_layout_does_not_name_are_restored(queue: TestQueue) -> None:
    """D5: an undo inserted the columns' defaults."""
    run(
        queue,
        "ALTER TABLE failed_jobs ADD COLUMN connection VARCHAR(20) NOT NULL DEFAULT 'database'",
        "ALTER TABLE failed_jobs ADD COLUMN notes TEXT",
        "ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0",
    )
    queue.fail(1)
    queue.fail(2)
    queue.push(9)
    run(
        queue,
        "UPDATE failed_jobs SET connection = 'redis', notes = 'see \"ticket\" 7 é' WHERE id = 1",
        "UPDATE jobs SET priority = 5",
    )
    undo_restores(queue, "retry 1")
    undo_restores(queue, "delete-failed 1 2")
    undo_restores(queue, "delete 9", "jobs")


CHANGES = {
    "a shorter column": (
        "ALTER TABLE jobs MODIFY payload VARCHAR(20) NOT NULL",
        RowTooLong,
        "jobs.payload",
    ),
    "a smaller character set": (
        "ALTER TABLE jobs CONVERT TO CHARACTER SET latin1",
        RowRefused,
        "payload",
    ),
    "a trigger": (
        "CREATE TRIGGER rewrite BEFORE INSERT ON jobs FOR EACH ROW SET NEW.payload = 'other'",
        RowWouldChange,
        "jobs",
    ),
}


@pytest.mark.parametrize(("statement", "refusal", "detail"), CHANGES.values(), ids=CHANGES)
def test_a_definition_that_changed_since_the_last_retry_is_read_again(
    mariadb_queue: TestQueue, statement: str, refusal: type[Exception], detail: str
) -> None:
    for failed_id in (1, 2):
        mariadb_queue.fail(failed_id, body=EMOJI)
    assert ask(make_setup(mariadb_queue), "retry 1").refusal is None
    run(mariadb_queue, "DELETE FROM jobs", statement)
    unchanged(mariadb_queue, "retry 2", refusal, detail)


ALTERED_SETS = {
    "failed_jobs": "ALTER TABLE failed_jobs CONVERT TO CHARACTER SET {}",
    "jobs": "ALTER TABLE jobs CONVERT TO CHARACTER SET {}",
    "failed_jobs.payload": "ALTER TABLE failed_jobs MODIFY payload LONGTEXT CHARACTER SET {}",
    "jobs.payload": "ALTER TABLE jobs MODIFY payload LONGTEXT CHARACTER SET {}",
    "jobs.queue": "ALTER TABLE jobs MODIFY queue VARCHAR(191) CHARACTER SET {}",
    "failed_jobs.queue": "ALTER TABLE failed_jobs MODIFY queue VARCHAR(191) CHARACTER SET {}",
}


@pytest.mark.parametrize("statement", ALTERED_SETS.values(), ids=ALTERED_SETS)
@pytest.mark.parametrize(("before", "after"), [("utf8mb4", "latin1"), ("latin1", "utf8mb4")])
def test_a_character_set_altered_under_the_running_bot_moves_no_row_wrongly(
    mariadb_queue: TestQueue, statement: str, before: str, after: str
) -> None:
    """Rows that the bot may then take for changed are refused until it starts again."""
    queue = mariadb_queue
    for table in ("jobs", "failed_jobs"):
        run(queue, f"ALTER TABLE {table} CONVERT TO CHARACTER SET {before}")
    for failed_id in range(1, 5):
        queue.fail(failed_id, queue="pedidos-é", body=f'{{"job":"é ñ","id":{failed_id}}}')
    queue = replace(queue, queue=fitted_to(queue))
    setup = make_setup(queue, clock=Clock())
    watch(setup, hold(setup))
    assert ask(setup, "retry 1").refusal is None
    (moved,) = [row[1:3] for row in rows(queue, "jobs")]
    assert moved == ("pedidos-é", '{"job":"é ñ","id":1}')
    plan = previewed(setup)
    contents = {row[0]: row[1:3] for row in rows(queue, "failed_jobs")} | {1: moved}

    run(queue, statement.format(after))
    for words in ("retry 2", "delete-failed 3", "undo", "failed", "jobs", "status", "errors"):
        ask(setup, words)
    confirm(setup, plan.action, plan.plan, typed=plan.total)
    run_out(small_batches(setup))
    watch(setup, hold(setup))

    left = [row[1:3] for table in ("jobs", "failed_jobs") for row in rows(queue, table)]
    assert len(left) == len(set(left))
    assert set(left) <= set(contents.values())
    missing = set(contents.values()) - set(left)
    assert missing <= {contents[3]}

    again = replace(queue, queue=fitted_to(queue))
    setup = make_setup(again, clock=Clock())
    watch(setup, hold(setup))
    if again.failed:
        carried_out(setup, "retry-all")
    assert again.failed == []
    assert {row[1:3] for row in rows(queue, "jobs")} == set(contents.values()) - missing


def test_a_definition_that_did_not_change_is_compared_and_not_read(
    mariadb_queue: TestQueue,
) -> None:
    setup = make_setup(mariadb_queue)
    for failed_id in (1, 2):
        mariadb_queue.fail(failed_id)
    assert ask(setup, "retry 1").refusal is None
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(mariadb_queue.engine, "before_cursor_execute", note)
    assert ask(setup, "retry 2").refusal is None
    event.remove(mariadb_queue.engine, "before_cursor_execute", note)
    assert len([one for one in statements if "SHOW CREATE TABLE" in one]) == 2
    assert not [one for one in statements if "information_schema.columns" in one]


def test_bytes_that_are_no_text_are_listed_and_restored(mariadb_queue: TestQueue) -> None:
    """D3: one such row hid every later failure."""
    queue = mariadb_queue
    run(
        queue,
        "ALTER TABLE failed_jobs MODIFY exception LONGBLOB NOT NULL",
        "ALTER TABLE failed_jobs MODIFY payload LONGBLOB NOT NULL",
        "ALTER TABLE jobs MODIFY payload LONGBLOB NOT NULL",
    )
    queue.fail(1)
    run(queue, "UPDATE failed_jobs SET exception = X'45FF3A', payload = X'7B7DFF'")
    queue.fail(2)
    queue = replace(queue, queue=fitted_to(queue))
    setup = make_setup(queue)
    for command in ("failed", "failed-job 1", "errors", "status", "find order=7"):
        assert ask(setup, command).refusal is None, command
    undo_restores(queue, "delete-failed 1")
    undo_restores(queue, "retry 1 2")


def test_a_time_beyond_the_calendar_and_an_id_beyond_bigint_are_handled(
    mariadb_queue: TestQueue,
) -> None:
    """D9: the server raised error 1264."""
    queue = mariadb_queue
    for table in ("jobs", "failed_jobs"):
        run(queue, f"ALTER TABLE {table} MODIFY id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT")
    run(queue, "ALTER TABLE jobs MODIFY available_at INT UNSIGNED NOT NULL")
    job, failed = 2**63 + 5, 2**63 + 9
    queue.push(job, available_at=4_294_967_295)
    queue.fail(failed)
    setup = make_setup(queue)
    for command in ("jobs", f"job {job}", "failed", f"failed-job {failed}", "status"):
        assert ask(setup, command).refusal is None, command
    undo_restores(queue, f"delete {job}", "jobs")
    undo_restores(queue, f"retry {failed}")
    undo_restores(queue, f"delete-failed {failed}")


def test_a_null_in_a_required_column_is_shown_as_unknown(mariadb_queue: TestQueue) -> None:
    """D10: one row with NULLs made the list fail for everybody."""
    queue = mariadb_queue
    run(
        queue,
        """ALTER TABLE failed_jobs MODIFY exception LONGTEXT NULL, MODIFY payload LONGTEXT NULL,
        MODIFY failed_at DATETIME NULL""",
        """ALTER TABLE jobs MODIFY max_attempts SMALLINT NULL, MODIFY created_at INT NULL,
        MODIFY available_at INT NULL, MODIFY payload LONGTEXT NULL,
        MODIFY attempts SMALLINT NULL""",
    )
    queue.fail(1)
    queue.fail(2)
    queue.push(8)
    queue.push(9)
    run(
        queue,
        "UPDATE failed_jobs SET exception = NULL, payload = NULL, failed_at = NULL WHERE id = 1",
    )
    run(
        queue,
        "UPDATE jobs SET max_attempts = NULL, created_at = NULL, available_at = NULL,"
        " payload = NULL, attempts = NULL WHERE id = 8",
    )
    setup = make_setup(queue)
    for command in ("failed", "jobs", "status", "failed-job 1", "job 8", "errors", "stuck"):
        assert ask(setup, command).refusal is None, command
    undo_restores(queue, "delete-failed 1")
    undo_restores(queue, "delete 8", "jobs")
