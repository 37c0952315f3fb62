"""Each privilege on the bot's tables is needed by a statement of the code, and none is missing."""

import ast
from collections.abc import Iterator
from pathlib import Path

from bot.store import privileges, tables

BOT = Path(__file__).parents[2] / "bot"
OTHER_ACCOUNT = {BOT / "store" / "migrate.py", BOT / "store" / "audit" / "retention.py"}
"""The statements of `migrate` and `audit purge` run under the account `queue_bot_migrate`."""
PURGE = BOT / "background" / "purge.py"
VERBS = {"insert": "INSERT", "update": "UPDATE", "delete": "DELETE"}
NAMES = {
    getattr(tables, name).name: name
    for name in tables.__all__
    if hasattr(getattr(tables, name), "columns")
}


def statements() -> Iterator[tuple[str, str]]:
    """Yield the table's variable and the privilege of each change of the bot's own tables."""
    for file in sorted(BOT.rglob("*.py")):
        if file in OTHER_ACCOUNT:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in VERBS:
                    yield _variable(node.args[0]), VERBS[name]
                elif name == "_purge":
                    yield _variable(node.args[1]), "DELETE"
            elif file == PURGE and isinstance(node, ast.Tuple) and node.elts:
                # The purge deletes old rows of each table that its list names.
                yield _variable(node.elts[0]), "DELETE"


def _variable(node: ast.expr) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def test_each_privilege_is_used_by_a_statement_and_none_is_missing() -> None:
    used = {(name, verb) for name, verb in statements() if name in NAMES.values()}
    granted = {
        (NAMES[table.name], verb)
        for table, needed in privileges.OWN_TABLES
        for verb in needed
        if verb != "SELECT"
    }
    assert sorted(granted - used) == []
    assert sorted(used - granted) == []
