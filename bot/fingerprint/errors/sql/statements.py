"""Remove the statement and its values, which often are texts of errors themselves.

A job that could not save an answer in a table of logs failed because of the database, whatever the
answer says.
"""

import re
from itertools import islice

from bot.fingerprint.errors.parts.hints import hints_at

_HINTS = (
    *("sql", "insert into", "update ", "delete from", "replace into", "select "),
    *("query: ", "detail: ", "duplicate entry '", "while executing"),
)
# Only the form tells a statement from a sentence.
STATEMENT = (
    r"(?i:insert\s+(?:ignore\s+)?into\s|update\s+[`\"\[\]\w.]{1,130}\s+set\s|delete\s+from\s"
    r"|replace\s+into\s|select\s[^\n]{1,400}?\sfrom\s|with\s\w{1,60}\s+as\s|merge\s+into\s)"
)
# Knex writes the statement first, Doctrine also its values.
_STATEMENT_FIRST = re.compile(rf"(?:Error: |error: )?{STATEMENT}")
_WORDS = re.compile(r" - (?=[A-Z@][A-Za-z_\d]{1,}|[a-z]{2,}[ ,/])")
_TRIES = 20
_DOCTRINE = re.compile(
    r"\AAn exception occurred while executing .{1,1900}?[\]'\"]:\n\n(?=\S)", re.DOTALL
)
# Laravel writes the server's address before the statement.
_AFTER = re.compile(
    r" \(Connection: [^,\n]{1,80}, SQL: |(?:,| \() ?SQL: "
    r"| \(SQL was:|, query was: | - Invalid query: | SQL=|\n\[(?:SQL|parameters): "
    r"|\n(?:The SQL being executed was|Query): |\n {0,4}(?:DETAIL|CONTEXT|Detail|Where): "
    rf"|(?: for query |: |; |\] ?|\n){STATEMENT}"
)
# The value of an error that names it; it can contain quotes and line ends. Python's driver adds the
# error of the socket.
_VALUES = (
    (re.compile(r"(Duplicate entry )'.{0,900}' (for key)", re.DOTALL), r"\1'1' \2"),
    (re.compile(r"(Incorrect \w{1,20} value: )'.{0,900}?' (for )", re.DOTALL), r"\1'1' \2"),
    (re.compile(r"(MySQL server has gone away|during query) \([^\n]{1,200}\)"), r"\1"),
)
_ERROR = "Query error: "


def without_statement(message: str) -> str:
    """Return the message of a database's error without the statement and its values.

    What shows that the text is a database's stays, as words that the rules of databases know.
    """
    if not hints_at(message, _HINTS):
        return message
    message = _DOCTRINE.sub("", message)
    words = _behind_statement(message)
    is_behind, message = words is not None, words or message
    after = _AFTER.search(message)
    lead = _ERROR if is_behind or (after is not None and after.group() == " SQL=") else ""
    message = lead + (message[: after.start()] if after and after.start() else message)
    for pattern, common in _VALUES:
        message = pattern.sub(common, message)
    return message


def _behind_statement(message: str) -> str | None:
    """Return the words behind a statement and a hyphen, which its values may contain, too."""
    if _STATEMENT_FIRST.match(message) is None:
        return None
    line = message.partition("\n")[0]
    for hyphen in islice(_WORDS.finditer(line), _TRIES):
        if line.count("'", 0, hyphen.start()) % 2 == 0:
            return message[hyphen.end() :]
    return None
