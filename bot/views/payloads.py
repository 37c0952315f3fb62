"""Readable payloads: JSON with one value per line, other text unchanged."""

import json
import re

LONGEST = 100_000
"""A dialog shows only the beginning of a text with more characters than this."""

DEEPEST = 12
"""Levels that are indented; deeper indents would make a small payload a huge text."""

_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\[\]{},:"\s]+')


def lined(payload: str) -> str:
    """Return the JSON with line ends and indents; every name, text and number stays as written."""
    if len(payload) > LONGEST:
        return payload
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    return "".join(_lines(_PIECE.findall(payload)))


def _lines(pieces: list[str]) -> list[str]:
    formatted: list[str] = []
    depth = 0
    for index, piece in enumerate(pieces):
        before = pieces[index - 1] if index else ""
        opens, closes = before in ("[", "{"), piece in ("]", "}")
        depth -= closes
        if before == "," or opens != closes:
            formatted.append("\n" + "  " * min(depth, DEEPEST))
        formatted.append(": " if piece == ":" else piece)
        depth += piece in ("[", "{")
    return formatted
