"""Database errors: one key for an error number or state, whatever wrote the words around it."""

import re
from itertools import islice

from bot.fingerprint.error_envelope import ErrorText
from bot.fingerprint.error_sql_db2 import db2_cause
from bot.fingerprint.error_sql_details import detail_of
from bot.fingerprint.error_sql_drivers import Report, prisma_report, report_of
from bot.fingerprint.error_sql_languages import (
    FOREIGN_MYSQL,
    FOREIGN_POSTGRES,
    number_in_english,
    state_in_english,
)
from bot.fingerprint.error_sql_mysql import MYSQL
from bot.fingerprint.error_sql_postgres import POSTGRES, condition_state
from bot.fingerprint.error_sql_server import is_sql_server, prefixed_text, server_cause
from bot.fingerprint.error_sql_sqlite import sqlite_cause
from bot.fingerprint.error_sql_statements import STATEMENT
from bot.fingerprint.error_sql_tables import table_of
from bot.fingerprint.error_values import with_lead

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
# The classes of drivers and mappers end in these words, or contain one of them in any case.
_DRIVER_ENDS = (
    *("OperationalError", "IntegrityError", "ProgrammingError", "InternalError", "DataError"),
    *("DatabaseError", "InterfaceError", "DriverException", "PDOException"),
)
_ANY_ERROR = ("Error", "error", "RuntimeException")
_DRIVER_WORDS = (
    *("sql", "pgexc", "postgre", "psycopg", "asyncpg", "exqlite", "r2dbc", "jdbc", "database"),
    *("pg::", "dibi", "dbal", "query", "constraint", "integrity", "dataaccess", "deadlock"),
    *("activerecord", "sequel", "violation", "dml_", "prisma"),
)
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
# Words of a server that no other program writes: a text that quotes them is about a database.
_QUOTED = (
    *("Duplicate entry '", "Deadlock found when", "Lock wait timeout", "Unknown column '"),
    *("server has gone away", "right syntax to use near", "' cannot be null"),
    *("have a default value", " for column '", "foreign key constraint fails"),
    *(
        "duplicate key value violates",
        "violates foreign key",
        "violates not-null",
        "violates check",
    ),
    *('relation "', '" of relation ', "deadlock detected", "canceling statement due"),
    *("KEY constraint '", "was deadlocked on", "Invalid object name '", "Invalid column name '"),
    *(" constraint failed", "no such table: ", "no such column: ", "database is locked"),
    *("database table is locked", "readonly database", "database file", "database disk image"),
    " SQL=",
)
_SEPARATOR = re.compile(r"(?:\A\d{4} |:\s{1,3}|; |\] |\) |- |\(|\[|['\"`]|\n)(?=[A-Za-z'])")
_TRIES = 24
_SENTENCE = 3
"""A text with at least this number of spaces names a cause."""
# A program in Go or a driver wrote these words, which only name the activity.
_ACTIVITY = re.compile(
    r"(?:[a-z][\w ./-]{1,60}: ){1,4}\Z|(?:Query|SQL|DB|Database) [Ee]rror: \Z|\d{4} \Z"
)
_DATABASE_ERROR = re.compile(
    r"WordPress|atabase error|base de (?:données|datos)|Datenbank|banco de dados|sul database"
)
# WordPress writes the statement behind these words in the language of the shop.
_FOR_QUERY = re.compile(
    r" (?:for query|(?:para|de) la consulta|(?:pour|à) la requête|para a consulta|per la query"
    r"|(?:für|bei) (?:die |der )?\w{0,12}[Aa]bfrage) "
)
_BEFORE_STATEMENT = re.compile(
    r"(?: [^\s'\"`]{1,12}){1,4} "
    rf"(?={STATEMENT})"
)
_CONNECTING = re.compile(r"(?:Connection refused|Connection timed out|No such file or directory)\Z")
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
    cause = _cause(error)
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
        return _numbered(error.code, message)
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
    return _stated(pgx["state"], pgx["text"]) if pgx is not None else None


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
    return _of_report(report, error) or _of_quoted(message, error.class_name)


def _of_report(report: Report, error: ErrorText) -> str | None:
    """Return the cause of words behind a driver's words, or of a driver's class."""
    words = report.words
    values = _TUPLE.match(words)
    if values is not None:
        return _numbered(values["no"], values["text"])
    if (prefixed := prefixed_text(words)) is not None or is_sql_server(words):
        return server_cause(prefixed or words)
    is_driver = error.class_name is None or _is_database(error.class_name)
    if not is_driver and not report.before:
        return None
    cause = sqlite_cause(words) or _of_catalogues(report, error)
    if cause is None and error.class_name is not None and is_driver and _CONNECTING.match(words):
        return f"MySQL 2002: {words}"
    return cause


def _of_catalogues(report: Report, error: ErrorText) -> str | None:
    """Return the cause by the number or the state before the words, or by the words."""
    words = report.words
    if report.number is not None:
        return _numbered(report.number, words)
    number = MYSQL.code(words) or FOREIGN_MYSQL.code(words)
    if number is not None and error.code in (None, number):
        return _numbered(number, words)
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
        return _stated(state, words)
    # No catalogue has the sentences of an application's own procedures.
    is_sentence = report.is_of_database and words.count(" ") >= _SENTENCE
    return detail_of(words) if is_sentence else None


def _of_quoted(message: str, class_name: str | None) -> str | None:
    """Return the cause of a server's words inside a text of any program.

    WordPress quotes MySQL's words behind words in the shop's language.
    """
    if _DATABASE_ERROR.search(message, 0, 200) and (part := MYSQL.inside(message)) is not None:
        statement = _FOR_QUERY if _FOR_QUERY.search(part[1]) else _BEFORE_STATEMENT
        return _numbered(part[0], statement.split(part[1], maxsplit=1)[0])
    is_driver = class_name is not None and _is_database(class_name)
    if not is_driver and not _quotes_server(message):
        return None
    for separator in islice(_SEPARATOR.finditer(message, 0, 1_200), _TRIES):
        cause = _of_sentence(message[separator.end() :])
        if cause is not None:
            before = message[: separator.end()]
            return cause if is_driver or _ACTIVITY.match(before) else with_lead(before, cause)
    return None


def _quotes_server(message: str) -> bool:
    # A loop is faster than `any` with a generator.
    for words in _QUOTED:  # noqa: SIM110 as above
        if words in message:
            return True
    return False


def _of_sentence(words: str) -> str | None:
    """Return the cause of a text that begins with a server's sentence."""
    if is_sql_server(words):
        return server_cause(words)
    if (sqlite := sqlite_cause(words)) is not None:
        return sqlite
    if (number := MYSQL.code(words)) is not None:
        return _numbered(number, words)
    state = POSTGRES.code(words)
    return _stated(state, words) if state is not None else None


def _is_database(class_name: str) -> bool:
    if class_name in _ANY_ERROR or class_name.endswith(_DRIVER_ENDS):
        return True
    lower = class_name.lower()
    for word in _DRIVER_WORDS:  # noqa: SIM110 as above
        if word in lower:
            return True
    return False


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
    return _numbered(number, message)


def _numbered(number: str, message: str) -> str:
    number = "2013" if number == "2055" else number
    detail = _NAMELESS.get(number)
    if detail is None:
        is_english = MYSQL.code(message) is not None
        detail = detail_of(message if is_english else number_in_english(number, message))
    return detail if number in _RAISED and " " in detail else f"MySQL {number}: {detail}"


def _stated(state: str, message: str) -> str:
    known = POSTGRES.code(message)
    if known == state and state in _CONNECTION_STATES:
        return f"SQLSTATE {state}: {_CONNECTION_STATES[state]}"
    detail = detail_of(message if known is not None else state_in_english(state, message))
    return detail if state in _RAISED and " " in detail else f"SQLSTATE {state}: {detail}"


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
        return _numbered(number, text)
    return _stated(state, text)
