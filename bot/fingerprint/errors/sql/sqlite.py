"""SQLite's sentences, which its drivers write in brackets, behind a code or alone."""

import re

_SENTENCE = re.compile(
    r"(?:(?:General error: )?\d{1,3} |\[SQLITE_\w{1,30}\] [^(\n]{1,200}\(|SQLITE_[A-Z_]{1,30}: )?"
    r"(?P<text>database (?:is locked|table is locked|schema is locked|or disk is full"
    r"|disk image is malformed)|unable to open database file|attempt to write a readonly database"
    r"|FOREIGN KEY constraint failed|(?:UNIQUE|NOT NULL|CHECK) constraint failed"
    r"(?:: (?:index '\w{1,64}'|[\w.]{1,130}(?:, [\w.]{1,130}){0,15}|[^\n()]{1,130}?(?= \(|\Z|\n)))?"
    r"|disk I/O error|file is (?:not a database|encrypted or is not a database)"
    r"|no such (?:table|column|function|index|savepoint|collation sequence): [\w.]{1,130}"
    r"|(?:table|index) [\w\"]{1,64} already exists|table \w{1,64} has no column named \w{1,64}"
    r"|table \w{1,64} has \d{1,4} columns but \d{1,4} values were supplied"
    r"|ambiguous column name: [\w.]{1,130}|duplicate column name: \w{1,64}|too many SQL variables"
    r"|datatype mismatch(?=\Z|\n| \(|[)'])"
    r"|cannot (?:start|commit|rollback)[^\n]{0,20} transaction\b[^\n]{0,60}"
    r"|near \"(?P<near>[^\"\n]{1,60})\": syntax error"
    r"|ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint)"
)


def sqlite_cause(text: str) -> str | None:
    """Return the key of a text that begins with SQLite's words, or None."""
    match = _SENTENCE.match(text)
    if match is None:
        return None
    if match["near"] is not None:
        return "SQLite: near #: syntax error"
    return f"SQLite: {match['text']}"
