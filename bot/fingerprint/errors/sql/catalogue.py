"""A database's catalogue of errors: the sentence of each error number or state."""

import re
from collections.abc import Sequence

_LETTER = re.compile(r"[A-Za-z@']")


class Catalogue:
    """Find the code of a sentence; many drivers write the sentence, but not its code.

    Each line of the table has a code and the pattern of a sentence's beginning, and the first line
    that matches has the code. The lines are sorted by their first letter, because most texts are
    no sentence of a database and should cost nothing.
    """

    def __init__(self, table: str) -> None:
        """Compile a table; lines that begin with no letter can begin with any letter."""
        lines = [line.partition(" ")[::2] for line in table.splitlines() if line]
        letters = {pattern[0] for _, pattern in lines if _LETTER.match(pattern)}
        self._of_letter = {
            letter: _Sentences([line for line in lines if _can_begin(line[1], letter)])
            for letter in letters
        }
        self._other = _Sentences([line for line in lines if _can_begin(line[1], "")])
        self._all = _Sentences(lines)

    def code(self, text: str) -> str | None:
        """Return the code of a text that begins with one of the sentences, or None."""
        part = self._of_letter.get(text[:1], self._other)
        match = part.pattern.match(text)
        return part.codes[(match.lastindex or 1) - 1] if match else None

    def inside(self, text: str) -> tuple[str, str] | None:
        """Return the code and the text from the first sentence on, or None."""
        match = self._all.pattern.search(text)
        if match is None:
            return None
        return self._all.codes[(match.lastindex or 1) - 1], text[match.start() :]


class _Sentences:
    """One pattern for several lines, because it is faster; its groups stand for the codes."""

    def __init__(self, lines: Sequence[tuple[str, ...]]) -> None:
        self.codes = [line[0] for line in lines]
        self.pattern = re.compile("|".join(f"({line[1]})" for line in lines) or r"(?!)")


def _can_begin(pattern: str, letter: str) -> bool:
    return pattern[0] == letter or not _LETTER.match(pattern)
