"""Make payloads readable: JSON gets one value per line, and other text stays unchanged."""

import json
import re

LONGEST = 100_000
"""The most characters of a formatted text; a dialog shows only the start of longer texts."""

DEEPEST = 12
"""The most indented levels. Deeper indents would make a huge text from a small payload."""

_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\[\]{},:"\s]+')


def lined(payload: str) -> str:
    """Return the JSON with line ends and indents. Every name, text and number stays as written."""
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
