"""Database errors: PDO's and Doctrine's texts with SQLSTATE, and MySQL's texts without it."""

import re

from bot.fingerprint.error_envelope import ErrorText
from bot.fingerprint.error_sql_texts import is_sql_server, mysql_number, mysql_part, postgres_state
from bot.fingerprint.error_values import generalise

_STATE = re.compile(r"SQLSTATE\[(?P<state>\w{1,8})\](?: ?\[(?P<no>-?\d{1,6})\])?:? ?")
_TITLED = re.compile(r"(?:[A-Z<][A-Za-z ,/'<>-]{2,80}: )?(?P<no>-?\d{1,6}) (?P<text>.+)", re.DOTALL)
_TITLE = re.compile(r"[A-Z][A-Za-z ,/'-]{2,60}: ")
_QUERY = re.compile(
    r" \((?:Connection: |SQL: |SQLSTATE )|\n(?:LINE \d|DETAIL:|HINT:|CONTEXT:)"
    r"|\]? \[(?:insert|update|delete|select|with|replace)\b"
    r"| \(SQL was:|, query was: | - Invalid query: "
)
_LEVEL = re.compile(r"\A(?:ERROR|FATAL|PANIC): +")
# The quoted text itself can contain quotes and line ends.
_ENTRY = re.compile(
    r"(Duplicate entry|Entrada duplicada) '.{0,700}' (for key|para la (?:clave|llave))",
    re.DOTALL,
)
_NEAR = re.compile(r"(right syntax to use|sintaxis)? ?(near|cerca de|cerca) '.*", re.DOTALL)
# The database's name is not part of the cause. MySQL 8 writes the table's name before an index,
# even if the index's name already contains the table's name.
_IN_DATABASE = re.compile(r"((?:Table|constraint fails) \(?['`])[^'`.\n]{1,64}(?:`\.`|\.)(?=[^.])")
_KEY_OF_TABLE = re.compile(r"(for key '|la (?:clave|llave) ')(\w{1,64})\.(?=\w{0,64}\2)")
# MariaDB writes the database and the table before a column.
_COLUMN = re.compile(r"for column (?:`\w{1,64}`\.){1,2}`(\w{1,64})`")
_FOREIGN = re.compile(r" FOREIGN KEY \(`[^\n]{0,700}")
# Two accounts have two passwords. The host is the worker's.
_USER = re.compile(r"\b(user|role) (?P<q>['\"])(?P<name>[\w.-]{1,64})(?P=q)(?:@'[^'\n]{0,200}')?")
_VALUE = re.compile(r"( value:? )'.{0,700}?' (for column)", re.DOTALL)

_SQLITE = re.compile(
    r"(?:(?:General error: )?\d{1,3} |\[SQLITE_\w{1,30}\] [^(\n]{1,200}\()?"
    r"(?P<text>database (?:is locked|table is locked|or disk is full"
    r"|disk image is malformed)|unable to open database file|attempt to write a readonly database"
    r"|(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: [\w., ]{1,200})?|disk I/O error"
    r"|no such (?:table|column): [\w.]{1,130}|table \w{1,64} has no column named \w{1,64})"
)
# A driver writes its name or PostgreSQL's server before the server's words.
_SERVER = re.compile(
    r"\A(?:\([\w.]{1,80}\) |<class '[\w.]{1,80}'>: |(?:PG|Mysql2|SQLite3|Trilogy)::\w{1,60}: |pq: "
    r"|error: |ER_\w{1,60}: |mssql: |Data truncation: |(?:MySQL|Postgres\w{0,3}) error: "
    r"|PQ\w{1,40}\(\):? |error returned from database: "
    r"|could not (?:execute|extract|prepare) \w{1,20}(?: \w{1,20})? \["
    # MySQL's connector for Python, Trilogy, MyXQL and Postgrex
    r"|\d{4}(?: \(\w{5}\))?: |\(\d{4}\) \(ER_\w{1,60}\) |(?:ERROR|FATAL) \w{5} \(\w{1,60}\) "
    # Knex writes the whole statement.
    r"|(?:insert|update|delete|select|with|replace|alter|create)\s[^\n]{1,1500} - (?=\S)"
    r"|SQLITE_[A-Z]{1,20}: |Error \d{4}(?: \(\w{5}\))?: |(?:ERROR|FATAL): +"
    r'|connection to server at "[^"\n]{1,200}"(?: \([^)\n]{1,80}\))?, port \d{1,5} failed: '
    r"(?:FATAL: +)?){1,3}"
)
# Programs in Go write what they did before the driver and the server.
_WRAPPED = re.compile(r"(?:\A|: )pq: |: Error \d{4}(?: \(\w{5}\))?: ")
# Go's `pgx` writes the state last.
_STATE_AT_END = re.compile(
    r"\b(?:ERROR|FATAL): (?P<text>[^\n]{1,600}) \(SQLSTATE (?P<state>\w{5})\)[)\s]{0,3}\Z"
)
_DATABASE_CLASSES = re.compile(
    r"(?:mysqli_sql_exception|DatabaseException|PDOException|QueryException|OperationalError"
    r"|IntegrityError|ProgrammingError|InternalError|DataError|DatabaseError|InterfaceError"
    r"|(?:psycopg\d?\.errors|asyncpg\.exceptions)\.\w{1,60}|SQL\w{0,40}Exception|UniqueConstraintViolationException"
    r"|(?:PG|Mysql2|SQLite3|Trilogy|ActiveRecord)::[\w:]{1,60}|MySQL\w{1,40}Exception|QueryFailedError"
    r"|Sequelize\w{1,40}Error|DeadlockException|SqliteError|DriverException|\A(?:Error|error|RuntimeException))\Z"
)
_SQL_SERVER = re.compile(
    r"\[(?:SQL Server|ODBC Driver \d{1,2} for SQL Server|FreeTDS"
    r"|SQL Server Native Client \d\d\.\d)\]"
    r"(?P<text>[^\n\[][^\n]{0,400})"
)
# The driver's number and function, or the statement, follow the server's words.
_SQL_SERVER_END = re.compile(r"\. | \(-?\d{1,9}\)| \((?:Connection|SQL): ")
_BYTES = re.compile(
    r"\(\d{3,5}, b(?P<quote>[\"'])(?P<text>.{1,400}?)(?:DB-Lib|(?P=quote))", re.DOTALL
)
_SQL_SERVER_CLASSES = re.compile(r"SQLServerException\Z|\bSqlException\Z|pymssql|MSSQL")
_ANY = re.compile(r"(?P<text>[^\n]{1,400})")
# CodeIgniter's driver throws MySQL's number as the code.
_CODEIGNITER_DRIVER = "Database/MySQLi/Connection.php"
# The text before the message: CodeIgniter's first words, or a function of a PHP driver.
_DRIVER = re.compile(
    r"(?:Unable to connect to the database\.\s{1,3}Main connection \[\w{1,20}\]: "
    r"|(?:mysqli|PDO|PDOStatement)(?:::|_)\w{1,40}\(\): )"
    r"(?:\((?:\w{5}/)?(?P<no>\d{4})\): )?"
)
_TUPLE = re.compile(
    r"(?:\([\w.]{1,80}\) )?\((?P<no>\d{4}), (?P<quote>[\"'])(?P<text>.{1,800}?)(?P=quote)\)",
    re.DOTALL,
)
# These words are PostgreSQL's, even in a text without a class.
_ONLY_POSTGRES = (
    *('relation "', "duplicate key value violates", 'null value in column "', "deadlock detected"),
    *('insert or update on table "', 'update or delete on table "', "could not serialize access"),
)
_DATABASE_ERROR = re.compile(
    r"WordPress|atabase error|base de (?:données|datos)|Datenbank|banco de dados|sul database"
)
_BEFORE_STATEMENT = re.compile(
    r"(?: [^\s'\"`]{1,12}){1,4} (?=(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|ALTER|CREATE|SHOW)\b)"
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
_LOCK = re.compile(r"(?:MySQL (?:1213|1205)|SQLSTATE (?:40P01|55P03))\b|SQL Server: .*deadlock")
_STATEMENT = re.compile(
    r"(?:\A(?:\w{2,40}: )?|SQL: |SQL \[|\bsql: ['\"]|transaction: |(?:query|executed) was: "
    r"|Invalid query: "
    r"|executing (?:(?:a |the )?query:? |['\"])|[(,] ?'| - |\n(?:: )?|restarting transaction: "
    # WordPress in the language of the shop
    r"|transaction (?:\S{1,12} ){1,4})\s{0,5}"
    r"(?:update|insert\s+(?:ignore\s+)?into|delete\s+from|replace\s+into"
    r"|select\b[^\n]{0,300}?\bfrom)"
    r"\s+[`\"\[{]?(?:\w{1,64}[`\"\]]?\.[`\"\[]?)?(?P<table>\w{1,64}\b)"
    # A trace cuts long values, so that only a part of the table's name is left.
    r"(?!\.\.\.)",
    re.IGNORECASE,
)


def sql_cause(error: ErrorText) -> str | None:
    """Return `MySQL 1062: …` or `SQLSTATE 23505: …` with the error's names, or None otherwise.

    Deadlocks on different tables have different causes. Often only the trace tells them apart.
    """
    cause = _cause(error)
    if cause is None or not _LOCK.match(cause):
        return cause
    statement = _STATEMENT.search(error.text)
    if statement is not None:
        return f"{cause} on {statement['table'].lower()}"
    return f"{cause} in {error.app_file}" if error.app_file else cause


def _cause(error: ErrorText) -> str | None:
    message = error.message
    server = _SQL_SERVER.search(message)
    if server is None and message.startswith("("):
        server = _BYTES.match(message)
    if server is None and (
        _SQL_SERVER_CLASSES.search(error.class_name or "") or is_sql_server(message)
    ):
        server = _ANY.match(message)
    if server is not None:
        text = _USER.sub(r"\1 \g<name>", server["text"].removeprefix("mssql: "))
        return f"SQL Server: {generalise(_SQL_SERVER_END.split(text)[0])}"
    if error.code is not None and _CODEIGNITER_DRIVER in error.text:
        return _numbered(error.code, message)
    driver = _DRIVER.match(message)
    if driver is not None:
        return _of_driver(driver["no"], message[driver.end() :])
    match = _STATE.search(message)
    if match is not None:
        # Words before the state name an activity, and every activity has the state's cause.
        return _state_cause(match["state"], match["no"], message[match.end() :])
    values = _TUPLE.match(message)
    if values is not None:
        return _numbered(values["no"], values["text"])
    return _of_text(message, error.class_name, error.code)


def _of_text(message: str, class_name: str | None, code: str | None) -> str | None:
    """Return the cause for a server's message that has no error number."""
    if (pgx := _STATE_AT_END.search(message)) is not None:
        return _stated(pgx["state"], pgx["text"])
    server = _WRAPPED.search(message) or _SERVER.match(message)
    is_driver = class_name is None or _DATABASE_CLASSES.search(class_name) is not None
    if server is None and (part := _behind_words(message)) is not None:
        return part
    if not is_driver and server is None:
        return None
    is_named = class_name is not None or server is not None
    message = message[server.end() :] if server else message
    return _of_words(message, code, is_driver=is_driver, is_named=is_named)


def _of_words(message: str, code: str | None, *, is_driver: bool, is_named: bool) -> str | None:
    """Return the cause for a server's words alone, of a driver or with the words of one."""
    if (sqlite := _SQLITE.match(message)) is not None:
        return f"SQLite: {sqlite['text']}"
    number = mysql_number(message)
    if number is not None and code in (None, number):
        return _numbered(number, message)
    state = None
    if is_named or message.startswith(_ONLY_POSTGRES):
        state = postgres_state(message)
    if state is not None:
        return _stated(state, message)
    is_connecting = is_driver and is_named and _CONNECTING.match(message)
    return f"MySQL 2002: {message}" if is_connecting else None


def _behind_words(message: str) -> str | None:
    """Return the cause of MySQL's words, which an application quotes in the shop's language."""
    numbered = mysql_part(message) if _DATABASE_ERROR.search(message, 0, 200) else None
    return _numbered(numbered[0], _BEFORE_STATEMENT.split(numbered[1])[0]) if numbered else None


def _of_driver(number: str | None, message: str) -> str:
    """Return the cause for a MySQL error that a driver reports after a function's name."""
    if number is None:
        number = mysql_number(message)
    if number is None:
        return (
            f"MySQL 2002: {message}" if _CONNECTING.match(message) else f"MySQL: {_detail(message)}"
        )
    return _numbered(number, message)


def _numbered(number: str, message: str) -> str:
    return f"MySQL {number}: {_NAMELESS.get(number) or _detail(message)}"


def _stated(state: str, message: str) -> str:
    if state == "08006" and postgres_state(message) == state:
        return "SQLSTATE 08006: connection lost"
    return f"SQLSTATE {state}: {_detail(message)}"


def _state_cause(state: str, number: str | None, text: str) -> str:
    if number is None:
        titled = _TITLED.match(text)
        if titled is not None:
            number, text = titled["no"], titled["text"]
        elif (title := _TITLE.match(text)) is not None:
            text = text[title.end() :]
    if (sqlite := _SQLITE.match(text)) is not None:
        return f"SQLite: {sqlite['text']}"
    if state.startswith("08") and (server := _SERVER.match(text)) is not None:
        # The state says only that there is no connection; the server's words give the reason.
        text = text[server.end() :]
        state = postgres_state(text) or state
    if number == "7" and state == "HY000":
        state = postgres_state(text) or state
    # Numbers from 1000 are MySQL's, and from 2000 its client's. SQL Server's text has brackets.
    if number is not None and len(number) == 4 and not text.startswith("[Microsoft]"):
        return _numbered(number, text)
    return _stated(state, text)


def _detail(text: str) -> str:
    end = _QUERY.search(text)
    text = text[: end.start()] if end else text
    text = _ENTRY.sub(r"\1 '1' \2", text)
    text = _VALUE.sub(r"\1'1' \2", text)
    text = _FOREIGN.sub("", text)
    text = _USER.sub(r"\1 \g<name>", text)
    text = _IN_DATABASE.sub(r"\1", text)
    text = _KEY_OF_TABLE.sub(r"\1", text)
    text = _COLUMN.sub(r"for column '\1'", text)
    text = _NEAR.sub(r"\1 \2 '1'", text)
    return generalise(_LEVEL.sub("", text.strip()).partition("\n")[0])
