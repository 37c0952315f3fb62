"""Estimates of the number of rows, from the server's statistics and index dives."""

from typing import Any

from sqlalchemy import ClauseElement, Connection, Executable, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from bot.database.dialects import is_sqlite


class _Explain(Executable, ClauseElement):
    """The plan of a statement; the server does not run the statement."""

    inherit_cache = False

    def __init__(self, statement: Select[Any]) -> None:
        self.statement = statement


@compiles(_Explain)
def _explain(element: _Explain, compiler: SQLCompiler, **options: Any) -> str:
    # MySQL's default may be another format, as a tree.
    return "EXPLAIN FORMAT=TRADITIONAL " + compiler.process(element.statement, **options)


def estimated_rows(connection: Connection, statement: Select[Any]) -> int | None:
    """Return how many rows the server expects to read. SQLite estimates no rows: return None."""
    if is_sqlite(connection):
        return None
    rows = connection.execute(_Explain(statement)).mappings().all()
    return max((int(row["rows"] or 0) for row in rows), default=0)
