"""The definitions of tables in a transaction, cached until a table's CREATE statement changes.

Reading all columns takes ten times as long as reading the CREATE statements of the tables. The
columns are therefore read again only if a CREATE statement has changed. The triggers are read each
time, because a CREATE statement does not contain them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from bot.database.definitions import TableDefinition, read_tables, read_triggers
from bot.database.dialects import is_sqlite, quoted_name

_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
"""The table's next id in a CREATE statement; each new row changes this id."""


@dataclass(frozen=True, slots=True)
class _Read:
    statements: Sequence[str]
    tables: dict[str, TableDefinition]


_read_before: WeakKeyDictionary[Engine, dict[tuple[str, ...], _Read]] = WeakKeyDictionary()


def current_tables(connection: Connection, names: Sequence[str]) -> dict[str, TableDefinition]:
    """Return the definitions of these tables; the transaction must already have read the tables."""
    if is_sqlite(connection):
        return read_tables(connection, names)
    statements = [_statement(connection, name) for name in names]
    engine_reads = _read_before.setdefault(connection.engine, {})
    before = engine_reads.get(tuple(names))
    if before is None or before.statements != statements:
        tables = read_tables(connection, names)
        engine_reads[tuple(names)] = _Read(statements, tables)
        return tables
    triggers = read_triggers(connection, names)
    return {
        name: replace(definition, triggers=triggers[name])
        for name, definition in before.tables.items()
    }


def _statement(connection: Connection, name: str) -> str:
    """Return the statement that would create the table."""
    quoted = ".".join(quoted_name(connection, part) for part in name.split("."))
    row = connection.exec_driver_sql(f"SHOW CREATE TABLE {quoted}").one()
    return _COUNTER.sub("", str(row[1]))
