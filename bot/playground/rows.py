"""The newest rows of the queue's two tables, as stored, for the side panel."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, Table, func, select

from bot.localslack.blocks.specs import Json
from bot.queue.layouts import Queue

NEWEST = 30
"""The number of rows shown per table."""
LONG = ("exception", "payload")
"""The columns that the panel shows last, because their values are too long for it."""


def tables_json(engine: Engine, queue: Queue) -> Json:
    """Return the two tables by name, each as `{"count", "columns", "rows"}`, newest row first."""
    with engine.connect() as connection:
        tables: Json = {}
        for layout in (queue.jobs_layout, queue.failed_layout):
            table = layout.table
            count = select(func.count()).select_from(table)
            columns = _columns(table)
            newest = select(*columns).order_by(layout.id.desc()).limit(NEWEST)
            tables[table.name] = {
                "count": connection.execute(count).scalar_one(),
                "columns": [column.name for column in columns],
                "rows": [[_plain(value) for value in row] for row in connection.execute(newest)],
            }
    return tables


def _columns(table: Table) -> list[Column[Any]]:
    short = [column for column in table.columns if column.name not in LONG]
    return short + [table.columns[name] for name in LONG if name in table.columns]


def _plain(value: Any) -> Any:
    return value.isoformat(" ") if isinstance(value, datetime) else value
