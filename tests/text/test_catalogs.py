"""Both catalogs have the same keys, and exactly the keys that the code uses."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fluent.syntax import FluentParser, ast

import bot
from bot.app.command import find_commands
from bot.text import LANGUAGES

ROOT = Path(bot.__file__).parent
CODE = {path: path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.py"))}
LITERAL = re.compile(r"""(?<![\w])["']([a-z][a-zA-Z0-9_-]*)["']""")
# Words, hyphens and one or two values; values alone would match every key.
MADE = re.compile(r"""f["']((?:[a-z-]+-(?:\{[^{}]*\}-?){1,2}[a-z-]*|\{[^{}]*\}-[a-z-]+))["']""")


VARIABLE = re.compile(r"\$([a-z_]+)")


def catalog(language: str) -> dict[str, set[str]]:
    """Return the variables of every message by key; fail on an entry that does not parse."""
    text = (ROOT / "text" / f"{language}.ftl").read_text(encoding="utf-8")
    entries = FluentParser().parse(text).body
    variables: dict[str, set[str]] = {}
    for entry in entries:
        assert not isinstance(entry, ast.Junk), entry.content
        if isinstance(entry, ast.Message):
            assert entry.id.name not in variables, f"the catalog defines {entry.id.name} twice"
            assert entry.span is not None
            body = text[entry.span.start : entry.span.end]
            variables[entry.id.name] = set(VARIABLE.findall(body))
    return variables


CATALOGS = {language: catalog(language) for language in LANGUAGES}
KEYS = set(CATALOGS["en"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_variables(language: str) -> None:
    assert CATALOGS[language] == CATALOGS["en"]


def literals() -> set[str]:
    """Return every quoted word in the code; the names of keys are among them."""
    return {word for text in CODE.values() for word in LITERAL.findall(text)}


def families() -> Iterator[re.Pattern[str]]:
    """Yield a pattern for each key that the code composes, such as `f"help-{name}"`."""
    for path, text in CODE.items():
        if path.relative_to(ROOT).parts[0] in ("views", "background", "slack"):
            for template in MADE.findall(text):
                yield re.compile(re.sub(r"\{[^{}]*\}", "[a-z_-]+", template))


def test_every_key_is_used() -> None:
    words, patterns = literals(), list(families())
    unused = {key for key in KEYS - words if not any(family.fullmatch(key) for family in patterns)}
    assert unused == set()


def test_every_key_that_the_code_uses_is_in_the_catalogs() -> None:
    call = re.compile(r"""texts(?:\.plain)?\(\s*["']([a-z][\w-]*)["']""")
    keys = {key for text in CODE.values() for key in call.findall(text)}
    assert keys
    assert keys - KEYS == set()


def test_every_command_has_a_help_text() -> None:
    for name in find_commands():
        assert f"help-{name}" in KEYS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_uses_no_markup_but_bold(language: str) -> None:
    text = (ROOT / "text" / f"{language}.ftl").read_text(encoding="utf-8")
    values = re.sub(r"(?m)^#.*$|<#\{ \$channel \}>", "", text)
    for sign in ("<", "&", "`", "~"):
        assert sign not in values.replace("->", "")
