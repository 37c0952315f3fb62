"""Random tables and rows for SQLite, whose columns hold any kind of value."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.random_databases.designs import (
    BODIES,
    BYTES,
    MOMENTS,
    QUEUES,
    TIMES,
    WORDS,
    ZONES,
    Design,
    hexadecimal,
    stories,
)

IDS = ("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER PRIMARY KEY")
TEXTS = ("TEXT", "TEXT", "VARCHAR(191)", "BLOB", "LONGTEXT", "")
NAMES = ("TEXT", "VARCHAR(191)", "TEXT", "VARCHAR(191)", "TEXT", "TEXT", "TEXT", "BLOB")
NULLS = (" NOT NULL", "", "")
NUMBERS = ("INTEGER", "INT", "BIGINT", "SMALLINT")
FAILED_AT = ("DATETIME", "TIMESTAMP", "DATETIME NOT NULL", "DATETIME DEFAULT CURRENT_TIMESTAMP")
EXTRAS = ("TEXT", "BLOB", "INTEGER DEFAULT 3", "DECIMAL(10,2)", "DATE", "TEXT NOT NULL DEFAULT 'x'")
ODD_NAMES = ("uuid", "notes", "select", 'what\'s 100% "odd"', "naïve", "kind")
ODD_QUEUES = ("NULL", "12", "X'6D61696C'", "X'FF'")
RULES = (
    "CREATE UNIQUE INDEX once ON jobs (payload)",
    (
        "CREATE TRIGGER picky BEFORE INSERT ON jobs WHEN NEW.queue LIKE '%high%'"
        " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
    ),
    (
        "CREATE TRIGGER rewrite AFTER INSERT ON jobs BEGIN UPDATE jobs"
        " SET payload = REPLACE(payload, 'Sync', 'Send') WHERE id = NEW.id; END"
    ),
    (
        "CREATE TRIGGER logged AFTER DELETE ON failed_jobs BEGIN"
        " INSERT INTO notes (failed_id) VALUES (NULL); END"
    ),
    (
        "CREATE TRIGGER kept BEFORE DELETE ON failed_jobs WHEN OLD.queue LIKE '%high%'"
        " BEGIN SELECT RAISE(ABORT, 'kept for the auditors'); END"
    ),
)
Draw = Callable[[SearchStrategy[Any]], Any]
Values = dict[str, SearchStrategy[str]]


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _values(texts: tuple[str, ...]) -> SearchStrategy[str]:
    """A strategy for texts, and sometimes a number, bytes, or a text that is not UTF-8."""
    return st.one_of(
        st.sampled_from(texts).map(_quoted),
        st.sampled_from(texts).map(_quoted),
        st.sampled_from(texts).map(_quoted),
        st.sampled_from(BYTES).map(hexadecimal),
        st.sampled_from(BYTES).map(lambda raw: f"CAST({hexadecimal(raw)} AS TEXT)"),
        st.sampled_from(("NULL", "12", "1.5")),
    )


@st.composite
def designs(draw: Draw) -> Design:
    """A strategy for SQLite files."""
    jobs, job_values = _jobs(draw)
    failed, failed_values = _failed(draw)
    rows = [_row(draw, "failed_jobs", failed_values) for _ in range(draw(st.integers(1, 6)))]
    rows += [_row(draw, "jobs", job_values) for _ in range(draw(st.integers(0, 3)))]
    return Design(
        settings=(),
        zone=draw(ZONES),
        tables=(jobs, failed, "CREATE TABLE notes (id INTEGER PRIMARY KEY, failed_id INTEGER)"),
        rules=tuple(draw(st.lists(st.sampled_from(RULES), max_size=2, unique=True))),
        rows=tuple(rows),
        later=_row(draw, "failed_jobs", failed_values),
        steps=draw(stories()),
    )


def _jobs(draw: Draw) -> tuple[str, Values]:
    text, null, number = st.sampled_from(TEXTS), st.sampled_from(NULLS), st.sampled_from(NUMBERS)
    columns = [
        f"id {draw(st.sampled_from(IDS))}",
        f"queue {draw(st.sampled_from(NAMES))}{draw(null)}",
        f"payload {draw(text)}{draw(null)}",
        f"attempts {draw(number)}{draw(null)} DEFAULT 0",
        f"max_attempts {draw(number)}{draw(null)} DEFAULT 3",
        f"reserved_at {draw(number)}",
        f"available_at {draw(number)}{draw(null)}",
        f"created_at {draw(number)}{draw(null)}",
    ]
    count = st.sampled_from(("0", "1", "255", "NULL", "'many'"))
    moment = st.sampled_from((*MOMENTS, "'soon'", "1.5"))
    values: Values = {
        "id": st.sampled_from(("NULL", "NULL", "45", str(2**62))),
        "queue": st.one_of(st.sampled_from(QUEUES).map(_quoted), st.sampled_from(ODD_QUEUES)),
        "payload": _values(BODIES),
        "attempts": count,
        "max_attempts": count,
        "reserved_at": st.one_of(st.just("NULL"), moment),
        "available_at": moment,
        "created_at": moment,
    }
    return _table(draw, "jobs", columns, values)


def _failed(draw: Draw) -> tuple[str, Values]:
    text, null = st.sampled_from(TEXTS), st.sampled_from(NULLS)
    columns = [
        f"id {draw(st.sampled_from(IDS))}",
        f"queue {draw(st.sampled_from(NAMES))}{draw(null)}",
        f"payload {draw(text)}{draw(null)}",
        f"exception {draw(text)}{draw(null)}",
        f"failed_at {draw(st.sampled_from(FAILED_AT))}",
    ]
    values: Values = {
        "id": st.sampled_from(("NULL", "NULL", "45", str(2**62))),
        "queue": st.one_of(st.sampled_from(QUEUES).map(_quoted), st.sampled_from(ODD_QUEUES)),
        "payload": _values(BODIES),
        "exception": _values(WORDS),
        "failed_at": st.sampled_from((*TIMES, "1762537376", "'yesterday'", "X'FF'")),
    }
    return _table(draw, "failed_jobs", columns, values)


def _table(draw: Draw, name: str, columns: list[str], values: Values) -> tuple[str, Values]:
    for one in draw(st.lists(st.sampled_from(ODD_NAMES), max_size=3, unique=True)):
        column = '"' + one.replace('"', '""') + '"'
        columns.append(f"{column} {draw(st.sampled_from(EXTRAS))}")
        values[column] = _values(WORDS)
    return f"CREATE TABLE {name} ({', '.join(columns)})", values


def _row(draw: Draw, table: str, values: Values) -> str:
    drawn = {name: draw(value) for name, value in values.items()}
    return (
        f"INSERT OR IGNORE INTO {table} ({', '.join(drawn)}) VALUES ({', '.join(drawn.values())})"
    )
