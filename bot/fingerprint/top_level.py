"""The top-level members of a JSON object, with the position of each value in the text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.models.nesting import is_too_deep

_SPACE = re.compile(r"[ \t\n\r]*")


def _refuse(constant: str) -> object:
    raise ValueError(constant)


# JSON has no NaN and no Infinity, but Python's decoder accepts NaN and Infinity by default.
_DECODER = json.JSONDecoder(parse_constant=_refuse)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object; `start` and `end` are the limits of its value in the text."""

    key: str
    value: object
    start: int
    end: int


def members(text: str) -> list[Member] | None:
    """Return the object's members in order, or None if the text is not one valid JSON object."""
    try:
        return list(_members(text))
    except ValueError:
        return None


def leading_values(text: str) -> dict[str, object]:
    """Return the values by key. In a cut or invalid text, read up to the first fault.

    If a key occurs several times, its last value counts, as in PHP.
    """
    values: dict[str, object] = {}
    try:
        for member in _members(text):
            values[member.key] = member.value
    except ValueError:
        return values
    return values


def _members(text: str) -> Iterator[Member]:
    if is_too_deep(text):
        raise ValueError("too deep")
    at = _after(text, "{", _skip(text, 0))
    if text[at : at + 1] != "}":
        while True:
            if text[at : at + 1] != '"':
                raise ValueError(at)
            key, at = _DECODER.raw_decode(text, at)
            start = _after(text, ":", _skip(text, at))
            value, end = _DECODER.raw_decode(text, start)
            yield Member(key, value, start, end)
            at = _skip(text, end)
            if text[at : at + 1] != ",":
                break
            at = _skip(text, at + 1)
    if _after(text, "}", at) != len(text):
        raise ValueError(at)


def _skip(text: str, at: int) -> int:
    """Return the position of the first character after the white space."""
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def _after(text: str, mark: str, at: int) -> int:
    """Return the position after the mark and white space; raises `ValueError` without the mark."""
    if text[at : at + 1] != mark:
        raise ValueError(at)
    return _skip(text, at + 1)
