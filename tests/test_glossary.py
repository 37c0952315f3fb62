"""The code has no retired identifier of the glossary, and no class name has two meanings."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"

QUEUED_FOUND = "the job of a story's event; `find` has the key in its JSON"

ALLOWED: dict[tuple[str, str], str] = {
    ("bot/commands/find.py", "found"): QUEUED_FOUND,
    ("bot/models/story.py", "found"): QUEUED_FOUND,
    ("bot/store/audit/story.py", "found"): QUEUED_FOUND,
    ("bot/views/audit/story.py", "found"): QUEUED_FOUND,
    ("tests/kit/order_story.py", "found"): QUEUED_FOUND,
    ("tests/views/samples_orders.py", "found"): QUEUED_FOUND,
}
"""Retired identifiers that a file may use, and why: ("bot/x.py", "name") -> reason."""

NAMING = ("arg", "asname", "attr", "id", "module", "name", "rest")
"""The fields of a syntax tree that hold a name."""


def retired() -> set[str]:
    """Return the identifiers in the glossary's list."""
    section = GLOSSARY.read_text(encoding="utf-8").split("## Retired identifiers")[1]
    return set(section.split("```text")[1].split("```")[0].split())


def identifiers(path: Path) -> set[str]:
    """Return every name in a file's code, f-strings included, docstrings and comments not."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    dotted = (getattr(node, field, None) for node in nodes for field in NAMING)
    names = {part for name in dotted if isinstance(name, str) for part in name.split(".")}
    return names.union(*(node.kwd_attrs for node in nodes if isinstance(node, ast.MatchClass)))


def test_no_retired_identifier_is_in_the_code() -> None:
    words = retired()
    assert len(words) > 10
    uses = {
        (str(path.relative_to(ROOT)), name)
        for folder in ("bot", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in words & identifiers(path)
    }
    assert uses - ALLOWED.keys() == set()
    assert ALLOWED.keys() <= uses, "an exception in the list is no longer needed"


def test_no_two_classes_of_the_bot_have_the_same_name() -> None:
    names = Counter(
        node.name
        for path in (ROOT / "bot").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert len(names) > 100
    assert [name for name, times in names.items() if times > 1] == []
