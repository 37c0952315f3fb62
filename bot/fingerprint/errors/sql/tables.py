"""The table that an error is about if the server's sentence does not name it."""

import re

_NAME = r"[`\"\[{]?(?:\w{1,64}[`\"\]]?\.[`\"\[]?){0,2}(?P<table>\w{1,64}\b)(?!\.\.\.)"
# PostgreSQL names the table itself.
_RELATION = re.compile(
    r"\bwhile \w{3,12} tuple \(\d{1,12},\d{1,9}\) in relation \"(?P<table>[^\"\n]{1,64})\""
)
_STATEMENT = re.compile(
    r"(?:\A(?:\w{2,40}: )?|SQL: |SQL \[|\bsql: ['\"]|transaction: |(?:query|executed) was: "
    r"|executing (?:(?:a |the )?query:? |['\"])|[(,] ?'| - |\n(?:: )?|restarting transaction: "
    r"|Invalid query: "
    # WordPress in the language of the shop
    r"|transaction (?:\S{1,12} ){1,4})\s{0,5}"
    r"(?:update|insert\s+(?:ignore\s+)?into|delete\s+from|replace\s+into"
    r"|select\b[^\n]{0,300}?\bfrom)"
    # A trace cuts long values, so that only a part of the table's name is left.
    rf"\s+{_NAME}",
    re.IGNORECASE,
)
# Without words before it, only a statement's form tells it from a sentence.
_BARE = re.compile(
    rf"\b(?:update\s+(?:only\s+|ignore\s+)?(?={_NAME.replace('?P<table>', '')}[`\"\]}}]?"
    r"(?:\s+(?:as\s+)?\w{1,30})?\s+set\b)"
    rf"|(?:insert\s+(?:ignore\s+)?|replace\s+|merge\s+)into\s+|delete\s+from\s+){_NAME}",
    re.IGNORECASE,
)


def table_of(text: str) -> str | None:
    """Return the table that an error's text names as locked, or that of its statement."""
    for pattern in (_RELATION, _STATEMENT, _BARE):
        if (match := pattern.search(text)) is not None:
            return match["table"].lower()
    return None
