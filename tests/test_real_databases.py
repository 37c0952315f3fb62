"""In docs/real-databases.md each table line names a test that exists and covers it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "real-databases.md"


def lines() -> Iterator[list[str]]:
    """Yield the cells of each line of each table, without the header lines."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for row, following in zip(rows, [*rows[1:], ""], strict=True):
        is_head = set(following) <= set("|- ") and following != ""
        if not is_head and not set(row) <= set("|- "):
            yield [cell.strip() for cell in row.strip("|").split("|")]


def names_of_tests() -> set[str]:
    """Return the names of all test functions."""
    return {
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }


def test_each_line_names_tests_that_exist() -> None:
    functions, without, unknown = names_of_tests(), [], set()
    for cells in lines():
        names = re.findall(r"`(test_\w+)`", cells[-1])
        unknown |= set(names) - functions
        if not names:
            without.append(cells[0])
    assert len(list(lines())) > 40
    assert (without, unknown) == ([], set())
