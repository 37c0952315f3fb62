"""Compiled SQL that all engines of a test run share, because each test opens engines of its own.

A bot compiles each statement once for each engine, which takes a second of its first rounds. The
statements and the dialects of a test run are the same in every test, so the compiled SQL is too.
"""

from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache

CAPACITY = 2_000
"""Statements; those with the tables of one test's queue are used only by this test."""
# No SQL depends on these, and they differ between the databases and the engines of one server.
_IRRELEVANT = {"default_schema_name", "skip_autocommit_rollback", "_on_connect_isolation_level"}


class _OfDialect:
    """The compiled SQL for one dialect, as a mapping that SQLAlchemy reads and extends."""

    def __init__(self, shared: LRUCache[Any, Any], kind: int) -> None:
        self._shared = shared
        self._kind = kind

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return the compiled statement, or None."""
        return self._shared.get((self._kind, *key[1:]))

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        """Keep the compiled statement."""
        self._shared[self._kind, *key[1:]] = compiled


def kind_of(dialect: Dialect) -> Hashable:
    """Return what decides how a dialect compiles: its class and its settings, such as versions."""
    settings = {
        name: value
        for name, value in vars(dialect).items()
        if isinstance(value, str | int | tuple | None) and name not in _IRRELEVANT
    }
    quote = dialect.identifier_preparer.initial_quote
    return type(dialect), quote, tuple(sorted(settings.items(), key=lambda item: item[0]))


def share_compiled_statements() -> None:
    """Let every engine of this process use the same compiled SQL from now on."""
    shared: LRUCache[Any, Any] = LRUCache(CAPACITY)
    # A number is hashed faster than what it stands for.
    numbers: dict[Hashable, int] = {}
    of_dialects: WeakKeyDictionary[Dialect, _OfDialect] = WeakKeyDictionary()

    @event.listens_for(Engine, "engine_connect")
    def engine_connect(connection: Connection) -> None:
        # The dialect knows its server here, because the pool opened a connection before.
        dialect = connection.dialect
        compiled = of_dialects.get(dialect)
        if compiled is None:
            number = numbers.setdefault(kind_of(dialect), len(numbers))
            compiled = of_dialects[dialect] = _OfDialect(shared, number)
        connection.execution_options(compiled_cache=compiled)
