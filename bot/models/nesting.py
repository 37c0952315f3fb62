"""The depth of JSON, measured before a parser recurses into it."""

import re

DEEPEST = 200
"""No payload of a job and no value of a button is nested deeper."""

# A string that is still open at the end of the text is one token, so this stays linear.
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
