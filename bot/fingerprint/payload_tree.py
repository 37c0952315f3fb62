"""Parse a payload's text, JSON or PHP-serialized, into plain data; it may be nested or cut."""

import json
import re

from bot.fingerprint.php_text import looks_like_php, read_php
from bot.models.nesting import is_too_deep

# A Unicode noncharacter, which no payload contains. It marks the string that a cut shortened.
CUT = "\ufdd0"

_MAX_DIGITS = 19
_MAX_OPEN = 200
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*'
# A string without an end is one token, so that parsing takes linear time.
_TOKEN = re.compile(rf'{_STRING}(?:"|\\?\Z)|[{{}}\[\],:]', re.DOTALL)
# An incomplete escape begins after an even number of backslashes.
_HALF_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?\Z")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
# JSON, or a JSON string that contains JSON or PHP-serialized data.
_ENCODED = re.compile(r'(?:"(?:\\{0,15}"){0,3}\s{0,9})?[{\[]|"(?:\\{0,15}"){0,3}[aOC]:\d')
_BROKEN = object()


def open_text(text: str) -> object:
    """Return the data in `text` up to a cut, or None if `text` has no data."""
    body = text.rstrip(CUT).strip()
    if body[:1] in ("{", "[", '"'):
        return _open_json(body)
    if looks_like_php(body):
        return read_php(body)[0]
    return None


def holds_data(text: str) -> bool:
    """Whether a string begins like nested JSON or PHP-serialized data."""
    head = text[:80].lstrip()
    return _ENCODED.match(head) is not None or looks_like_php(head)


def plain(text: str) -> str:
    """Return `text` without CUT and lone surrogates, which cannot be stored and sent."""
    return _LONE_SURROGATE.sub("\ufffd", text.rstrip(CUT))


def _open_json(text: str) -> object:
    value = _load(text)
    if value is _BROKEN:
        repaired = _repair(text)
        value = _BROKEN if repaired is None else _load(repaired)
    return None if value is _BROKEN else value


def _load(text: str) -> object:
    if is_too_deep(text):
        return _BROKEN
    try:
        value: object = json.loads(text, parse_int=_whole, strict=False)
    except (ValueError, RecursionError):
        return _BROKEN
    return value


def _whole(digits: str) -> int | str:
    """Return up to 19 digits as an integer, and more digits as text, because int() is slow."""
    return int(digits) if len(digits) <= _MAX_DIGITS + 1 else digits


def _repair(text: str) -> str | None:
    """Return a cut text with the missing closing marks; None if it is broken in another way.

    The last value is omitted with its key if it may be incomplete (a number, a word). An incomplete
    string is kept and marked with CUT, because its nested data can still be read.
    """
    closers: list[str] = []
    end = 0
    mark = ""
    for token in _TOKEN.finditer(text):
        before, mark = mark, token.group()[0]
        if mark in "{[":
            closers.append("}" if mark == "{" else "]")
            end = token.end()
            if len(closers) > _MAX_OPEN:
                return None
        elif mark in "}]":
            if not closers or closers.pop() != mark:
                return None
            end = token.end()
        elif mark == ",":
            end = token.start()
        elif mark == '"' and _is_value(before, closers):
            if not _is_closed(token.group()):
                return _finish(_without_half_escape(text) + CUT + '"', closers)
            end = token.end()
    return _finish(text[:end], closers)


def _without_half_escape(text: str) -> str:
    # Only the last 400 characters are searched; a longer run of backslashes has no useful text.
    half_escape = _HALF_ESCAPE.search(text, max(0, len(text) - 400))
    return text[: half_escape.end(1)] if half_escape else text


def _is_value(before: str, closers: list[str]) -> bool:
    return before == ":" or (bool(closers) and closers[-1] == "]") or not closers


def _is_closed(token: str) -> bool:
    if len(token) < 2 or not token.endswith('"'):
        return False
    escapes = len(token) - 1 - len(token[:-1].rstrip("\\"))
    return escapes % 2 == 0


def _finish(text: str, closers: list[str]) -> str:
    return text + "".join(reversed(closers))
