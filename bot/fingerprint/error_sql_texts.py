"""Texts of MySQL and PostgreSQL with the number or the state that some drivers leave out."""

import re

# MySQL's message catalogue; mysqli, CodeIgniter and Node.js write no number.
_MYSQL = (
    ("2006", r"MySQL server has gone away\b"),
    ("2013", r"Lost connection to (?:MySQL )?server during query"),
    ("1213", r"Deadlock found when trying to get lock"),
    ("1205", r"Lock wait timeout exceeded"),
    ("1040", r"(?:Data source rejected[^\n\"]{1,80}\")?Too many connections\b"),
    ("1062", r"Duplicate entry '"),
    ("1146", r"Table '[^'\n]{1,130}' doesn't exist"),
    ("1050", r"Table '[^'\n]{1,130}' already exists"),
    ("1036", r"Table '[^'\n]{1,130}' is read only"),
    ("1054", r"Unknown column '"),
    ("1049", r"Unknown database '"),
    ("1048", r"Column '[^'\n]{1,130}' cannot be null"),
    ("1052", r"Column '[^'\n]{1,130}' in [^\n]{1,60} is ambiguous"),
    ("1055", r"Expression #\d{1,4} of [^\n]{1,60} is not in GROUP BY"),
    ("1364", r"Field '[^'\n]{1,130}' doesn't have a default value"),
    ("1406", r"Data too long for column '"),
    ("1264", r"Out of range value for column '"),
    ("1690", r"(?:BIGINT|DOUBLE|DECIMAL)(?: UNSIGNED)? value is out of range in"),
    ("1265", r"Data truncated for column '"),
    ("1452", r"Cannot add or update a child row"),
    ("1451", r"Cannot delete or update a parent row"),
    ("1044", r"Access denied for user '[^'\n]{0,80}'@'[^'\n]{0,200}' to database"),
    ("1045", r"Access denied for user '"),
    ("1142", r"[A-Z ]{3,40} command denied to user '"),
    ("1064", r"You have an error in your SQL syntax"),
    ("1290", r"The (?:MySQL|MariaDB) server is running with the"),
    ("1969", r"Query execution was interrupted \(max_statement_time"),
    ("3024", r"Query execution was interrupted, maximum statement"),
    ("1114", r"The table '[^'\n]{1,130}' is full"),
    ("1366", r"Incorrect \w{1,20} value: '[^\n]{0,700}' for column"),
    ("1292", r"(?:Incorrect|Truncated incorrect) \w{1,20} value: '"),
    ("1267", r"Illegal mix of collations"),
    ("1242", r"Subquery returns more than 1 row"),
    ("1226", r"User '[^'\n]{1,80}' has exceeded the '"),
    ("1153", r"Got a packet bigger than"),
    ("1305", r"(?:PROCEDURE|FUNCTION|SAVEPOINT) \S{1,130} does not exist"),
    ("3819", r"Check constraint '"),
    ("2005", r"Unknown (?:MySQL|MariaDB) server host '"),
    ("1203", r"User \S{1,80} already has more than '"),
    ("1129", r"Host '[^'\n]{1,200}' is blocked because of many connection errors"),
    ("1130", r"Host '[^'\n]{1,200}' is not allowed to connect"),
    ("1317", r"Query execution was interrupted\Z"),
    ("1136", r"Column count doesn't match value count"),
    ("1091", r"Can't DROP '"),
    ("1060", r"Duplicate column name '"),
    ("1061", r"Duplicate key name '"),
    ("1071", r"Specified key was too long"),
    ("1118", r"Row size too large"),
    ("1206", r"The total number of locks exceeds the lock table size"),
    ("1231", r"Variable '[^'\n]{1,80}' can't be set to the value"),
    ("1390", r"Prepared statement contains too many placeholders"),
    ("1461", r"Can't create more than max_prepared_stmt_count statements"),
    ("1615", r"Prepared statement needs to be re-prepared"),
    ("1030", r"Got error -?\d{1,4} "),
    ("1194", r"Table '[^'\n]{1,130}' is marked as crashed"),
    ("1021", r"Disk full "),
    ("1037", r"Out of memory; restart server"),
    ("1038", r"Out of sort memory"),
    ("3140", r"Invalid JSON text"),
    ("3572", r"Statement aborted because lock\(s\) could not be acquired immediately"),
    ("1792", r"Cannot execute statement in a READ ONLY transaction"),
)
# PostgreSQL's sentences; its drivers other than PHP's write no state.
_POSTGRES = (
    ("23505", r"duplicate key value violates unique constraint"),
    ("23503", r"(?:insert or update|update or delete) on table .{1,80} violates fo"),
    ("23502", r"null value in column"),
    ("23514", r"new row for relation .{1,80} violates check"),
    ("40P01", r"deadlock detected"),
    ("40001", r"could not serialize access"),
    ("42P01", r'relation "[^"\n]{1,130}" does not exist'),
    ("42703", r'column "?[^"\n]{1,130}"?(?: of relation "[^"\n]{1,130}")? does not ex'),
    ("42883", r"(?:function|operator)[^\n]{1,130} does not exist"),
    ("42601", r"syntax error at "),
    ("42501", r"permission denied for "),
    ("55P03", r"could not obtain lock on|canceling statement due to lock timeout"),
    ("57014", r"canceling statement due to"),
    ("53300", r"(?:sorry, too many clients|remaining connection slots)"),
    ("53100", r"could not (?:extend|write to) file [^\n]{1,200}No space left"),
    ("25P02", r"current transaction is aborted"),
    ("25P03", r"terminating connection due to idle-in-transaction"),
    ("57P01", r"terminating connection due to administrator command"),
    (
        "08006",
        (
            r"(?:server closed the|terminating) connection|SSL connection has been"
            r"|(?:An I/O error occurred while sending to|Lost connection to) the backend"
            r"|Connection terminated|could not (?:receive data from|send data to) server"
        ),
    ),
    ("22001", r"value too long for type"),
    ("22P02", r"invalid input syntax for (?!type (?:date|time))|invalid input value for enum "),
    ("22003", r"(?:\w{1,20}|value \"[^\"\n]{1,60}\" is) out of range\b|numeric field overflow"),
    ("25006", r"cannot execute \w{1,20}(?: \w{1,20})? in a read-only transaction"),
    ("28P01", r"password authentication failed for user"),
    (
        "28000",
        r'no pg_hba.conf entry|role "[^"\n]{1,130}" (?:does not exist|is not permitted to log)',
    ),
    ("42P07", r'relation "[^"\n]{1,130}" already exists'),
    ("42704", r'(?:type|index|role|constraint) "[^"\n]{1,130}" does not exist'),
    ("42P10", r"there is no unique or exclusion constraint matching the ON CONFLICT"),
    ("42702", r'column reference "[^"\n]{1,130}" is ambiguous'),
    ("42803", r'column "[^"\n]{1,130}" must appear in the GROUP BY'),
    ("42804", r'column "[^"\n]{1,130}" is of type '),
    (
        "21000",
        r"ON CONFLICT DO UPDATE command cannot affect|more than one row returned by a subquery",
    ),
    ("22007", r"invalid input syntax for type (?:date|time)"),
    ("22008", r"date/time field value out of range"),
    ("22012", r"division by zero"),
    ("22021", r"invalid byte sequence for encoding"),
    ("22P05", r"unsupported Unicode escape sequence"),
    ("23P01", r"conflicting key value violates exclusion"),
    ("26000", r'prepared statement "[^"\n]{1,130}" does not exist'),
    ("42P05", r'prepared statement "[^"\n]{1,130}" already exists'),
    ("53200", r"out of shared memory"),
    ("54000", r"(?:index row|row) (?:size|requires) "),
    ("55006", r'database "[^"\n]{1,130}" is being accessed'),
    ("58P01", r'could not (?:open|access) file "'),
    ("57P05", r"terminating connection due to idle-session"),
    ("3D000", r'database "[^"\n]{1,130}" does not exist'),
    ("57P03", r"the database system is (?:starting up|shutting down|in recovery)"),
)

# SQL Server's sentences; tedious, SqlClient and go-mssqldb write neither a number nor a prefix.
_SQL_SERVER = re.compile(
    r"(?:mssql: )?(?:Transaction \(Process ID \d{1,6}\) was deadlocked"
    r"|Violation of (?:UNIQUE|PRIMARY) KEY constraint"
    r"|Cannot insert (?:duplicate key row in object|the value NULL into column|explicit value for)"
    r"|Invalid (?:object|column) name '|String or binary data would be truncated"
    r"|The (?:INSERT|UPDATE|DELETE|MERGE) statement conflicted with"
    r"|Conversion failed when converting"
    r"|Error converting data type |Arithmetic overflow error|Lock request time out period exceeded"
    r"|The transaction log for database|Could not find stored procedure '|Incorrect syntax near "
    r"|Cannot open database \S{1,130} requested|Procedure or function '|Login failed for user '"
    r"|The (?:SELECT|EXECUTE|INSERT|UPDATE|DELETE) permission was denied on)"
)


def is_sql_server(message: str) -> bool:
    """Whether a text without a prefix begins with SQL Server's words."""
    return _SQL_SERVER.match(message) is not None


def _joined(texts: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """Return one pattern for all texts, because it is faster; its groups name the codes."""
    return re.compile("|".join(f"(?P<c{code}>{pattern})" for code, pattern in texts))


_OF_MYSQL = _joined(_MYSQL)
_OF_POSTGRES = _joined(_POSTGRES)


def mysql_number(message: str) -> str | None:
    """Return the error number of a text that begins with MySQL's words, or None."""
    match = _OF_MYSQL.match(message)
    return (match.lastgroup or "")[1:] if match else None


def postgres_state(message: str) -> str | None:
    """Return the SQLSTATE of a text that begins with PostgreSQL's words, or None."""
    match = _OF_POSTGRES.match(message)
    return (match.lastgroup or "")[1:] if match else None


def mysql_part(message: str) -> tuple[str, str] | None:
    """Return the error number and MySQL's words inside another text, or None."""
    match = _OF_MYSQL.search(message)
    return ((match.lastgroup or "")[1:], message[match.start() :]) if match else None
