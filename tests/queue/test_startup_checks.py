"""The check at start refuses unsuitable tables with one sentence that names the column."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import MetaData, text

from bot.database.definitions import read_triggers
from bot.database.engine import connect
from bot.database.transactions import reading
from bot.queue.children import children_of
from bot.queue.layouts import Queue, problems, spec_tables, warnings
from tests.kit.changed_rows import run
from tests.kit.own_database import own_queue_on_mariadb
from tests.kit.queues import GRACE, TestQueue
from tests.services.mariadb import MariaDB

__all__ = ["own_queue_on_mariadb"]


def problems_after(queue: TestQueue, *statements: str) -> list[str]:
    run(queue, *statements)
    with reading(queue.engine) as connection:
        return problems(connection, queue.queue)


REFUSED = {
    "a retry has no value": (
        "ALTER TABLE jobs ADD COLUMN priority INT NOT NULL",
        "jobs.priority is NOT NULL and has no default",
    ),
    "an id that does not count": (
        "ALTER TABLE failed_jobs MODIFY id BIGINT NOT NULL",
        "failed_jobs.id is not AUTO_INCREMENT",
    ),
    "a float": (
        "ALTER TABLE failed_jobs ADD COLUMN score FLOAT",
        "failed_jobs.score is of the type",
    ),
    "a shape": ("ALTER TABLE jobs ADD COLUMN place POINT", "jobs.place is of the type"),
    "a time as a date": ("ALTER TABLE failed_jobs MODIFY failed_at DATE", "failed_at is DATE"),
    "a time as a number": ("ALTER TABLE failed_jobs MODIFY failed_at INT", "failed_at is INT"),
    "a moment as a time": (
        "ALTER TABLE jobs MODIFY available_at DATETIME NOT NULL",
        "jobs.available_at is DATETIME",
    ),
    "a payload of numbers": ("ALTER TABLE jobs MODIFY payload INT", "jobs.payload is INT"),
    "no transactions": ("ALTER TABLE jobs ENGINE=MyISAM", "uses MyISAM"),
    "a queue's name without end": (
        "ALTER TABLE failed_jobs MODIFY queue TEXT",
        "queue allows more",
    ),
    "a queue's name of bytes": (
        "ALTER TABLE failed_jobs MODIFY queue VARBINARY(99)",
        "failed_jobs.queue holds bytes",
    ),
    "a column that is missing": ("ALTER TABLE jobs DROP COLUMN attempts", "has no column attempts"),
}


@pytest.mark.parametrize(("statement", "words"), REFUSED.values(), ids=REFUSED)
def test_an_unsupported_table_is_refused_by_name(
    queue: TestQueue, statement: str, words: str
) -> None:
    """D11: a retry worked and its undo never did, or every retry was a traceback."""
    (sentence,) = problems_after(queue, statement)
    assert words in sentence


ACCEPTED = (
    "ALTER TABLE failed_jobs ADD COLUMN uuid VARCHAR(36) NOT NULL",
    "ALTER TABLE failed_jobs MODIFY exception LONGBLOB",
    "ALTER TABLE jobs ADD COLUMN priority INT NOT NULL DEFAULT 3",
    "ALTER TABLE jobs ADD COLUMN length INT AS (CHAR_LENGTH(payload))",
    "ALTER TABLE jobs MODIFY reserved_at BIGINT UNSIGNED NULL",
    "ALTER TABLE failed_jobs MODIFY failed_at DATETIME(6) NULL",
)


@pytest.mark.parametrize("statement", ACCEPTED)
def test_a_supported_table_is_not_refused(queue: TestQueue, statement: str) -> None:
    assert problems_after(queue, statement) == []


def test_a_timestamp_column_is_refused_unless_the_zone_is_utc(queue: TestQueue) -> None:
    """D6: a TIMESTAMP was shown hours off, and rows a few seconds old were deleted as old ones."""
    assert problems_after(queue, "ALTER TABLE failed_jobs MODIFY failed_at TIMESTAMP NULL") == []
    queue = replace(queue, queue=replace(queue.queue, zone=ZoneInfo("America/Lima")))
    (sentence,) = problems_after(queue)
    assert "failed_jobs.failed_at is TIMESTAMP" in sentence
    assert "QUEUE_BOT_TIME_ZONE=UTC" in sentence


def test_a_foreign_key_that_deletes_or_changes_children_gives_a_warning(queue: TestQueue) -> None:
    with reading(queue.engine) as connection:
        assert warnings(connection, queue.queue) == []
    notes = """CREATE TABLE notes (job_id BIGINT UNSIGNED, CONSTRAINT note_of FOREIGN KEY (job_id)
        REFERENCES jobs (id) ON DELETE SET NULL)"""
    assert problems_after(queue, notes) == []
    with reading(queue.engine) as connection:
        (sentence,) = warnings(connection, queue.queue)
    assert "notes (note_of) together with a row of jobs" in sentence


def test_the_refusal_names_a_view_or_a_table_whose_name_differs_in_case(queue: TestQueue) -> None:
    """D15: the sentences name the view, and the table whose name differs in case."""
    sentences = problems_after(queue, "RENAME TABLE jobs TO Jobs")
    assert sentences[0].endswith("There is a table Jobs.")
    (sentence,) = problems_after(queue, "CREATE VIEW jobs AS SELECT * FROM Jobs")
    assert sentence == "jobs is a view: name the table itself in the settings."


def test_the_failed_jobs_in_another_database_are_checked_there(mariadb_server: MariaDB) -> None:
    with mariadb_server.database() as here, mariadb_server.database() as logs:
        engine = connect(mariadb_server.url(here), grace=GRACE)
        jobs, failed = spec_tables()
        queue = Queue(jobs, failed.to_metadata(MetaData(), schema=logs))
        jobs.create(engine)
        with reading(engine) as connection:
            (sentence,) = problems(connection, queue)
            assert sentence.startswith(f"The table {logs}.failed_jobs is not in the database")
        queue.failed.create(engine)
        with engine.begin() as connection:
            for statement in (
                f"ALTER TABLE {logs}.failed_jobs ENGINE=MyISAM",
                "CREATE TABLE failed_jobs (id INT)",
            ):
                connection.execute(text(statement))
        with reading(engine) as connection:
            (sentence,) = problems(connection, queue)
            assert sentence.startswith(f"The table {logs}.failed_jobs uses MyISAM")
        child = "id INT PRIMARY KEY, job BIGINT UNSIGNED NOT NULL, FOREIGN KEY (job)"
        cascade = f"REFERENCES {logs}.failed_jobs (id) ON DELETE CASCADE"
        event = f"BEFORE INSERT ON {logs}.failed_jobs FOR EACH ROW SET NEW.queue = NEW.queue"
        with engine.begin() as connection:
            for statement in (
                f"ALTER TABLE {logs}.failed_jobs ENGINE=InnoDB",
                f"CREATE TABLE {logs}.notes ({child} {cascade}) ENGINE=InnoDB",
                f"CREATE TRIGGER {logs}.watch {event}",
            ):
                connection.execute(text(statement))
        with reading(engine) as connection:
            assert problems(connection, queue) == []
            assert children_of(connection, queue.failed).tables == (f"{logs}.notes",)
            triggers = read_triggers(connection, [f"{logs}.failed_jobs"])
            assert triggers == {f"{logs}.failed_jobs": {"watch": "INSERT"}}
            (warning,) = warnings(connection, queue)
            assert f"together with a row of {logs}.failed_jobs" in warning
        engine.dispose()
