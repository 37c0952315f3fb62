"""What drivers, mappers and frameworks write before and after a database's own words."""

import re
from typing import NamedTuple

_JAVA = r"(?:[a-z][\w$]{0,40}\.){1,8}[A-Z][\w$.]{0,80}"
_BEFORE = re.compile(
    r"(?:"
    # Python: SQLAlchemy, MySQL's connector, asyncpg, pg8000
    r"\([\w.]{1,80}\) |<class '[\w.]{1,80}'>: |\d{4}(?: \(\w{5}\))?: "
    r"|\{'S': '\w{3,9}', (?:'V': '\w{3,9}', )?'C': '\w{5}', 'M': ['\"]"
    # Ruby
    r"|(?:PG|Mysql2|SQLite3|Trilogy|TinyTds)::\w{1,60}: |OCIError: "
    r"|PQ\w{1,40}\(\):? |trilogy_\w{1,30}: |consuming input failed: "
    # Go and Rust
    r"|pq: |mssql: |Error \d{4}(?: \(\w{5}\))?: |db error: |SQL logic error: |constraint failed: "
    r"|error returned from database: (?:\(code: \d{1,5}\) )?"
    # Elixir: MyXQL, Postgrex and Exqlite
    r"|\(\d{4}\) \(\w{1,60}\) |(?:ERROR|FATAL) \w{5} \(\w{1,60}\) "
    # Node.js: mysql, mariadb, Sequelize, TypeORM, Knex, Prisma, Vert.x
    r"|Error: |error: |(?:ER|CR|WARN)_\w{1,60}: |SQLITE_[A-Z_]{1,30}: "
    r"|\(conn[=:]-?\d{1,12}(?:, no: \d{1,6}, SQLState: \w{5})?\) "
    r"|Raw query failed\. Code: `\w{1,8}`\. Message: `"
    r"|ConnectorError\([^\n\"]{1,200}Error \{ code: \"?\w{1,8}\"?, message: \""
    r"|\{ ?\"message\": \""
    # Java: Spring, MyBatis, Hibernate, jOOQ, EclipseLink, R2DBC and the drivers
    rf"|{_JAVA}: |Data truncation: |\[\d{{4}}\] \[\w{{5}}\] |\[(?=\w{{0,4}}\d)[0-9A-Z]{{5}}\] "
    r"|(?:\w{3,40}; )?(?:uncategorized SQLException for |bad SQL grammar )?(?:SQL )?"
    r"\[[^\n]{1,1200}?\]; |SQL state \[\w{1,8}\]; error code \[-?\d{1,6}\]; "
    r"|### Error (?:updating|querying) database\. {1,3}Cause: "
    r"|could not (?:execute|extract|prepare) \w{1,20}(?: \w{1,20})? \["
    r"|Batch entry \d{1,6} [^\n]{1,1500}? was aborted[:.] "
    rf"|Exception \[EclipseLink-\d{{1,5}}\] [^\n]{{1,200}}\nInternal Exception: "
    # ClickHouse and Snowflake
    r"|DB::Exception: "
    r"|[Cc]ode: \d{1,4}(?:\.\s{1,2}DB::Exception: |, message: )"
    r"|\d{6} \([0-9A-Z]{5}\): (?:[0-9a-f-]{36}: )?|SQL compilation error:\s{1,3}"
    # .NET
    r"|[\w.]{1,80} \(0x[0-9A-Fa-f]{8}\): |(?=\w{0,4}\d)[0-9A-Z]{5}: |SQLite Error \d{1,3}: '"
    # PHP: mysqli, pg_query, Laminas, ADOdb, Kohana, Moodle, CodeIgniter 3
    r"|(?:\w{1,20}::)?\w{1,30}\(\): |Query failed: |(?:MySQL|Postgres\w{0,3}) error: "
    r"|Statement could not be executed \(\w{5} - -?\d{1,6} - |mysqli? error: \[\d{1,6}: "
    r"|Database_Exception \[ \d{1,6} \]: "
    r"|(?:dml_\w{1,30}: )?Error (?:writing to|reading from) database \("
    r"|A Database Error Occurred\s{1,4}Error Number:? ?[\w/]{0,12}\s{1,4}"
    # Command lines and Perl
    r"|mysql\w{0,12}: (?:\[ERROR\] )?(?:Got error: \d{4}: [\"']?|Error:? (?:\d{4}: |')"
    r"|Couldn't execute '[^\n]{1,900}': )"
    r"|(?:psql|pg_\w{4,12}): (?:error: )?(?:could not execute query: |query failed: )?"
    r"|ERROR \d{4} \(\w{5}\)(?: at line \d{1,9})?: |psql:[^\s:]{1,200}:\d{1,9}: "
    r"|DBD::\w{1,12}::\w{2,3} \w{1,20} failed: "
    r"|Msg \d{1,6}, Level \d{1,3}, State \d{1,3}[^\n]{0,200}\n"
    r"|(?:ERROR|FATAL|PANIC): +|(?:Query|SQL|DB|Database) [Ee]rror: (?:\d{4} (?=[A-Z]))?"
    r'|connection to server at "[^"\n]{1,200}"(?: \([^)\n]{1,80}\))?, port \d{1,5} failed: '
    r"){1,6}"
)
# The number or the state in the words before.
_NUMBER = re.compile(
    r"(?:\b(?:Error|ERROR|no:|code:|Code:|Msg|Number:) ?[`\"\[]?|error code \[|\[ ?|\) | - |\(|\A"
    r"|Number: ?\w{5}/)(?P<no>\d{4})(?=[ :`,\])}\s])"
)
_STATE = re.compile(
    r"(?:Code: `|code: \"|'C': '|ERROR |FATAL |\[|\A|: |executed \()"
    r"(?P<state>(?=\w{0,4}\d)[0-9A-Z]{5})(?=[`\"'\] :])"
)
# Other programs write these words, too.
_ANY_PROGRAM = re.compile(
    r"(?:\([\w.]{1,80}\) |<class '[\w.]{1,80}'>: |[Ee]rror: |(?:ERROR|FATAL|PANIC): +"
    rf"|(?:\w{{1,20}}::)?\w{{1,30}}\(\): |{_JAVA}: |\d{{4}}: |\{{ ?\"message\": \"){{0,6}}\Z"
)
_BRACKETS = (("(", ")"), ("[", "]"))
_QUOTES = ("`", '"', "'")
# `errors/sql/statements.py` has removed most statements.
AFTER = re.compile(
    r" \((?:Connection: |SQL: |SQLSTATE )|\n(?:LINE \d|DETAIL:|HINT:|CONTEXT:)|<br ?/?>"
    r"|\]?; (?:SQL|constraint) \[|\]? ?\[ ?(?=[A-Za-z]{2,12} )|\] \[|\] in EXEC|(?<=[\w.`'\"])\]\Z"
    r"|; nested exception is |\", \"?(?:severity|state)\"?: |['\"], '[A-Z]': '"
    r"| \((?:[0-9A-Z]{5}|[12]\d{3})\)(?=\s|\Z)"
    r"|[\"']? when (?:trying to|dumping table) | \(version \d"
    r"| \((?:[A-Z]{2,20}_)+[A-Z]{2,20}\)(?=\s|\Z)"
    r"| at \S{1,200} line \d{1,7}\.?(?:\s|\Z)"
)
_PRISMA = re.compile(
    r"(?:Postgres|Mysql|Mssql|Sqlite)Error \{ code: \"?(?P<code>\w{1,8})\"?, message: \""
    r"(?P<text>(?:[^\"\\]|\\.){1,600})"
    r"|Raw query failed\. Code: `(?P<code2>\w{1,8})`\. Message: `(?P<text2>.{1,900}?)`(?=\n|\Z)",
    re.DOTALL,
)


class Report(NamedTuple):
    """A database's words, with the number and the state that stood before them.

    `before` is what the driver wrote before the words; "" if the text begins with them.
    """

    words: str
    number: str | None
    state: str | None
    before: str

    @property
    def is_of_database(self) -> bool:
        """Whether only a database's driver writes the words before."""
        return not _ANY_PROGRAM.match(self.before)


def report_of(message: str) -> Report:
    """Return the database's words in a text, from their beginning to the text's end."""
    message = message.lstrip()
    before = _BEFORE.match(message)
    driver = before.group() if before else ""
    words = message[len(driver) :]
    if driver:
        words = _closed(driver, words)
    number, state = _NUMBER.search(driver), _STATE.search(driver)
    return Report(words, number and number["no"], state and state["state"], driver)


def _closed(driver: str, words: str) -> str:
    """Return the words without the bracket or the quote that the driver opened before them."""
    for opened, closer in _BRACKETS:
        if driver.count(opened) > driver.count(closer):
            words = words.rstrip().removesuffix(closer)
    if driver[-1] in _QUOTES:
        words = words.rstrip(f"{driver[-1]}. ").replace(f"\\{driver[-1]}", driver[-1])
    return words.lstrip()


def prisma_report(text: str) -> Report | None:
    """Return the database's words that Prisma quotes, or None."""
    quoted = _PRISMA.search(text)
    if quoted is None:
        return None
    code = quoted["code"] or quoted["code2"]
    words = (quoted["text"] or quoted["text2"]).replace('\\"', '"').removeprefix("ERROR: ")
    is_number = code.isdigit() and len(code) == 4
    return Report(words, code if is_number else None, None if is_number else code, "prisma")
