"""Find the layout of the queue's tables by their columns."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, DateTime

from bot.database.definitions import TIME_TYPES, TableDefinition, read_tables
from bot.models.refusals import StartError
from bot.queue.layouts.codeigniter_queue import codeigniter_queue
from bot.queue.layouts.laravel import laravel
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.spec import SPEC


def all_layouts(
    retry_after: int, connections: Sequence[str], zone: ZoneInfo = ZoneInfo("UTC")
) -> tuple[Layout, ...]:
    """Return every layout.

    The layout `laravel` uses `retry_after`, the layout `codeigniter_queue` uses the queue's `zone`,
    and both use the names of the `connections`.
    """
    return (SPEC, laravel(retry_after, connections), codeigniter_queue(connections, zone))


def detect(connection: Connection, jobs: str, failed: str, layouts: Sequence[Layout]) -> Layout:
    """Return the layout whose columns the two tables have; raise `StartError` if several match.

    If no layout matches, return the layout with the fewest missing columns; the check at start then
    names these columns. If several layouts have equally few missing columns, the error names the
    layouts.
    """
    definitions = read_tables(connection, [jobs, failed])
    missing = {layout.name: _missing(layout, jobs, failed, definitions) for layout in layouts}
    fewest = min(len(columns) for columns in missing.values())
    nearest = [layout for layout in layouts if len(missing[layout.name]) == fewest]
    if len(nearest) == 1 or not definitions.keys() >= {jobs, failed}:
        return nearest[0]
    names = " and ".join(layout.name for layout in nearest)
    choose = f"Choose a layout, such as QUEUE_BOT_LAYOUT={nearest[0].name}."
    if fewest == 0:
        raise StartError([f"The tables {jobs} and {failed} match the layouts {names}. {choose}"])
    lacks = (f"for {layout.name}: {', '.join(missing[layout.name])}" for layout in nearest)
    raise StartError([f"Columns are missing or have another type ({'; '.join(lacks)}). {choose}"])


def _missing(
    layout: Layout, jobs: str, failed: str, definitions: Mapping[str, TableDefinition]
) -> list[str]:
    """Return the layout's columns that the two tables do not have, or not as times."""
    return [
        f"{table.name}.{column.name}"
        for table in layout.tables(jobs, failed, None)
        for column in table.columns
        if table.name not in definitions or not _has(definitions[table.name], column)
    ]


def _has(definition: TableDefinition, column: Column[Any]) -> bool:
    """Return whether the table has the column, and as a time if the layout's column is a time."""
    if column.name not in definition.columns:
        return False
    is_time = definition.columns[column.name].type in TIME_TYPES
    return is_time or not isinstance(column.type, DateTime)
