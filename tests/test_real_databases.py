"""In docs/real-databases.md each table line names a test that exists and covers it."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.kit.defined_tests import names_of_tests

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "real-databases.md"


def lines() -> Iterator[list[str]]:
    """Yield the cells of each line of each table, without the header lines."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    for row, following in zip(rows, [*rows[1:], ""], strict=True):
        is_head = set(following) <= set("|- ") and following != ""
        if not is_head and not set(row) <= set("|- "):
            yield [cell.strip() for cell in row.strip("|").split("|")]


def test_each_line_names_tests_that_exist() -> None:
    functions, without, unknown = names_of_tests(), [], set()
    for cells in lines():
        names = re.findall(r"`(test_\w+)`", cells[-1])
        unknown |= set(names) - functions
        if not names:
            without.append(cells[0])
    assert len(list(lines())) > 40
    assert (without, unknown) == ([], set())
