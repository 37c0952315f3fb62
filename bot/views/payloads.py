"""A payload as people read it: JSON with a line a value, anything else as it is."""

import json
import re

LONGEST = 100_000
"""Above this many characters a dialog shows only the beginning anyway."""

DEEPEST = 12
"""Levels that are set in; deeper ones would make a small payload a huge text."""

_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{},:]|[^\[\]{},:"\s]+')


def lined(payload: str) -> str:
    """The JSON with line ends and indents; every name, text and number stays as it was written."""
    if len(payload) > LONGEST:
        return payload
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    return "".join(_lines(_PIECE.findall(payload)))


def _lines(pieces: list[str]) -> list[str]:
    shown: list[str] = []
    depth = 0
    for index, piece in enumerate(pieces):
        before = pieces[index - 1] if index else ""
        opened, closes = before in ("[", "{"), piece in ("]", "}")
        depth -= closes
        if before == "," or opened != closes:
            shown.append("\n" + "  " * min(depth, DEEPEST))
        shown.append(": " if piece == ":" else piece)
        depth += piece in ("[", "{")
    return shown
