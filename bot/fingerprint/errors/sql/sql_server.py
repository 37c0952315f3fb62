"""SQL Server's sentences; tedious, SqlClient and go-mssqldb write neither a number nor a prefix."""

import re

from bot.fingerprint.errors.parts.values import generalise
from bot.fingerprint.errors.sql.languages import server_in_english

_SENTENCES = re.compile(
    r"(?:mssql: )?(?:Transaction \(Process ID \d{1,6}\) was deadlocked"
    r"|Violation of (?:UNIQUE|PRIMARY) KEY constraint"
    r"|Cannot insert (?:duplicate key row in object|the value NULL into column|explicit value for)"
    r"|Invalid (?:object|column) name '|String or binary data would be truncated"
    r"|The (?:INSERT|UPDATE|DELETE|MERGE|ALTER TABLE) statement conflicted with"
    r"|Conversion failed when converting|The conversion of a \w{1,20} data type to "
    r"|Error converting data type |Arithmetic overflow error|Divide by zero error encountered"
    r"|Lock request time out period exceeded|Snapshot isolation transaction aborted"
    r"|The transaction log for database|Could not allocate space for object '"
    r"|Could not find stored procedure '|Procedure or function '?[\w.]{1,130}'? (?:expects|has too)"
    r"|@\w{1,80} is not a parameter for procedure|Incorrect syntax near |Ambiguous column name '"
    r"|The multi-part identifier \"|Must declare the (?:scalar|table) variable \"@"
    r"|Column '[^'\n]{1,130}' is invalid in the (?:select list|ORDER BY|HAVING) "
    r"|The column prefix '|Column names in each table must be unique|Column name '[^'\n]{1,130}' "
    r"|There is already an object named '|Cannot drop the \w{1,20} '"
    r"|Cannot (?:open database|truncate table) \S{1,130} |Login failed for user '"
    r"|Database '[^'\n]{1,130}' (?:does not exist|on server|is being recovered|cannot be opened)"
    r"|Operand type clash: |Subquery returned more than 1 value\b"
    r"|There are (?:more|fewer) columns in the INSERT|Implicit conversion from data type "
    r"|An explicit value for the identity column|Cannot resolve the collation conflict"
    r"|The query processor (?:ran out|could not)|There is insufficient (?:system )?memory"
    r"|The request limit for the database is \d|Resource ID : \d"
    r"|TCP Provider: |Login timeout expired|Query timeout expired"
    r"|(?:Execution )?Timeout [Ee]xpired\. {1,2}The timeout period"
    r"|Timeout: Request failed to complete in|Unable to connect: Adaptive Server"
    r"|Adaptive Server connection (?:failed|timed out)|DBPROCESS is dead"
    r"|The server principal \""
    r"|The (?:SELECT|EXECUTE|INSERT|UPDATE|DELETE) permission was denied on)"
)
_PREFIXED = re.compile(
    r"\[(?:SQL Server|ODBC Driver \d{1,2} for SQL Server|FreeTDS"
    r"|SQL Server Native Client \d\d\.\d)\]"
    r"(?P<text>[^\n\[][^\n]{0,600})"
)
# The driver's number and function follow the server's words.
_END = re.compile(
    r"\. | \(-?\d{1,9}\)| \((?:Connection|SQL): |DB-Lib error"
    r"| \[\d{1,6}\] \(severity|; nested exception is "
    r"|\.?\] \[|\.?`|\n"
)
_BYTES = re.compile(
    r"\(\d{3,5}, b(?P<quote>[\"'])(?:DB-Lib error message[^:\n]{1,60}:\\n)?"
    r"(?P<text>.{1,600}?)(?:DB-Lib|(?P=quote)[,)])",
    re.DOTALL,
)
# In this order. Each driver has words of its own for a time limit, and each operating system has
# numbers of its own. Which resource two transactions waited for is chance.
_SAME = (
    (re.compile(r"deadlocked on [a-z |]{4,80} resources"), "deadlocked on lock resources"),
    (
        re.compile(
            r"\A(?:(?:Execution )?Timeout [Ee]xpired\. {1,2}The timeout period"
            r"|The query has timed out|Timeout: Request failed to complete in)[^\n]*"
        ),
        "Query timeout expired",
    ),
    (
        re.compile(
            r"\A(Adaptive Server connection (?:failed|timed out)"
            r"|Unable to connect: Adaptive Server is unavailable)[^\n]*"
        ),
        r"\1",
    ),
    (re.compile(r"\ATCP Provider: Error code 0x(?:2746|68|20)\b"), "TCP Provider: connection lost"),
    (re.compile(r"\ATCP Provider: Error code 0x(?:274C|6E)\b"), "TCP Provider: timed out"),
    (re.compile(r"\ATCP Provider: Error code 0x(?:274D|6F)\b"), "TCP Provider: refused"),
)
_USER = re.compile(r"\buser (?P<q>['\"])(?P<name>[\w.\\-]{1,64})(?P=q)")
# These quotes contain names, unlike those of values.
_NAMED = re.compile(r"(stored procedure|multi-part identifier) ['\"]([\w.\[\]]{1,130})['\"]")
_LONGEST = 600
_SENTENCE = 3
"""A text with at least this number of spaces names a cause."""


def is_sql_server(text: str) -> bool:
    """Whether a text without a prefix begins with SQL Server's words."""
    return _SENTENCES.match(text) is not None or server_in_english(text) is not text


def prefixed_text(message: str) -> str | None:
    """Return the server's words behind the names of its ODBC driver, or in Python's bytes."""
    match = _PREFIXED.search(message)
    if match is None and message.startswith("("):
        match = _BYTES.match(message)
    return match["text"] if match else None


def server_cause(text: str) -> str:
    """Return the key of SQL Server's words."""
    text = server_in_english(text.removeprefix("mssql: ").replace("\\'", "'")[:_LONGEST])
    is_own = _SENTENCES.match(text) is None
    for form, common in _SAME:
        text = form.sub(common, text)
    text = _END.split(text, maxsplit=1)[0]
    text = _NAMED.sub(r"\1 \2", _USER.sub(r"user \g<name>", text))
    cause = generalise(text)
    # The sentences of an application's own procedures are the cause for every driver.
    return cause if is_own and cause.count(" ") >= _SENTENCE else f"SQL Server: {cause}"
