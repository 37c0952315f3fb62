"""Database errors: one key for an error number or state, whatever wrote the words around it."""

import re

from bot.fingerprint.errors.sql.db2 import db2_cause
from bot.fingerprint.errors.sql.details import detail_of
from bot.fingerprint.errors.sql.drivers import Report, prisma_report, report_of
from bot.fingerprint.errors.sql.keys import numbered, stated
from bot.fingerprint.errors.sql.languages import FOREIGN_MYSQL, FOREIGN_POSTGRES
from bot.fingerprint.errors.sql.mysql import MYSQL
from bot.fingerprint.errors.sql.postgres import POSTGRES, condition_state
from bot.fingerprint.errors.sql.quotes import is_database, quoted_cause
from bot.fingerprint.errors.sql.sql_server import is_sql_server, prefixed_text, server_cause
from bot.fingerprint.errors.sql.sqlite import sqlite_cause
from bot.fingerprint.errors.sql.tables import table_of
from bot.fingerprint.errors.stored.envelope import ErrorText

_STATE = re.compile(r"SQLSTATE\[(?P<state>\w{1,8})\](?: ?\[(?P<no>-?\d{1,6})\])?:? ?")
_TITLED = re.compile(r"(?:[A-Z<][A-Za-z ,/'<>-]{2,80}: )?(?P<no>-?\d{1,6}) (?P<text>.+)", re.DOTALL)
_TITLE = re.compile(r"[A-Z][A-Za-z ,/'-]{2,60}: ")
# Go's `pgx` writes the state last.
_STATE_AT_END = re.compile(
    r"\b(?:ERROR|FATAL): (?P<text>[^\n]{1,600}) \(SQLSTATE (?P<state>\w{5})\)[)\s]{0,3}(?:\n|\Z)"
)
# Sequelize hides the server's words in a property, which Node.js prints after the frames.
_SEQUELIZE = re.compile(
    r"\n\s{1,8}(?:\[?parent\]?|\[?original\]?): [Ee]rror: (?P<text>[^\n]{5,600})"
)
# Programs in Go write what they did before the driver and the server.
_WRAPPED = re.compile(r": (?=(?:pq|mssql): |Error \d{4}(?: \(\w{5}\))?: )")
_SQL_SERVER_CLASSES = re.compile(r"SQLServerException\Z|\bSqlException\Z|pymssql|MSSQL")
# CodeIgniter throws the server's number as the code.
_CODEIGNITER_DRIVER = re.compile(r"[\\/]Database[\\/](?:MySQLi[\\/]|Base)Connection\.php")
# The text before the message: CodeIgniter's first words, or a function of a PHP driver.
_DRIVER = re.compile(
    r"(?:Unable to connect to the database\.\s{1,3}Main connection \[\w{1,20}\]: "
    r"|(?:mysqli|PDO|PDOStatement)(?:::|_)\w{1,40}\(\): )"
    r"(?:\((?:\w{5}/)?(?P<no>\d{4})\): )?"
)
_TUPLE = re.compile(
    r"\((?P<no>\d{4}), (?P<quote>[\"'])(?P<text>.{0,800}?)(?P=quote)\)",
    re.DOTALL,
)
# These words are PostgreSQL's, even in a text without a class.
_ONLY_POSTGRES = (
    *('relation "', "duplicate key value violates", 'null value in column "', "deadlock detected"),
    *('insert or update on table "', 'update or delete on table "', "could not serialize access"),
    *('column "', "permission denied for table", "new row for relation", 'prepared statement "'),
)
_SENTENCE = 3
"""A text with at least this number of spaces names a cause."""
_CONNECTING = re.compile(r"(?:Connection refused|Connection timed out|No such file or directory)\Z")
# PostgreSQL does not write the table until version 12.
_WITHOUT_TABLE = "SQLSTATE 23502: null value in column '"
_LOCK = re.compile(
    r"(?:MySQL (?:1213|1205)|SQLSTATE (?:40P01|55P03))\b"
    r"|SQL Server: (?:.*deadlock|Lock request time out)"
)


def sql_cause(error: ErrorText) -> str | None:
    """Return `MySQL 1062: …` or `SQLSTATE 23505: …` with the error's names, or None otherwise.

    Deadlocks on different tables have different causes. Often only the trace tells them apart.
    """
    cause = _cause(error) or _lock_cause(error.message)
    if cause is None:
        return None
    if cause.startswith(_WITHOUT_TABLE) and " of relation " not in cause:
        table = table_of(error.text)
        return cause.replace("' violates", f"' of relation '{table}' violates") if table else cause
    if not _LOCK.match(cause):
        return cause
    table = table_of(error.text)
    if table is not None:
        return f"{cause} on {table}"
    return f"{cause} in {error.app_file}" if error.app_file else cause


def has_lock_words(message: str) -> bool:
    """Whether MySQL's words about a lock are in the text; no other program writes them."""
    return "Lock wait timeout exceeded" in message or "Deadlock found when" in message


def _lock_cause(message: str) -> str | None:
    if not has_lock_words(message):
        return None
    return numbered("1205" if "Lock wait timeout exceeded" in message else "1213", "")


def _cause(error: ErrorText) -> str | None:
    message = error.message
    if (db2 := db2_cause(message)) is not None:
        return db2
    if (prefixed := prefixed_text(message)) is not None:
        return server_cause(prefixed)
    if _SQL_SERVER_CLASSES.search(error.class_name or ""):
        words = report_of(message).words
        return server_cause(prefixed_text(words) or words)
    if error.code is not None and _CODEIGNITER_DRIVER.search(error.text) and len(error.code) == 4:
        return numbered(error.code, message)
    driver = _DRIVER.match(message)
    if driver is not None:
        return _of_driver(driver["no"], message[driver.end() :])
    return _of_state(message) or _of_text(error, message)


def _of_state(message: str) -> str | None:
    """Return the cause of a message with its SQLSTATE, in brackets or at the end."""
    match = _STATE.search(message)
    if match is not None:
        # Words before the state name an activity, and every activity has the state's cause.
        return _state_cause(match["state"], match["no"], message[match.end() :])
    pgx = _STATE_AT_END.search(message) if "(SQLSTATE " in message else None
    return stated(pgx["state"], pgx["text"]) if pgx is not None else None


def _of_text(error: ErrorText, message: str) -> str | None:
    """Return the cause for a server's message that has no SQLSTATE in brackets."""
    report = None
    if message.startswith(("Raw query failed", "ConnectorError(")):
        report = prisma_report(error.text)
    if message == "Validation error" and (inner := _SEQUELIZE.search(error.text)) is not None:
        message = inner["text"]
    if report is None:
        wrapped = _WRAPPED.search(message)
        report = report_of(message[wrapped.end() :] if wrapped else message)
    return _of_report(report, error) or quoted_cause(message, error.class_name)


def _of_report(report: Report, error: ErrorText) -> str | None:
    """Return the cause of words behind a driver's words, or of a driver's class."""
    words = report.words
    values = _TUPLE.match(words)
    if values is not None:
        return numbered(values["no"], values["text"])
    if (prefixed := prefixed_text(words)) is not None or is_sql_server(words):
        return server_cause(prefixed or words)
    is_driver = error.class_name is None or is_database(error.class_name)
    if not is_driver and not report.before:
        return None
    cause = sqlite_cause(words) or _of_catalogues(report, error)
    if cause is None and error.class_name is not None and is_driver and _CONNECTING.match(words):
        return f"MySQL 2002: {words}"
    return cause


def _of_catalogues(report: Report, error: ErrorText) -> str | None:
    """Return the cause by the number or the state before the words, or by the words."""
    words = report.words
    if report.number is not None and report.is_of_database:
        return numbered(report.number, words)
    number = MYSQL.code(words) or FOREIGN_MYSQL.code(words)
    if number is not None and error.code in (None, number):
        return numbered(number, words)
    is_named = error.class_name is not None or report.before != ""
    state = None
    if is_named or words.startswith(_ONLY_POSTGRES):
        state = POSTGRES.code(words)
    state = (
        state
        or FOREIGN_POSTGRES.code(words)
        or report.state
        or condition_state(f"{error.class_name} {report.before}")
    )
    if state is not None:
        return stated(state, words)
    # No catalogue has the sentences of an application's own procedures.
    is_sentence = report.is_of_database and words.count(" ") >= _SENTENCE
    return detail_of(words) if is_sentence else None


def _of_driver(number: str | None, message: str) -> str:
    """Return the cause for a MySQL error that a driver reports after a function's name."""
    if number is None:
        number = MYSQL.code(message)
    if number is None:
        return (
            f"MySQL 2002: {message}"
            if _CONNECTING.match(message)
            else f"MySQL: {detail_of(message)}"
        )
    return numbered(number, message)


def _state_cause(state: str, number: str | None, text: str) -> str:
    if number is None:
        titled = _TITLED.match(text)
        if titled is not None:
            number, text = titled["no"], titled["text"]
        elif (title := _TITLE.match(text)) is not None:
            text = text[title.end() :]
    if (sqlite := sqlite_cause(text)) is not None:
        return sqlite
    if is_sql_server(text):
        return server_cause(text)
    if state.startswith("08") and (words := report_of(text)).before:
        # The state says only that there is no connection; the server's words give the reason.
        text = words.words
        state = POSTGRES.code(text) or state
    if number == "7" and state == "HY000":
        text = report_of(text).words
        state = POSTGRES.code(text) or state
    # Numbers from 1000 are MySQL's, and from 2000 its client's.
    if number is not None and len(number) == 4 and number.isdigit():
        return numbered(number, text)
    return stated(state, text)
