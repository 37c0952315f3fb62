"""The bot's tables are created once, however many processes migrate."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, insert, inspect, select, text, update

from bot.database.engine import connect
from bot.database.transactions import now_of
from bot.fingerprint.error_group import RULES
from bot.models.refusals import StartError
from bot.store import tables
from bot.store.cursors import position
from bot.store.migrate import CURSORS, LEASES, MIGRATIONS, migrate, require_current, version
from bot.store.migrate_sql import pending_statements
from bot.store.tables.columns import metadata
from bot.terminal.output import reported
from tests.kit.concurrency import at_once, until
from tests.kit.failure_index import index
from tests.kit.queues import GRACE, TestQueue

pytestmark = pytest.mark.each_database


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    """A database without tables."""
    engine = connect(database_url, grace=GRACE)
    yield engine
    engine.dispose()


def test_an_empty_database_gets_every_table_once(empty: Engine) -> None:
    assert migrate(empty) == len(MIGRATIONS)
    assert set(inspect(empty).get_table_names()) >= set(metadata.tables)
    assert migrate(empty) == 0
    with empty.begin() as connection:
        require_current(connection)


def test_the_printed_statements_create_the_same_tables_as_the_migrations(empty: Engine) -> None:
    statements = pending_statements(empty)
    assert inspect(empty).get_table_names() == []
    with empty.connect().execution_options(changes=True) as connection, connection.begin():
        for statement in statements:
            connection.exec_driver_sql(statement)
    printed = definitions(empty)
    assert migrate(empty) == 0
    assert pending_statements(empty) == []
    with empty.begin() as connection:
        require_current(connection)
        assert connection.execute(select(tables.leases.c.name)).scalars().all() != []
    metadata.drop_all(empty)
    migrate(empty)
    assert printed == definitions(empty)


def definitions(engine: Engine) -> dict[tuple[str | None, str], list[str]]:
    """Return the columns and indexes of each table as text."""
    inspected = inspect(engine)
    parts = (inspected.get_multi_columns(), inspected.get_multi_indexes())
    return {
        table: [str(of_table) for part in parts for of_table in part[table]] for table in parts[0]
    }


def test_only_the_missing_migrations_are_printed(empty: Engine) -> None:
    migrate(empty)
    with empty.begin() as connection:
        newest = tables.migrations.c.version == len(MIGRATIONS)
        connection.execute(tables.migrations.delete().where(newest))
    (*_, recorded) = statements = pending_statements(empty)
    assert f"({len(MIGRATIONS)}," in recorded
    assert not [
        statement for statement in statements if "CREATE TABLE queue_bot_audit" in statement
    ]


def test_an_upgrade_adds_the_indexes_of_shops_and_changes_no_row(queue: TestQueue) -> None:
    queue.fail(1)
    index(queue)
    current, rows = definitions(queue.engine), queue.rows(tables.failures)
    with queue.engine.begin() as connection:
        for column in (tables.failures.c.tienda_id, tables.audit_targets.c.tienda_id):
            for shop_index in column.table.indexes:
                if list(shop_index.columns) == [column]:
                    shop_index.drop(connection)
        connection.execute(tables.migrations.delete().where(tables.migrations.c.version >= 8))
    statements = " ".join(pending_statements(queue.engine))
    for name in ("ix_queue_bot_failures_tienda_id", "queue_bot_audit_targets_shop"):
        assert f"{name} ON" in statements
    assert migrate(queue.engine) == len(MIGRATIONS) - 7
    assert definitions(queue.engine) == current
    assert queue.rows(tables.failures) == rows


def test_a_waiting_migration_reports_each_second(empty: Engine) -> None:
    lines: list[str] = []
    with reported(lines.append) as report:
        migrate(empty, report)
        report("waiting for a lock")
        until(lambda: any("waiting for a lock" in line for line in lines))
    assert lines[-1].startswith("Still running after ")


def test_two_concurrent_migrations_run_one_after_the_other(empty: Engine) -> None:
    other = connect(empty.url.render_as_string(hide_password=False), grace=GRACE)
    try:
        applied = at_once(lambda: migrate(empty), lambda: migrate(other), seconds=40)
    finally:
        other.dispose()
    assert sorted(applied) == [0, len(MIGRATIONS)]
    queue = TestQueue("", empty, None)  # type: ignore[arg-type]  # its queue is not used
    assert queue.count(tables.leases) == len(LEASES)
    assert queue.count(tables.cursors) == len(CURSORS)


@pytest.mark.parametrize(("failed", "rules"), [(1, 1), (0, RULES)])
def test_an_index_of_an_earlier_version_is_grouped_again(
    queue: TestQueue, failed: int, rules: int
) -> None:
    for _ in range(failed):
        queue.fail()
    index(queue)
    with queue.engine.begin() as connection:
        m, c = tables.migrations.c, tables.cursors.c
        connection.execute(tables.migrations.delete().where(m.version > 1))
        connection.execute(tables.cursors.delete().where(c.name.like("rules%")))

    migrate(queue.engine)

    with queue.engine.begin() as connection:
        assert position(connection, "rules") == rules
        require_current(connection)


def test_an_interrupted_migration_is_finished(queue: TestQueue) -> None:
    """On MariaDB, each CREATE commits by itself, so a crash leaves some tables and no version."""
    with queue.engine.begin() as connection:
        connection.execute(tables.migrations.delete())
        connection.execute(tables.leases.delete().where(tables.leases.c.name == "bulk"))
        connection.execute(
            update(tables.cursors).where(tables.cursors.c.name == "scan").values(position=7)
        )
    tables.samples.drop(queue.engine)
    try:
        assert migrate(queue.engine) == len(MIGRATIONS)
    finally:
        # The next tests use the same database, even if this test fails.
        metadata.create_all(queue.engine)
    assert queue.count(tables.leases) == len(LEASES)
    assert queue.count(tables.samples) == 0
    # Existing rows stay unchanged.
    assert [row.position for row in queue.rows(tables.cursors) if row.name == "scan"] == [7]


def test_a_database_without_tables_is_refused_with_the_command_to_run(empty: Engine) -> None:
    with empty.begin() as connection, pytest.raises(StartError, match="queue-bot migrate"):
        require_current(connection)


def test_tables_of_a_newer_version_are_not_changed(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        newer = {"version": len(MIGRATIONS) + 1, "applied_at": now_of(connection)}
        connection.execute(insert(tables.migrations).values(newer))
    with queue.engine.begin() as connection, pytest.raises(StartError, match="update the bot"):
        require_current(connection)
    assert migrate(queue.engine) == 0
    with queue.engine.begin() as connection:
        assert version(connection) == len(MIGRATIONS) + 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "ALTER TABLE queue_bot_archive DROP COLUMN counts_as",
            "queue_bot_archive.counts_as is missing",
        ),
        (
            "ALTER TABLE queue_bot_cursors RENAME TO queue_bot_marks",
            "The table queue_bot_cursors is missing",
        ),
    ],
)
def test_tables_of_an_earlier_development_version_are_refused_with_instructions(
    empty: Engine, change: str, expected: str
) -> None:
    migrate(empty)
    with empty.begin() as connection:
        connection.execute(text(change))
    with empty.begin() as connection, pytest.raises(StartError, match=expected):
        require_current(connection)
