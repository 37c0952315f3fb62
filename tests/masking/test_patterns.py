"""Every pattern takes linear time: each repeat is bounded, or repeats one set of characters."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import bot.masking

PARSER: Any = importlib.import_module("re._parser")
CONSTANTS: Any = importlib.import_module("re._constants")
REPEATS = (CONSTANTS.MAX_REPEAT, CONSTANTS.MIN_REPEAT)
MOST_NESTED = 3_000
"""The greatest number of characters that nested repeats may read again from one place."""
REST = {"_PRIVATE_KEY"}
"""It reads to the end of the text only once, because no further match can begin there."""


def patterns() -> list[tuple[str, re.Pattern[str]]]:
    modules = [
        importlib.import_module(f"bot.masking.{module.name}")
        for module in pkgutil.iter_modules(bot.masking.__path__)
    ]
    return [
        (name, value)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    ]


def repeats(parsed: Any, depth: int = 1) -> Iterator[tuple[int, int]]:
    """Yield the greatest length of each repeat, times the repeats around it, and their product."""
    for operation, argument in parsed:
        within = depth
        if operation in REPEATS:
            within = depth * (1 if argument[1] is CONSTANTS.MAXREPEAT else max(1, int(argument[1])))
            yield (10**9 if argument[1] is CONSTANTS.MAXREPEAT else within), depth
            yield from repeats(argument[2], within)
        else:
            for part in _parts(operation, argument):
                yield from repeats(part, within)


def _parts(operation: Any, argument: Any) -> list[Any]:
    if operation is CONSTANTS.SUBPATTERN:
        return [argument[3]]
    if operation is CONSTANTS.BRANCH:
        return list(argument[1])
    if operation in (CONSTANTS.ASSERT, CONSTANTS.ASSERT_NOT):
        return [argument[1]]
    if operation is CONSTANTS.GROUPREF_EXISTS:
        return [part for part in argument[1:] if part]
    return []


@pytest.mark.parametrize(("name", "pattern"), patterns())
def test_no_unbounded_repeat_is_nested_in_another_repeat(
    name: str, pattern: re.Pattern[str]
) -> None:
    for most, depth in repeats(PARSER.parse(pattern.pattern, pattern.flags)):
        nested = depth > 1
        assert not nested or most <= MOST_NESTED or name in REST, (name, most)


def test_the_check_finds_an_unbounded_repeat() -> None:
    bad = [most for most, depth in repeats(PARSER.parse(r"(?:a+b?){2,9}")) if depth > 1]
    assert max(bad) > MOST_NESTED
