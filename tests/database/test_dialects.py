"""Only `bot/database/` knows the differences between databases; others are refused."""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import Select, delete, make_url, select
from sqlalchemy.dialects import mysql, sqlite

from bot.database import dialects
from bot.database.engine import connect
from bot.models.refusals import StartError
from bot.queue.layouts import spec_tables

BOT = Path(dialects.__file__).parent.parent
BRANCHES = {"dialect", "is_mariadb", "get_backend_name"}
"""Names by which code checks the kind of database."""
HINTS = {"with_hint", "with_statement_hint", "prefix_with", "suffix_with", "with_dialect_options"}
"""Names by which code adds SQL that only one kind of database understands."""

JOBS, _ = spec_tables()


def uses(path: Path) -> set[str]:
    """Return the names of `BRANCHES` and `HINTS` in a file, `getattr` included."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    texts = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return (attributes | texts) & (BRANCHES | HINTS)


def test_only_the_database_package_reads_the_dialect() -> None:
    elsewhere = {
        str(path.relative_to(BOT)): names
        for path in sorted(BOT.rglob("*.py"))
        if path.parent != BOT / "database" and (names := uses(path))
    }
    assert elsewhere == {}


def test_one_module_branches_on_the_dialect() -> None:
    inside = {path.name for path in (BOT / "database").glob("*.py") if uses(path)}
    assert inside == {"dialects.py"}


@pytest.mark.parametrize(
    "start", ["postgresql", "postgresql+psycopg", "oracle", "mysql", "mysql+mysqldb"]
)
def test_an_unsupported_database_or_driver_is_refused_with_a_sentence(start: str) -> None:
    sentence = (
        f"DATABASE_URL starts with {start}://, which is not supported: "
        "it must start with mysql+pymysql:// or sqlite:///."
    )
    # The whole message must match, so it contains no password.
    with pytest.raises(StartError, match=f"^{re.escape(sentence)}$"):
        connect(f"{start}://bot:secret@localhost/shop")


@pytest.mark.parametrize("start", sorted(dialects.DRIVERS))
def test_an_engine_is_created_for_every_supported_driver(start: str) -> None:
    on_sqlite = start.startswith("sqlite")
    engine = connect(f"{start}:///:memory:" if on_sqlite else f"{start}://bot@localhost/shop")
    assert dialects.is_sqlite(engine) is on_sqlite
    assert dialects.is_sqlite_url(make_url(engine.url)) is on_sqlite
    assert dialects.is_mariadb(engine) is False  # no server has answered yet


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        (dialects.force_index(select(JOBS.c.id), JOBS, "PRIMARY"), " FORCE INDEX (PRIMARY)"),
        (dialects.ignore_index(select(JOBS.c.id), JOBS, "PRIMARY"), " IGNORE INDEX (PRIMARY)"),
        (dialects.straight_join(select(JOBS.c.id)), " STRAIGHT_JOIN"),
    ],
)
def test_an_index_hint_is_sent_to_mysql_and_mariadb_and_not_to_sqlite(
    statement: Select[int], hint: str
) -> None:
    on_server = str(statement.compile(dialect=mysql.dialect()))
    assert hint in on_server
    assert str(statement.compile(dialect=sqlite.dialect())) == on_server.replace(hint, "")


def test_a_delete_has_a_limit_on_mysql_and_mariadb_only() -> None:
    statement = dialects.limit_delete(delete(JOBS), 5)
    assert str(statement.compile(dialect=mysql.dialect())).endswith("LIMIT 5")
    assert str(statement.compile(dialect=sqlite.dialect())) == "DELETE FROM jobs"
