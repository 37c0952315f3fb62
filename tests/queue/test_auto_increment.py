"""Ids taken so far: by the server's counter, with increments above 1, and by the bot's batches."""

from pathlib import Path

from sqlalchemy import insert, text

from bot.database.engine import connect
from bot.queue import auto_increment
from bot.queue.layouts import Queue, spec_tables
from tests.kit.queues import TestQueue


def test_the_ids_that_a_batch_of_the_bot_leaves_unused_are_known(
    mariadb_queue: TestQueue,
) -> None:
    """The formula agrees with the server's own counter."""
    ten = " UNION ALL ".join(["(SELECT 1"] + ["SELECT 1"] * 9) + ")"
    thousands = ", ".join(f"{ten} AS {digit}" for digit in ("a", "b", "c", "d"))
    with mariadb_queue.engine.begin() as connection:
        jobs = mariadb_queue.queue.jobs
        for count in (1, 2, 4, 7, 8, 100, 1_000, 4_000):
            before = auto_increment.ids_taken(connection, mariadb_queue.queue)
            rows = text(
                f"INSERT INTO {jobs.name} (queue, payload, attempts, available_at, created_at) "
                f"SELECT 'a', '', 0, 0, 0 FROM {thousands} LIMIT {count}"
            )
            assert connection.execute(rows).rowcount == count
            after = auto_increment.ids_taken(connection, mariadb_queue.queue)
            assert before is not None
            assert after == before + count + auto_increment.ids_unused(connection, count)


def test_ids_with_an_increment_above_1_are_counted_by_steps(mariadb_queue: TestQueue) -> None:
    jobs = mariadb_queue.queue.jobs
    row = {"queue": "a", "payload": "", "attempts": 0, "available_at": 0, "created_at": 0}
    with mariadb_queue.engine.begin() as connection:
        connection.execute(text("SET SESSION auto_increment_increment = 3"))
        connection.execute(insert(jobs).values(row))
        before = auto_increment.ids_taken(connection, mariadb_queue.queue)
        for _ in range(5):
            connection.execute(insert(jobs).values(row))
        assert before is not None
        assert auto_increment.ids_taken(connection, mariadb_queue.queue) == before + 5
        connection.execute(text("SET SESSION auto_increment_increment = 1"))


def test_the_used_ids_are_unknown_in_an_sqlite_file_without_a_counter(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'plain.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE jobs (id INTEGER PRIMARY KEY, queue TEXT)"))
        connection.execute(text("CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT)"))
        assert auto_increment.ids_taken(connection, Queue(*spec_tables())) is None
    engine.dispose()
