"""The bot's tables are created once, however many processes migrate."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, insert, inspect, select, text, update

from bot.database.dialects import is_sqlite
from bot.database.engine import connect
from bot.database.transactions import now_of
from bot.fingerprint.error_group import RULES
from bot.models.refusals import StartError
from bot.store import tables
from bot.store.cursors import position
from bot.store.migrate import CURSORS, LEASES, MIGRATIONS, migrate, require_current, version
from bot.store.migrate_sql import pending_statements
from bot.store.tables import SCOPE_INDEX
from bot.store.tables.columns import metadata
from bot.terminal.output import reported
from tests.kit.concurrency import at_once, until
from tests.kit.failure_index import index
from tests.kit.queues import GRACE, TestQueue
from tests.kit.version_8 import return_to_version_8, scope_index
from tests.services.mariadb import MariaDB

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


@pytest.mark.parametrize("printed", [False, True], ids=["migrated", "printed"])
def test_an_upgrade_moves_the_index_for_scopes_and_changes_no_row(
    queue: TestQueue, *, printed: bool
) -> None:
    queue.fail(1)
    index(queue)
    current, rows = definitions(queue.engine), queue.rows(tables.failures)
    return_to_version_8(queue.engine)
    assert definitions(queue.engine) != current

    statements = pending_statements(queue.engine)

    (_,) = [one for one in statements if "ADD COLUMN removed_copy" in one]
    moves = [one for one in statements if SCOPE_INDEX in one]
    if is_sqlite(queue.engine):
        assert [one.split()[0] for one in moves] == ["DROP", "CREATE"]
    else:
        (move,) = moves
        assert f"DROP INDEX {SCOPE_INDEX}, ADD INDEX {SCOPE_INDEX} (removed_copy)" in move
    if printed:
        with queue.engine.connect().execution_options(changes=True) as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.commit()
    assert migrate(queue.engine) == (0 if printed else len(MIGRATIONS) - 8)
    assert definitions(queue.engine) == current
    assert queue.rows(tables.failures) == rows
    assert pending_statements(queue.engine) == []
    with queue.engine.begin() as connection:
        assert position(connection, "removed_copied") == 0
        require_current(connection)


@pytest.mark.parametrize("has_index", [False, True])
def test_a_move_of_the_index_that_was_interrupted_is_finished(
    queue: TestQueue, *, has_index: bool
) -> None:
    """A person may execute the parts of the statement one by one."""
    current, column = definitions(queue.engine), tables.failures.c.removed_copy
    return_to_version_8(queue.engine)
    with queue.engine.begin() as connection:
        kind = column.type.compile(connection.dialect)
        connection.execute(text(f"ALTER TABLE queue_bot_failures ADD COLUMN removed_copy {kind}"))
    if not has_index:
        scope_index().drop(queue.engine)

    printed = [one for one in pending_statements(queue.engine) if SCOPE_INDEX in one]
    migrate(queue.engine)

    assert not [one for one in printed if "COLUMN" in one]
    assert any("DROP INDEX" in one for one in printed) is has_index
    assert definitions(queue.engine) == current
    # A process that was killed before it recorded the migration repeats it.
    with queue.engine.begin() as connection:
        connection.execute(tables.migrations.delete().where(tables.migrations.c.version == 9))
    assert migrate(queue.engine) == len(MIGRATIONS) - 8
    assert definitions(queue.engine) == current


def test_the_index_is_moved_in_a_schema_of_its_own(mariadb_server: MariaDB) -> None:
    with mariadb_server.database() as jobs, mariadb_server.database() as own:
        engine = connect(mariadb_server.url(jobs), schema=own, grace=GRACE)
        migrate(engine)
        return_to_version_8(engine)

        (printed,) = [one for one in pending_statements(engine) if SCOPE_INDEX in one]
        assert f"ALTER TABLE {own}.queue_bot_failures" in printed.replace("`", "")
        migrate(engine)

        (moved,) = [
            one["column_names"]
            for one in inspect(engine).get_indexes("queue_bot_failures", schema=own)
            if one["name"] == SCOPE_INDEX
        ]
        assert moved == ["removed_copy"]
        engine.dispose()


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
