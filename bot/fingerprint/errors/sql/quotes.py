"""A server's words inside a text of any program, and the classes of databases' drivers."""

import re
from itertools import islice

from bot.fingerprint.errors.parts.values import with_lead
from bot.fingerprint.errors.sql.keys import numbered, sentence_cause
from bot.fingerprint.errors.sql.mysql import MYSQL
from bot.fingerprint.errors.sql.statements import STATEMENT

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


def quoted_cause(message: str, class_name: str | None) -> str | None:
    """Return the cause of a server's words inside a text of any program.

    WordPress quotes MySQL's words behind words in the shop's language.
    """
    if _DATABASE_ERROR.search(message, 0, 200) and (part := MYSQL.inside(message)) is not None:
        statement = _FOR_QUERY if _FOR_QUERY.search(part[1]) else _BEFORE_STATEMENT
        return numbered(part[0], statement.split(part[1], maxsplit=1)[0])
    is_driver = class_name is not None and is_database(class_name)
    if not is_driver and not _quotes_server(message):
        return None
    for separator in islice(_SEPARATOR.finditer(message, 0, 1_200), _TRIES):
        cause = sentence_cause(message[separator.end() :])
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


def is_database(class_name: str) -> bool:
    """Whether a class is that of a database's driver or mapper."""
    if class_name in _ANY_ERROR or class_name.endswith(_DRIVER_ENDS):
        return True
    lower = class_name.lower()
    for word in _DRIVER_WORDS:  # noqa: SIM110 as above
        if word in lower:
            return True
    return False
