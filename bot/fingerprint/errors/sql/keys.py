"""The keys of MySQL's numbers, PostgreSQL's states and every server's sentences."""

from bot.fingerprint.errors.sql.details import detail_of
from bot.fingerprint.errors.sql.languages import number_in_english, state_in_english
from bot.fingerprint.errors.sql.mysql import MYSQL
from bot.fingerprint.errors.sql.postgres import POSTGRES
from bot.fingerprint.errors.sql.sql_server import is_sql_server, server_cause
from bot.fingerprint.errors.sql.sqlite import sqlite_cause

# These messages contain no names of tables or columns, but some drivers append details.
_NAMELESS = {
    "2006": "MySQL server has gone away",
    "2013": "Lost connection to MySQL server during query",
    "1040": "Too many connections",
    "1213": "Deadlock found when trying to get lock",
    "1205": "Lock wait timeout exceeded",
}
_CONNECTION_STATES = {"08003": "connection closed", "08006": "connection lost"}
# The application's own SQL raised these errors, and their text is the cause.
_RAISED = ("1644", "P0001")


def numbered(number: str, message: str) -> str:
    """Return the key of MySQL's number with the sentence and its names."""
    number = "2013" if number == "2055" else number
    detail = _NAMELESS.get(number)
    if detail is None:
        is_english = MYSQL.code(message) is not None
        detail = detail_of(message if is_english else number_in_english(number, message))
    return detail if number in _RAISED and " " in detail else f"MySQL {number}: {detail}"


def stated(state: str, message: str) -> str:
    """Return the key of an SQLSTATE with the sentence and its names."""
    known = POSTGRES.code(message)
    if known == state and state in _CONNECTION_STATES:
        return f"SQLSTATE {state}: {_CONNECTION_STATES[state]}"
    detail = detail_of(message if known is not None else state_in_english(state, message))
    return detail if state in _RAISED and " " in detail else f"SQLSTATE {state}: {detail}"


def sentence_cause(words: str) -> str | None:
    """Return the cause of a text that begins with a server's sentence."""
    if is_sql_server(words):
        return server_cause(words)
    if (sqlite := sqlite_cause(words)) is not None:
        return sqlite
    if (number := MYSQL.code(words)) is not None:
        return numbered(number, words)
    state = POSTGRES.code(words)
    return stated(state, words) if state is not None else None
