"""What an error of MariaDB, MySQL or SQLite means."""

from sqlalchemy.exc import DBAPIError, IntegrityError

# dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and MariaDB's error codes
# 1412: a table was altered or truncated after a read created its snapshot.
# 1684: a table is being created or altered while its definition is read.
_CONFLICT = {1213, 1047, 1412, 1684}
# A table, a column, an index name or a row that already exists.
_DUPLICATE = {1050, 1060, 1061, 1062}
_LOST = {2003, 2006, 2013, 2055, 1053, 1927, 4031}
_SLOW = {1205, 1969, 3024, 1317, 3572}
_FULL = {1040, 1203, 1226}
_READ_ONLY = {1290, 1792, 1836}
# A column refused a value, a row violated a key or a constraint, or a trigger raised an error.
_ROW_REFUSED = {
    *(1048, 1062, 1216, 1217, 1264, 1265, 1292, 1364, 1365, 1366, 1406, 1411, 1451, 1452),
    *(1525, 1526, 1557, 1586, 1644, 1690, 1761, 1762, 3140, 3141, 3819, 3903, 4025),
}
_NO_SAVEPOINT = 1305
_DENIED = {1142, 1143}
_NO_ACCESS = {1044, 1045, 1049, 2002, 2026}


def error_number(error: DBAPIError) -> int:
    """Return the server's error number, or 0 if the error has no number (SQLite)."""
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def server_message(error: DBAPIError) -> str:
    """Return the server's own message, which may contain values of the row."""
    arguments = getattr(error.orig, "args", ())
    return str(arguments[-1]) if arguments else str(error.orig)


def is_row_refused(error: DBAPIError) -> bool:
    """Whether the server refused a row because of the row's values; other rows may succeed."""
    if error_number(error) in _ROW_REFUSED:
        return True
    return isinstance(error, IntegrityError) and error_number(error) == 0


def is_id_taken(error: DBAPIError) -> bool:
    """Whether the table already has a row with the primary key of the new row."""
    words = str(error.orig)
    return (error_number(error) == 1062 and "PRIMARY" in words) or (
        words.startswith("UNIQUE constraint failed") and words.endswith(".id")
    )


def is_slow(error: DBAPIError) -> bool:
    """Whether a statement exceeded its time limit or waited too long for a lock."""
    words = str(error.orig)
    return error_number(error) in _SLOW or words.startswith(("interrupted", "database is locked"))


def is_lost(error: DBAPIError) -> bool:
    """Whether the connection, not the statement, failed."""
    return error.connection_invalidated or error_number(error) in _LOST


def is_conflict(error: DBAPIError) -> bool:
    """Whether another transaction or an altered table made the server abort this transaction."""
    return error_number(error) in _CONFLICT


def is_savepoint_missing(error: DBAPIError) -> bool:
    """Whether the transaction has no such savepoint, because the server rolled it back."""
    return error_number(error) == _NO_SAVEPOINT


def is_duplicate(error: DBAPIError) -> bool:
    """Whether MariaDB or MySQL refused a table, a column, an index or a row that exists."""
    return error_number(error) in _DUPLICATE


def is_full(error: DBAPIError) -> bool:
    """Whether the server accepts no more connections now."""
    return error_number(error) in _FULL


def is_access_denied(error: DBAPIError) -> bool:
    """Whether the account lacks a privilege on a table or a column."""
    return error_number(error) in _DENIED


def is_read_only_server(error: DBAPIError) -> bool:
    """Whether the server is read-only; another server at the same address may be writable."""
    return error_number(error) in _READ_ONLY


def is_read_only(error: DBAPIError) -> bool:
    """Whether the server or the SQLite file accepts no changes."""
    return is_read_only_server(error) or "readonly database" in str(error.orig)


def is_unreachable(error: DBAPIError) -> bool:
    """Whether the bot could not reach the server or could not log in to its database."""
    return is_lost(error) or error_number(error) in _NO_ACCESS
