"""Each counted noun has plural cases, and no message has a retired word of the glossary."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast

import bot
from bot.text import LANGUAGES

ROOT = Path(bot.__file__).parent
GLOSSARY = ROOT.parent / "docs" / "glossary.md"
COUNTS = frozenset(
    [
        "attempts",
        "count",
        "days",
        "done",
        "failed",
        "groups",
        "grown",
        "hours",
        "largest",
        "left",
        "limit",
        "more",
        "most",
        "newest",
        "oldest",
        "pending",
        "processed",
        "reserved",
        "rows",
        "total",
    ]
)
"""The variables that hold a number of things."""
PLURAL_NOUN = {
    # A noun or a participle in the plural, such as "jobs" or "pendientes".
    "en": re.compile(r" \w{2,}(?<!s)s\b(?! and\b)"),
    "es": re.compile(r" (?!antes\b)\w+[aeo]s\b| jobs\b"),
}
UNCOUNTED = frozenset({"s", "min", "ms", "h"})
ALWAYS_MANY = {
    "refusal-denied-many": "an operator may retry up to 500 jobs at once",
    "help-pages": "a list shows eight rows or ten",
}


def messages(language: str) -> dict[str, ast.Pattern]:
    """Return the pattern of each message of a catalog, by key."""
    text = (ROOT / "text" / f"{language}.ftl").read_text(encoding="utf-8")
    return {
        entry.id.name: entry.value
        for entry in FluentParser().parse(text).body
        if isinstance(entry, ast.Message) and entry.value is not None
    }


CATALOGS = {language: messages(language) for language in LANGUAGES}


def selections(pattern: ast.Pattern) -> Iterator[tuple[str, ast.SelectExpression]]:
    """Yield each selection in a pattern, with the variable that it selects by."""
    for element in pattern.elements:
        expression = element.expression if isinstance(element, ast.Placeable) else None
        if isinstance(expression, ast.SelectExpression):
            assert isinstance(expression.selector, ast.VariableReference)
            yield expression.selector.id.name, expression
            for variant in expression.variants:
                yield from selections(variant.value)


def keys_of(selection: ast.SelectExpression) -> set[str]:
    """Return the names of the cases of a selection."""
    return {
        key.name if isinstance(key, ast.Identifier) else str(key.value)
        for key in (variant.key for variant in selection.variants)
    }


def uncounted(pattern: ast.Pattern, language: str, selected: frozenset[str]) -> Iterator[str]:
    """Yield each count that precedes a plural noun outside the plural case."""
    elements = pattern.elements
    for element, after in zip(elements, [*elements[1:], None], strict=True):
        expression = element.expression if isinstance(element, ast.Placeable) else None
        if isinstance(expression, ast.SelectExpression):
            name = expression.selector
            assert isinstance(name, ast.VariableReference)
            for variant in expression.variants:
                many = selected | {name.id.name} if variant.default else selected
                yield from uncounted(variant.value, language, many)
        if isinstance(expression, ast.VariableReference) and isinstance(after, ast.TextElement):
            name_of = expression.id.name
            noun = PLURAL_NOUN[language].match(after.value)
            if name_of in COUNTS - selected and noun and noun[0].strip() not in UNCOUNTED:
                yield f"{name_of}{noun[0]}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_selection_by_a_count_has_a_case_for_one(language: str) -> None:
    counted = [
        (key, name, keys_of(selection))
        for key, pattern in CATALOGS[language].items()
        for name, selection in selections(pattern)
        if name in COUNTS
    ]
    assert len(counted) > 100
    incomplete = {
        (key, name)
        for key, name, cases in counted
        if not {"one", "other"} <= cases
        and not (key.startswith(("refusal-holders", "refusal-ch", "refusal-ask")))
    }
    assert incomplete == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_noun_in_the_plural_is_counted_in_a_case_of_its_own(language: str) -> None:
    nouns = {
        (key, noun)
        for key, pattern in CATALOGS[language].items()
        if key not in ALWAYS_MANY
        for noun in uncounted(pattern, language, frozenset())
    }
    assert nouns == set()


def retired(language: str) -> list[str]:
    """Return the retired words of a language from the glossary."""
    section = GLOSSARY.read_text(encoding="utf-8").split("## Retired words of the messages")[1]
    return section.split(f"```text {language}\n")[1].split("```")[0].split("\n")[:-1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_has_a_retired_word(language: str) -> None:
    words = retired(language)
    assert len(words) > 10
    text = (ROOT / "text" / f"{language}.ftl").read_text(encoding="utf-8")
    values = "\n".join(re.sub(r"^[a-z][\w-]* =", "", line) for line in text.split("\n"))
    spoken = re.sub(r"(?m)^#.*$|\{ \$[a-z_]+(?: ->)?|^ *\*?\[\w+\]", "", values)
    uses = [word for word in words if re.search(rf"(?i)\b{re.escape(word)}\b", spoken)]
    assert uses == []
