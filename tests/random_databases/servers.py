"""Random tables, settings and rows for MariaDB and MySQL."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.random_databases.designs import (
    BODIES,
    MOMENTS,
    QUEUES,
    TIMES,
    WORDS,
    ZONES,
    Design,
    literal_texts,
    stories,
)
from tests.services.programs import is_mysql

Draw = Callable[[SearchStrategy[Any]], Any]

SETTINGS = {
    "sql_mode": ("", "ANSI", "TRADITIONAL", "ALLOW_INVALID_DATES", "NO_BACKSLASH_ESCAPES"),
    "time_zone": ("+00:00", "-05:00", "+05:45"),
    "completion_type": ("NO_CHAIN", "CHAIN"),
    "sql_safe_updates": ("OFF", "ON"),
    "foreign_key_checks": ("ON", "OFF"),
    "unique_checks": ("ON", "OFF"),
    "group_concat_max_len": ("1048576", "4"),
    "max_sort_length": ("1024", "64"),
    "div_precision_increment": ("4", "0"),
    "character_set_server": ("utf8mb4", "latin1"),
    "innodb_default_row_format": ("dynamic", "compact"),
}
MARIADB = {
    "sql_mode": ("ORACLE", "EMPTY_STRING_IS_NULL", "PAD_CHAR_TO_FULL_LENGTH"),
    "tx_isolation": ("REPEATABLE-READ", "SERIALIZABLE"),
    "default_storage_engine": ("InnoDB", "MyISAM"),
}
CHARSETS = ("utf8mb4", "utf8mb4", "utf8mb4", "utf8mb3", "latin1", "ascii", "cp1251", "ucs2")
IDS = ("BIGINT UNSIGNED", "BIGINT UNSIGNED", "BIGINT", "INT UNSIGNED", "INT", "SMALLINT")
# A type listed once is rare in teams' tables or refused at start, so most databases are accepted.
NAMES = (
    *("VARCHAR(191)", "VARCHAR(191)", "VARCHAR(255)", "VARCHAR(10)", "CHAR(40)"),
    *("VARCHAR(64) CHARACTER SET ascii", "VARCHAR(64) CHARACTER SET latin1", "VARBINARY(99)"),
)
PAYLOADS = (
    *("LONGTEXT", "LONGTEXT", "MEDIUMTEXT", "TEXT", "LONGBLOB", "BLOB", "TINYTEXT", "JSON"),
    *("VARCHAR(500)", "LONGTEXT CHARACTER SET latin1", "LONGTEXT COLLATE utf8mb4_unicode_ci"),
)
EXCEPTIONS = ("LONGTEXT", "LONGTEXT", "TEXT", "LONGBLOB", "BLOB", "VARCHAR(255)")
NULLS = (" NOT NULL", " NOT NULL", " NULL")
COUNTS = ("SMALLINT", "TINYINT UNSIGNED", "INT", "MEDIUMINT", "BIGINT UNSIGNED")
SECONDS = ("INT", "INT UNSIGNED", "INT UNSIGNED", "BIGINT", "BIGINT UNSIGNED")
FAILED_AT = (
    *("DATETIME NOT NULL", "DATETIME NULL", "DATETIME(6) NOT NULL", "DATETIME(3) NULL"),
    *("TIMESTAMP NULL", "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "DATETIME NULL"),
)
EXTRAS: dict[str, tuple[str, ...]] = {
    "VARCHAR(36)": ("'33f0-\\\\x'", "''", "'🛒'", "NULL"),
    "VARCHAR(36) CHARACTER SET ascii NOT NULL DEFAULT 'x'": ("'y'", "' pad '"),
    "TEXT CHARACTER SET latin1": ("'é ''quoted'' \"twice\"'", "X'E9FF'", "NULL"),
    "LONGBLOB": ("X'00FF27225C'", "''", "NULL"),
    "VARBINARY(8)": ("X'FF00'", "'a '", "NULL"),
    "BINARY(4)": ("X'FF'", "'a '", "NULL"),
    "CHAR(6)": ("'a  '", "'é'", "NULL"),
    "INT UNSIGNED NOT NULL DEFAULT 7": ("4294967295", "0"),
    "TINYINT(1)": ("1", "-128", "NULL"),
    "BIGINT UNSIGNED": ("18446744073709551615", "NULL"),
    "INT(6) ZEROFILL": ("12", "NULL"),
    "DECIMAL(20,6)": ("12345678901234.000100", "-0.5", "NULL"),
    "DATE": ("'2024-02-29'", "'0000-00-00'", "'2024-02-31'", "NULL"),
    "DATETIME(6)": ("'2024-02-29 23:59:59.123456'", "'0000-00-00'", "'9999-12-31'", "NULL"),
    "TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP": ("'2024-02-29 23:59:59'", "'0000-00-00'", "NULL"),
    "TIME(3)": ("'-838:59:59'", "'12:00:00.5'", "NULL"),
    "YEAR": ("2024", "0", "NULL"),
    "SET('a','b','c')": ("'a,c'", "''", "NULL"),
    "ENUM('x','y') NOT NULL DEFAULT 'x'": ("'y'", "''"),
    "JSON": ("'{\"a\": 1.50}'", "NULL"),
}
REFUSED = {"FLOAT": ("1.1",), "BIT(5)": ("b'101'",)}
ODD_NAMES = ("uuid", "notes", "connection", "select", "what's 100% `odd`", "naïve", "Extra", "kind")
GENERATED = "INT GENERATED ALWAYS AS (CHAR_LENGTH(`queue`)) {}"

JOB_RULES = (
    "ALTER TABLE jobs ADD UNIQUE KEY once (`payload`(40))",
    "ALTER TABLE jobs ADD CONSTRAINT small CHECK (CHAR_LENGTH(`payload`) < 40)",
    "ALTER TABLE jobs ADD CONSTRAINT valid CHECK (json_valid(`payload`))",
    (
        "CREATE TRIGGER picky BEFORE INSERT ON jobs FOR EACH ROW IF NEW.`queue` LIKE '%high%' THEN"
        " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
    ),
    (
        "CREATE TRIGGER rewrite BEFORE INSERT ON jobs FOR EACH ROW"
        " SET NEW.`payload` = REPLACE(NEW.`payload`, 'Sync', 'Send')"
    ),
    (
        "CREATE TRIGGER renamed BEFORE INSERT ON jobs FOR EACH ROW"
        " SET NEW.`queue` = LOWER(NEW.`queue`)"
    ),
    (
        "CREATE TRIGGER later BEFORE INSERT ON jobs FOR EACH ROW"
        " SET NEW.available_at = NEW.available_at + 60"
    ),
    (
        "CREATE TRIGGER logged AFTER INSERT ON jobs FOR EACH ROW"
        " INSERT INTO notes (failed_id) VALUES (NULL)"
    ),
)
FAILED_RULES = (
    "ALTER TABLE failed_jobs ADD CONSTRAINT named CHECK (`queue` <> '')",
    "ALTER TABLE failed_jobs ADD INDEX by_time (failed_at)",
    "ALTER TABLE failed_jobs ADD UNIQUE KEY once_failed (`payload`(40))",
    (
        "CREATE TRIGGER logged_out AFTER DELETE ON failed_jobs FOR EACH ROW"
        " INSERT INTO notes (failed_id) VALUES (NULL)"
    ),
    (
        "CREATE TRIGGER kept BEFORE DELETE ON failed_jobs FOR EACH ROW IF OLD.`queue` LIKE '%high%'"
        " THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'kept for the auditors'; END IF"
    ),
    "CREATE TRIGGER stamped BEFORE INSERT ON failed_jobs FOR EACH ROW SET NEW.failed_at = NOW()",
    (
        "ALTER TABLE notes ADD CONSTRAINT note_of FOREIGN KEY (failed_id)"
        " REFERENCES failed_jobs (id) ON DELETE {action}"
    ),
)
NOTES = "CREATE TABLE notes (id INT PRIMARY KEY AUTO_INCREMENT, failed_id {} NULL) ENGINE=InnoDB"


@st.composite
def designs(draw: Draw) -> Design:
    """A strategy for databases on a server, with its settings."""
    choices = {name: (*values, *MARIADB.get(name, ())) for name, values in SETTINGS.items()}
    if not is_mysql():
        choices = {**MARIADB, **choices}
    altered = draw(st.lists(st.sampled_from(sorted(choices)), max_size=4, unique=True))
    settings = tuple((name, draw(st.sampled_from(choices[name]))) for name in altered)
    failed_id, charsets = draw(st.sampled_from(IDS)), st.sampled_from(CHARSETS)
    jobs, job_values = _jobs(draw, draw(charsets))
    failed, failed_values = _failed(draw, failed_id, draw(charsets))
    rules = draw(st.lists(st.sampled_from((*JOB_RULES, *FAILED_RULES)), max_size=2, unique=True))
    action = draw(st.sampled_from(("RESTRICT", "CASCADE", "SET NULL")))
    rows = [_row(draw, "failed_jobs", failed_values) for _ in range(draw(st.integers(1, 6)))]
    rows += [_row(draw, "jobs", job_values) for _ in range(draw(st.integers(0, 3)))]
    rows.append("INSERT INTO notes (failed_id) SELECT MIN(id) FROM failed_jobs")
    return Design(
        settings=settings,
        # The bot reads a TIMESTAMP in UTC, and refuses other zones at start.
        zone="UTC" if "failed_at TIMESTAMP" in failed else draw(ZONES),
        tables=(jobs, failed, NOTES.format(failed_id)),
        rules=tuple(rule.format(action=action) for rule in rules),
        rows=tuple(rows),
        later=_row(draw, "failed_jobs", failed_values),
        steps=draw(stories()),
    )


Values = dict[str, SearchStrategy[str]]


def _ids(kind: str) -> SearchStrategy[str]:
    bits = {"SMALLINT": 16, "INT": 32, "BIGINT": 64}[kind.split(maxsplit=1)[0]]
    largest = 2 ** (bits if "UNSIGNED" in kind else bits - 1) - 1
    some = st.sampled_from(["3", "45", str(largest - 50), str(largest // 2 + 5)])
    return st.one_of(st.just("NULL"), st.just("NULL"), st.just("NULL"), some)


def _jobs(draw: Draw, charset: str) -> tuple[str, Values]:
    kind = draw(st.sampled_from(IDS))
    nulls = st.sampled_from(NULLS)
    columns = [
        f"id {kind} NOT NULL AUTO_INCREMENT PRIMARY KEY",
        f"`queue` {draw(st.sampled_from(NAMES))}{draw(nulls)}",
        f"payload {draw(st.sampled_from(PAYLOADS))}{draw(nulls)}",
        f"attempts {draw(st.sampled_from(COUNTS))}{draw(nulls)} DEFAULT 0",
        f"max_attempts {draw(st.sampled_from(COUNTS))}{draw(nulls)} DEFAULT 3",
        f"reserved_at {draw(st.sampled_from(SECONDS))} NULL",
        f"available_at {draw(st.sampled_from(SECONDS))}{draw(nulls)}",
        f"created_at {draw(st.sampled_from(SECONDS))}{draw(nulls)}",
    ]
    counts = st.sampled_from(("0", "1", "255", "NULL"))
    values: Values = {
        "id": _ids(kind),
        "`queue`": literal_texts(QUEUES),
        "payload": _bodies(),
        "attempts": counts,
        "max_attempts": counts,
        "reserved_at": st.sampled_from(("NULL", *MOMENTS)),
        "available_at": st.sampled_from(MOMENTS),
        "created_at": st.sampled_from(MOMENTS),
    }
    return _table(draw, "jobs", columns, values, charset)


def _failed(draw: Draw, kind: str, charset: str) -> tuple[str, Values]:
    nulls = st.sampled_from(NULLS)
    columns = [
        f"id {kind} NOT NULL AUTO_INCREMENT PRIMARY KEY",
        f"`queue` {draw(st.sampled_from(NAMES))}{draw(nulls)}",
        f"payload {draw(st.sampled_from(PAYLOADS))}{draw(nulls)}",
        f"exception {draw(st.sampled_from(EXCEPTIONS))}{draw(nulls)}",
        f"failed_at {draw(st.sampled_from(FAILED_AT))}",
    ]
    values: Values = {
        "id": _ids(kind),
        "`queue`": literal_texts(QUEUES),
        "payload": _bodies(),
        "exception": literal_texts(WORDS),
        "failed_at": st.sampled_from(TIMES),
    }
    return _table(draw, "failed_jobs", columns, values, charset)


def _bodies() -> SearchStrategy[str]:
    long = st.sampled_from(("REPEAT('x', 70021)", "REPEAT('é', 40000)", "REPEAT('x', 300)"))
    return st.one_of(literal_texts(BODIES), literal_texts(BODIES), long)


def _table(
    draw: Draw, name: str, columns: list[str], values: Values, charset: str
) -> tuple[str, Values]:
    """Return the statement for a table with a few extra columns of the team, and all values."""
    names = draw(st.lists(st.sampled_from(ODD_NAMES), max_size=3, unique=True))
    for one in names:
        column = "`" + one.replace("`", "``") + "`"
        kinds = EXTRAS if draw(st.integers(0, 20)) else REFUSED
        kind = draw(st.sampled_from(sorted(kinds)))
        columns.append(f"{column} {kind}")
        values[column] = st.sampled_from(kinds[kind])
    if draw(st.booleans()) and draw(st.booleans()):
        columns.append("length " + GENERATED.format(draw(st.sampled_from(("VIRTUAL", "STORED")))))
    inside = ", ".join(columns)
    return f"CREATE TABLE {name} ({inside}) ENGINE=InnoDB CHARACTER SET {charset}", values


def _row(draw: Draw, table: str, values: Values) -> str:
    drawn = {name: draw(value) for name, value in values.items()}
    return f"INSERT IGNORE INTO {table} ({', '.join(drawn)}) VALUES ({', '.join(drawn.values())})"
