"""Database errors: PDO's and Doctrine's texts with SQLSTATE, and MySQL's texts without it."""

import re

from bot.fingerprint.error_values import generalise, with_lead

_STATE = re.compile(r"SQLSTATE\[(?P<state>\w{1,8})\](?: ?\[(?P<no>-?\d{1,6})\])?:? ?")
_TITLED = re.compile(r"(?:[A-Z<][A-Za-z ,/'<>-]{2,80}: )?(?P<no>-?\d{1,6}) (?P<text>.+)", re.DOTALL)
_TITLE = re.compile(r"[A-Z][A-Za-z ,/'-]{2,60}: ")
_QUERY = re.compile(r" \((?:Connection: |SQL: )|\n(?:LINE \d|DETAIL:|HINT:|CONTEXT:)| \(SQL was:")
_LEVEL = re.compile(r"\A(?:ERROR|FATAL|PANIC): +")
# The quoted text itself can contain quotes and line ends.
_ENTRY = re.compile(
    r"(Duplicate entry|Entrada duplicada) '.{0,700}' (for key|para la (?:clave|llave))",
    re.DOTALL,
)
_NEAR = re.compile(r"(right syntax to use|sintaxis)? ?(near|cerca de|cerca) '.*", re.DOTALL)
# The database's name is not part of the cause. MySQL 8 writes the table's name before an index,
# even if the index's name already begins with the table's name.
_IN_DATABASE = re.compile(r"((?:Table|constraint fails) \(?['`])[^'`.\n]{1,64}(?:`\.`|\.)(?=[^.])")
_KEY_OF_TABLE = re.compile(r"(for key '|la (?:clave|llave) ')(\w{1,64})\.(?=\2_)")
_FOREIGN = re.compile(r" FOREIGN KEY \(`[^\n]{0,700}")
_VALUE = re.compile(r"( value:? )'.{0,700}?' (for column)", re.DOTALL)

# MySQL's error texts from MySQL's message catalogue; mysqli and CodeIgniter write no number.
_MYSQL = (
    ("2006", re.compile(r"MySQL server has gone away\b")),
    ("2013", re.compile(r"Lost connection to (?:MySQL )?server during query")),
    ("1213", re.compile(r"Deadlock found when trying to get lock")),
    ("1205", re.compile(r"Lock wait timeout exceeded")),
    ("1040", re.compile(r"Too many connections\b")),
    ("1062", re.compile(r"Duplicate entry '")),
    ("1146", re.compile(r"Table '[^'\n]{1,130}' doesn't exist")),
    ("1054", re.compile(r"Unknown column '")),
    ("1048", re.compile(r"Column '[^'\n]{1,130}' cannot be null")),
    ("1364", re.compile(r"Field '[^'\n]{1,130}' doesn't have a default value")),
    ("1406", re.compile(r"Data too long for column '")),
    ("1264", re.compile(r"Out of range value for column '")),
    ("1265", re.compile(r"Data truncated for column '")),
    ("1452", re.compile(r"Cannot add or update a child row")),
    ("1451", re.compile(r"Cannot delete or update a parent row")),
    ("1045", re.compile(r"Access denied for user '")),
    ("1064", re.compile(r"You have an error in your SQL syntax")),
)
_DATABASE_CLASSES = ("mysqli_sql_exception", "DatabaseException", "PDOException", "QueryException")


def sql_cause(message: str, class_name: str | None, code: str | None) -> str | None:
    """Return `MySQL 1062: …` or `SQLSTATE 23505: …` with the error's names, or None otherwise."""
    match = _STATE.search(message)
    if match is not None:
        cause = _state_cause(match["state"], match["no"], message[match.end() :])
        return with_lead(message[: match.start()], cause)
    if class_name is not None and not class_name.endswith(_DATABASE_CLASSES):
        return None
    for number, pattern in _MYSQL:
        if pattern.match(message) and code in (None, number):
            return f"MySQL {number}: {_detail(message)}"
    return None


def _state_cause(state: str, number: str | None, text: str) -> str:
    if number is None:
        titled = _TITLED.match(text)
        if titled is not None:
            number, text = titled["no"], titled["text"]
        elif (title := _TITLE.match(text)) is not None:
            text = text[title.end() :]
    # Numbers from 1000 are MySQL's, and from 2000 its client's. SQL Server's text has brackets.
    if number is not None and len(number) == 4 and not text.startswith("[Microsoft]"):
        return f"MySQL {number}: {_detail(text)}"
    return f"SQLSTATE {state}: {_detail(text)}"


def _detail(text: str) -> str:
    end = _QUERY.search(text)
    text = text[: end.start()] if end else text
    text = _ENTRY.sub(r"\1 '1' \2", text)
    text = _VALUE.sub(r"\1'1' \2", text)
    text = _FOREIGN.sub("", text)
    text = _IN_DATABASE.sub(r"\1", text)
    text = _KEY_OF_TABLE.sub(r"\1", text)
    text = _NEAR.sub(r"\1 \2 '1'", text)
    return generalise(_LEVEL.sub("", text.strip()).partition("\n")[0])
