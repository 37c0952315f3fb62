"""Measure the nesting of JSON before a recursive parser reads the JSON."""

import re

DEEPEST = 200
"""The deepest nesting that a job's payload or a button's value can have."""

# A string without a closing quote is one token, so the time stays linear.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)


def is_too_deep(text: str, deepest: int = DEEPEST) -> bool:
    """Return whether the brackets of a JSON text are nested deeper than `deepest`."""
    if text.count("[") + text.count("{") <= deepest:
        return False
    depth = 0
    for token in _TOKEN.finditer(text):
        mark = token.group()[0]
        if mark in "{[":
            depth += 1
            if depth > deepest:
                return True
        elif mark in "}]":
            depth = max(0, depth - 1)
    return False
