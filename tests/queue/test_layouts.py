"""Only `bot/queue/layouts` names a column of the queue's tables."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ColumnElement, select

from bot.database.transactions import reading
from bot.queue.layouts import moments, spec_tables, tables
from bot.queue.layouts.queue_table import ARCHIVED
from bot.queue.layouts.rows import FailedRow, JobRow
from bot.store.tables import archive
from bot.wall_clock import unix
from tests.kit.queues import TestQueue

ROOT = Path(__file__).parent.parent.parent
LAYOUTS = ROOT / "bot" / "queue" / "layouts"
TABLES = {"jobs", "failed"}
NOW = datetime(2025, 11, 7, 19, 30, 0)  # noqa: DTZ001 naive UTC, as everywhere in the bot

ALLOWED = {
    "bot/doctor/table_checks.py": "counts the columns, whatever their names",
    "bot/playground/rows.py": "shows every column that the tables have, whatever its name",
}
"""Files that may read columns of the queue's tables, and why: "bot/x.py" -> reason."""

WRITERS = {
    "bot/playground/frameworks": "plays the team's own worker, which knows its tables",
}
"""Folders that may write columns of the queue's tables by name, and why."""


def modules(pattern: str, folder: str = "bot") -> Iterator[tuple[str, ast.Module]]:
    """Yield each parsed module outside the layouts whose text matches the pattern."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if not path.is_relative_to(LAYOUTS) and re.search(pattern, source):
            yield str(path.relative_to(ROOT)), ast.parse(source)


def is_table(node: ast.expr, aliases: set[str]) -> bool:
    """Whether it is one of the queue's tables: `queue.jobs`, `layout.table` or an alias."""
    if isinstance(node, ast.Attribute):
        return node.attr in TABLES or node.attr == "table"
    return isinstance(node, ast.Name) and node.id in aliases


def aliases_of(tree: ast.Module) -> set[str]:
    """Return the names that a module binds to one of the queue's tables, parameters included."""
    names = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if is_table(node.value, names):
                names.add(node.targets[0].id)
        elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            elements = node.iter.elts if isinstance(node.iter, ast.Tuple) else []
            if any(is_table(element, names) for element in elements):
                names.add(node.target.id)
        elif isinstance(node, ast.arg) and node.arg in TABLES:
            names.add(node.arg)
    return names


def column_reads(tree: ast.Module) -> list[str]:
    """Return each place where a module reads `.c` or `.columns` of one of the queue's tables."""
    aliases = aliases_of(tree)
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"c", "columns"}
        and is_table(node.value, aliases)
    ]


def column_writes(tree: ast.Module) -> list[str]:
    """Return each statement on one of the queue's tables that has columns by name."""
    aliases = aliases_of(tree)
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "values"
        and any(
            is_table(part, aliases) for part in ast.walk(node.func) if isinstance(part, ast.expr)
        )
    ]


def column_names() -> set[str]:
    """Return the column names of the spec's tables, without the common words `id` and `queue`."""
    return {column.name for table in spec_tables() for column in table.columns} - {"id", "queue"}


def texts(tree: ast.Module) -> set[str]:
    """Return every string constant."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_no_module_outside_the_layouts_reads_a_column_of_the_queues_tables() -> None:
    trees = modules(r"\.(c|columns)\b")
    reads = {name: places for name, tree in trees if (places := column_reads(tree))}
    assert {name: places for name, places in reads.items() if name not in ALLOWED} == {}
    assert ALLOWED.keys() <= reads.keys(), "an exception in the list is no longer needed"


def test_no_module_outside_the_layouts_writes_a_column_of_the_queues_tables_by_name() -> None:
    trees = modules(r"\.values\(")
    writes = {name: places for name, tree in trees if (places := column_writes(tree))}
    folders = {name.rpartition("/")[0] for name in writes}
    assert {name: writes[name] for name in writes if name.rpartition("/")[0] not in WRITERS} == {}
    assert WRITERS.keys() <= folders, "an exception in the list is no longer needed"


OWN_NAMES = {
    "bot/playground/seed.py": "fills the spec's tables",
    "bot/store/audit/story.py": "reads the bot's index of failures",
    "bot/store/failures/entries.py": "writes the bot's index of failures",
    "bot/store/failures/failure_counts.py": "reads an entry of the bot's index of failures",
    "bot/store/failures/zone_offset.py": "reads the bot's index of failures",
    "bot/store/tables/failures.py": "defines the bot's index of failures",
    "bot/store/tables/operations.py": "defines the bot's archive",
    "bot/views/audit/sentences.py": "names an argument of the command release",
    "bot/views/incidents/rule_alert.py": "names an argument of the command release",
    "bot/views/rows.py": "names an argument of the command release",
}
"""Files with the name of such a column in a string, and why: the name is of a table or a model of
the bot itself."""


def test_the_names_of_columns_that_differ_between_layouts_are_names_of_the_bots_own() -> None:
    names = {"max_attempts", "reserved_at", "available_at", "failed_at"}
    uses = {
        name
        for name, tree in modules("|".join(names))
        if names & texts(tree) and name.rpartition("/")[0] not in WRITERS
    }
    assert uses == OWN_NAMES.keys()


def test_no_module_of_the_queue_has_a_column_name_in_a_string() -> None:
    trees = modules("", "bot/queue")
    assert {name: names for name, tree in trees if (names := column_names() & texts(tree))} == {}


@pytest.mark.parametrize(
    "code",
    [
        "select(queue.jobs.c.id)",
        "c = self._queue.failed.c",
        "table = queue.jobs\nselect(table.c.id)",
        "def delete(failed: Table):\n    failed.c.id",
        "for table in (queue.jobs, queue.failed):\n    table.c['id']",
        "queue.jobs.columns['payload']",
        "layout.table.c.payload",
    ],
)
def test_the_search_finds_every_way_to_read_a_column(code: str) -> None:
    assert column_reads(ast.parse(code)) != []


@pytest.mark.parametrize(
    "code",
    ["update(queue.jobs).where(x).values(reserved_at=None)", "insert(queue.failed).values(row)"],
)
def test_the_search_finds_a_write(code: str) -> None:
    assert column_writes(ast.parse(code)) != []


def test_the_conditions_select_the_jobs_of_their_state(queue: TestQueue) -> None:
    now = unix(NOW)
    ids = {
        "available": queue.push(available_at=now),
        "delayed": queue.push(available_at=now + 1),
        "reserved": queue.push(reserved_at=now - 60, attempts=1),
        "released": queue.push(available_at=now, attempts=1),
    }
    layout = queue.queue.jobs_layout
    expected: list[tuple[ColumnElement[bool], set[str]]] = [
        (layout.is_available(NOW), {"available", "released"}),
        (layout.is_delayed(NOW), {"delayed"}),
        (layout.is_reserved(NOW), {"reserved"}),
        (layout.is_pending(NOW), {"available", "delayed", "released"}),
        (layout.is_untouched(), {"available", "delayed"}),
        (layout.is_reserved_for(60, NOW), {"reserved"}),
        (layout.is_reserved_for(61, NOW), set()),
    ]
    with reading(queue.engine) as connection:
        for condition, names in expected:
            matching = set(connection.execute(select(layout.id).where(condition)).scalars())
            assert matching == {ids[name] for name in names}, str(condition)


def test_the_state_of_a_row_agrees_with_the_conditions(queue: TestQueue) -> None:
    now = unix(NOW)
    for available_at, reserved_at in ((now, None), (now + 1, None), (now, now), (now + 1, now)):
        queue.push(available_at=available_at, reserved_at=reserved_at)
    layout = queue.queue.jobs_layout
    conditions = {
        "pending": layout.is_available(NOW),
        "delayed": layout.is_delayed(NOW),
        "reserved": layout.is_reserved(NOW),
    }
    with reading(queue.engine) as connection:
        for state, condition in conditions.items():
            query = select(*layout.selection(100, NOW)).where(condition)
            rows = [layout.row_of(row) for row in connection.execute(query).mappings()]
            assert {row.state(NOW) for row in rows} == {state}


def test_a_selection_has_the_columns_of_its_row_in_order() -> None:
    jobs, failed = spec_tables()
    of_job = [
        column.name for column in select(*tables.JobsTable(jobs).selection(9, NOW)).selected_columns
    ]
    of_failed = select(*tables.FailedJobsTable(failed).selection(9, 9)).selected_columns
    assert of_job == [field.name for field in fields(JobRow)]
    assert [*(column.name for column in of_failed), "digest"] == [
        field.name for field in fields(FailedRow)
    ]


def test_an_archive_keeps_every_column_and_a_restore_writes_every_column() -> None:
    pair = spec_tables()
    layouts: tuple[tables.JobsTable | tables.FailedJobsTable, ...] = (
        tables.JobsTable(pair[0]),
        tables.FailedJobsTable(pair[1]),
    )
    for layout, table in zip(layouts, pair, strict=True):
        names = [column.name for column in table.columns]
        assert [layout.id.name, *layout.archived_columns] == names
        assert set(layout.archived_columns) <= set(ARCHIVED) <= set(archive.c.keys())


def test_times_are_unchanged_after_a_write_and_a_read() -> None:
    zone = ZoneInfo("America/Lima")
    assert moments.decode_moment(moments.encode_moment(NOW)) == NOW
    assert moments.encode_failed_at(NOW, zone) == NOW - timedelta(hours=5)
    assert moments.decode_failed_at(moments.encode_failed_at(NOW, zone), zone) == NOW
    outside = datetime(9999, 12, 31, 23, 59)  # noqa: DTZ001 a wall clock
    assert moments.decode_failed_at(outside, zone) == outside
