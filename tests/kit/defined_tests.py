"""The names of all tests, for pages whose tables name the tests that hold them."""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]


def names_of_tests() -> set[str]:
    """Return the names of all test functions."""
    return {
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }
