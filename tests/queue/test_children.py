"""The bot deletes a job whose deletion cascades to rows of other tables only if forced (D5)."""

from contextlib import nullcontext

import pytest
from sqlalchemy import text

from bot.database.engine import connect
from bot.models.refusals import NothingToDo, RowHasChildren
from bot.queue.children import children_of
from tests.kit.bulk import previewed
from tests.kit.changed_rows import run
from tests.kit.invariants import broken
from tests.kit.own_database import own_queue_on_mariadb
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, make_setup
from tests.services.mariadb import MariaDB

__all__ = ["own_queue_on_mariadb"]


def notes(queue: TestQueue) -> list[tuple[int, int | None]]:
    """Return each note's id and the id of its row."""
    with queue.engine.begin() as connection:
        rows = connection.execute(text("SELECT id, row_id FROM notes ORDER BY id"))
        return [(row.id, row.row_id) for row in rows]


def refer(queue: TestQueue, parent: str, *row_ids: int, rule: str = "CASCADE") -> None:
    """Add a table of notes that refers to the parent, with one note for each of these rows."""
    run(
        queue,
        f"""CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, row_id BIGINT UNSIGNED NULL,
        CONSTRAINT note_of FOREIGN KEY (row_id) REFERENCES {parent} (id) ON DELETE {rule})""",
        *(f"INSERT INTO notes (row_id) VALUES ({row_id})" for row_id in row_ids),
    )


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL"])
@pytest.mark.parametrize(
    ("command", "parent"),
    [("retry 1", "failed_jobs"), ("delete-failed 1", "failed_jobs"), ("delete 1", "jobs")],
)
def test_a_change_by_id_of_a_row_with_children_is_refused_without_force(
    queue: TestQueue, command: str, parent: str, rule: str
) -> None:
    queue.fail(1)
    queue.push(1)
    refer(queue, parent, 1, rule=rule)
    setup = make_setup(queue)
    refusal = ask(setup, command).refusal
    assert isinstance(refusal, RowHasChildren)
    assert (refusal.id, refusal.detail) == ("1", "notes")
    assert notes(queue) == [(1, 1)]
    assert (len(queue.failed), len(queue.jobs)) == (1, 1)
    assert ask(setup, f"{command} force=yes").refusal is None
    assert notes(queue) == ([] if rule == "CASCADE" else [(1, None)])
    assert broken(queue) == []


def test_of_several_rows_only_rows_with_children_are_refused(queue: TestQueue) -> None:
    for failed_id in (1, 2, 3):
        queue.fail(failed_id)
    refer(queue, "failed_jobs", 2)
    answer = ask(make_setup(queue), "retry 1 2 3")
    assert answer.result is not None
    (skipped,) = answer.result.model_dump()["extra"]["skipped"]
    assert (skipped["id"], skipped["code"]) == (2, "row-has-children")
    assert [row.id for row in queue.failed] == [2]
    assert notes(queue) == [(1, 2)]


def test_undo_of_a_retry_does_not_delete_children_of_the_job(queue: TestQueue) -> None:
    queue.fail(1)
    setup = make_setup(queue)
    assert ask(setup, "retry 1").refusal is None
    (job,) = queue.jobs
    refer(queue, "jobs", job.id)
    assert isinstance(ask(setup, "undo").refusal, RowHasChildren)
    assert notes(queue) == [(1, job.id)]
    assert ask(setup, "undo force=yes").refusal is None
    assert notes(queue) == []
    assert [row.id for row in queue.failed] == [1]


def test_a_change_of_rows_without_children_needs_no_force(queue: TestQueue) -> None:
    queue.fail(1)
    queue.fail(2)
    refer(queue, "failed_jobs", 2)
    assert ask(make_setup(queue), "retry 1").refusal is None


@pytest.mark.parametrize("command", ["retry-all", "clear-failed", "retry queue=mail"])
def test_the_preview_of_a_bulk_change_names_the_child_tables(
    queue: TestQueue, command: str
) -> None:
    queue.fail(1, queue="mail")
    setup = make_setup(queue)
    assert previewed(setup, command).children == ()
    refer(queue, "failed_jobs", 1)
    assert previewed(setup, command).children == ("notes",)


def test_a_restricting_foreign_key_makes_no_child_table(queue: TestQueue) -> None:
    queue.fail(1)
    refer(queue, "failed_jobs", rule="RESTRICT")
    assert previewed(make_setup(queue)).children == ()


def test_a_child_table_of_another_database_is_named_with_its_database(
    queue: TestQueue, mariadb_server: MariaDB
) -> None:
    queue.fail(1)
    database = queue.engine.url.database
    with mariadb_server.database() as other:
        run(
            queue,
            f"""CREATE TABLE {other}.notes (row_id BIGINT UNSIGNED, FOREIGN KEY (row_id)
            REFERENCES {database}.failed_jobs (id) ON DELETE CASCADE)""",
            f"INSERT INTO {other}.notes VALUES (1)",
        )
        refusal = ask(make_setup(queue), "retry 1").refusal
        assert isinstance(refusal, RowHasChildren)
        assert refusal.detail == f"{other}.notes"
        run(queue, f"DROP TABLE {other}.notes")


def test_a_change_whose_rows_are_all_refused_has_nothing_to_do(queue: TestQueue) -> None:
    for failed_id in (1, 2):
        queue.fail(failed_id)
    refer(queue, "failed_jobs", 1, 2)
    assert isinstance(ask(make_setup(queue), "delete-failed 1 2").refusal, NothingToDo)
    assert len(notes(queue)) == 2


def test_a_foreign_key_of_a_table_without_a_privilege_is_not_found(
    queue: TestQueue, mariadb_server: MariaDB
) -> None:
    """The account sees a child table's key only with a privilege on it, see docs/operating.md."""
    refer(queue, "failed_jobs", rule="CASCADE")
    database = str(queue.engine.url.database)
    mariadb_server.execute(
        "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'x'",
        f"GRANT SELECT ON {database}.failed_jobs TO reader@'127.0.0.1'",
    )
    engine = connect(mariadb_server.url(database, user="reader", password="x"), grace=GRACE)
    try:
        for privilege, seen in ((None, ()), ("INSERT", ("notes",)), ("SELECT", ("notes",))):
            if privilege is not None:
                mariadb_server.execute(
                    f"GRANT {privilege} ON {database}.notes TO reader@'127.0.0.1'"
                )
            with engine.begin() as connection:
                children = children_of(connection, queue.queue.failed)
                assert children.tables == seen
                # Without SELECT the bot cannot look for child rows, so it assumes that they exist.
                with pytest.raises(RowHasChildren) if privilege == "INSERT" else nullcontext():
                    children.check(connection, 1)
    finally:
        engine.dispose()
        mariadb_server.execute("DROP USER reader@'127.0.0.1'")
