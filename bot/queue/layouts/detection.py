"""Find the layout of the queue's tables by their columns."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from bot.database.definitions import TableDefinition, read_tables
from bot.models.refusals import StartError
from bot.queue.layouts.laravel import laravel
from bot.queue.layouts.layout import Layout
from bot.queue.layouts.spec import SPEC


def all_layouts(retry_after: int, connections: Sequence[str]) -> tuple[Layout, ...]:
    """Return every layout. The two arguments are for the layout `laravel`."""
    return (SPEC, laravel(retry_after, connections))


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
    raise StartError([f"Columns are missing ({'; '.join(lacks)}). {choose}"])


def _missing(
    layout: Layout, jobs: str, failed: str, definitions: Mapping[str, TableDefinition]
) -> list[str]:
    """Return the layout's columns that the two tables do not have."""
    return [
        f"{table.name}.{column.name}"
        for table in layout.tables(jobs, failed, None)
        for column in table.columns
        if table.name not in definitions or column.name not in definitions[table.name].columns
    ]
