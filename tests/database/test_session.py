"""The bot's session behaves the same on every server, whatever the server's defaults are."""

from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
from sqlalchemy import Engine, event, make_url, select, text
from sqlalchemy.exc import DataError, DBAPIError
from structlog.testing import capture_logs

from bot.database import session
from bot.database.engine import connect
from bot.database.session import require_session
from bot.database.transactions import reading
from bot.models.refusals import StartError
from bot.queue.layouts import Queue, spec_tables
from bot.store import tables
from bot.store.migrate import MIGRATIONS, migrate
from bot.store.tables.columns import metadata
from bot.wiring.queue_tables import check_tables
from tests.kit.accounts import Account
from tests.kit.invariants import payloads
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, make_setup
from tests.services.mariadb import MariaDB
from tests.services.programs import is_mysql

NEEDED = {
    "autocommit": "OFF",
    "time_zone": "+00:00",
    "character_set_client": "utf8mb4",
    "character_set_results": "utf8mb4",
    "collation_connection": "utf8mb4_bin",
    "sql_safe_updates": "OFF",
    "sql_select_limit": "18446744073709551615",
    "sql_auto_is_null": "OFF",
    "sql_big_selects": "ON",
    "sql_quote_show_create": "ON",
    "foreign_key_checks": "ON",
    "unique_checks": "ON",
    "completion_type": "NO_CHAIN",
    "div_precision_increment": "4",
    "max_sort_length": "1024",
    "group_concat_max_len": "1048576",
    "innodb_lock_wait_timeout": "2",
    "lock_wait_timeout": "2",
}
NEEDED |= (
    {"transaction_isolation": "READ-COMMITTED", "max_execution_time": "0"}
    if is_mysql()
    else {
        "tx_isolation": "READ-COMMITTED",
        "check_constraint_checks": "ON",
        "max_statement_time": "0.000000",
        "old_mode": "",
    }
)
MODES = [
    "",
    "ORACLE",
    "ANSI",
    "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,IGNORE_SPACE,HIGH_NOT_PRECEDENCE",
    "EMPTY_STRING_IS_NULL,PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION",
    "ALLOW_INVALID_DATES,REAL_AS_FLOAT,SIMULTANEOUS_ASSIGNMENT,TIME_ROUND_FRACTIONAL",
    "TRADITIONAL,ONLY_FULL_GROUP_BY",
]
if is_mysql():
    MODES = [
        "",
        "ANSI",
        "ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,IGNORE_SPACE,HIGH_NOT_PRECEDENCE",
        "PAD_CHAR_TO_FULL_LENGTH,NO_UNSIGNED_SUBTRACTION",
        "ALLOW_INVALID_DATES,REAL_AS_FLOAT,TIME_TRUNCATE_FRACTIONAL",
        "TRADITIONAL,ONLY_FULL_GROUP_BY",
    ]
DEFAULT_MODE = "ANSI" if is_mysql() else "ORACLE"
ISOLATION = "transaction_isolation" if is_mysql() else "tx_isolation"


@pytest.fixture
def engine(hostile: Account) -> Iterator[Engine]:
    """The engine of an account without administrative rights on the hostile server."""
    made = connect(hostile.url)
    yield made
    made.dispose()


@pytest.fixture
def mixed_log(hostile_server: MariaDB) -> Iterator[None]:
    """The hostile server, with a binary log format that accepts the bot's changes."""
    hostile_server.execute("SET GLOBAL binlog_format = 'MIXED'")
    yield
    hostile_server.execute("SET GLOBAL binlog_format = 'STATEMENT'")


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest, hostile_server: MariaDB) -> Iterator[str]:
    """The server's default sql_mode: each of `MODES` in turn."""
    hostile_server.execute(f"SET GLOBAL sql_mode = '{request.param}'")
    yield request.param
    hostile_server.execute(f"SET GLOBAL sql_mode = '{DEFAULT_MODE}'")


def value_of(engine: Engine, name: str) -> str:
    """Return a setting of one of the engine's sessions."""
    with engine.connect() as connection:
        shown = connection.execute(text("SHOW VARIABLES LIKE :name"), {"name": name}).one()
        return str(shown[1])


@pytest.mark.parametrize("name", NEEDED)
def test_each_session_setting_has_the_value_of_the_bot(engine: Engine, name: str) -> None:
    assert value_of(engine, name) == NEEDED[name]


def test_the_sql_mode_is_strict_for_any_setting_of_the_server(engine: Engine, mode: str) -> None:
    assert set(value_of(engine, "sql_mode").split(",")) == {
        "STRICT_TRANS_TABLES",
        "STRICT_ALL_TABLES",
        "NO_AUTO_VALUE_ON_ZERO",
        "NO_ENGINE_SUBSTITUTION",
    }, mode


def test_a_database_url_cannot_change_the_session_settings(hostile: Account) -> None:
    options = {"autocommit": "true", "init_command": "SET sql_mode = ANSI", "charset": "latin1"}
    url = make_url(hostile.url).update_query_dict({**options, "sql_mode": "ANSI"})
    engine = connect(url.render_as_string(hide_password=False))
    names = ("autocommit", "collation_connection")
    assert [value_of(engine, name) for name in names] == ["OFF", "utf8mb4_bin"]
    assert "ANSI" not in value_of(engine, "sql_mode")
    engine.dispose()


def test_the_session_settings_need_one_statement(engine: Engine) -> None:
    engine.connect().close()  # later sessions omit the settings that the account may not change
    with closing(engine.raw_connection()), closing(engine.raw_connection()) as fresh:
        cursor = fresh.cursor()
        cursor.execute("SHOW SESSION STATUS LIKE 'Questions'")
        # One of the two statements is this query itself.
        assert cursor.fetchall()[0][1] == "2"


def test_a_setting_that_the_server_does_not_know_is_omitted(
    hostile: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(session.SETTINGS, "a_setting_of_tomorrow", "ON")
    engine = connect(hostile.url)
    for name in ("collation_connection", ISOLATION, "autocommit"):
        assert value_of(engine, name) == NEEDED[name]
    refused: set[str] = set(engine.get_execution_options()["session"].refused)
    assert refused >= {"a_setting_of_tomorrow", "binlog_format"}
    assert not refused & set(NEEDED)
    engine.dispose()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("sql_mode", "ANSI_QUOTES"),
        ("time_zone", "-05:00"),
        (ISOLATION, "SERIALIZABLE"),
        ("collation_connection", "utf8mb4_general_ci"),
        ("sql_select_limit", "7"),
        ("max_execution_time" if is_mysql() else "max_statement_time", "9"),
    ],
)
def test_a_session_with_a_wrong_setting_is_refused_with_the_name_of_the_setting(
    mariadb_url: str, name: str, kept: str
) -> None:
    engine = connect(mariadb_url)

    @event.listens_for(engine, "connect")
    def keep(raw: object, _record: object) -> None:
        value = kept if kept.isdigit() else f"'{kept}'"
        raw.query(f"SET SESSION {name} = {value}")  # type: ignore[attr-defined]  # PyMySQL's

    with pytest.raises(StartError, match=f"keeps {name} at") as refusal:
        migrate(engine)
    assert refusal.value.problems[-1].endswith(".")
    queue = Queue(*spec_tables())
    with pytest.raises(StartError, match=f"keeps {name} at"):
        check_tables(engine, queue)
    engine.dispose()


# ---- D12: the binary log


def test_a_binary_log_of_statements_is_refused_with_one_sentence(engine: Engine) -> None:
    queue = Queue(*spec_tables())
    for check in (lambda: migrate(engine), lambda: check_tables(engine, queue)):
        with pytest.raises(StartError) as refusal:
            check()
        (sentence,) = refusal.value.problems
        assert "binlog_format = ROW or MIXED" in sentence
        assert sentence.endswith(".")


def test_an_account_that_may_set_the_binary_log_format_sets_it(hostile: Account) -> None:
    engine = connect(hostile.administrator_url)
    assert value_of(engine, "binlog_format") == "ROW"
    assert migrate(engine) == len(MIGRATIONS)
    engine.dispose()


@pytest.mark.usefixtures("mixed_log")
@pytest.mark.parametrize(("log", "warnings"), [("MIXED", 1), ("ROW", 0)])
def test_a_correct_binary_log_format_that_cannot_be_set_is_at_most_a_warning(
    hostile: Account, hostile_server: MariaDB, log: str, warnings: int
) -> None:
    hostile_server.execute(f"SET GLOBAL binlog_format = '{log}'")
    engine = connect(hostile.url)
    with capture_logs() as lines:
        assert migrate(engine) == len(MIGRATIONS)
    assert [line["log_level"] for line in lines] == ["warning"] * warnings
    assert [line["binlog_format"] for line in lines] == [log] * warnings
    engine.dispose()


# ---- D13: the bot's tables


@pytest.mark.usefixtures("mixed_log", "mode")
def test_migrate_creates_tables_with_an_explicit_engine_row_format_and_collation(
    engine: Engine,
) -> None:
    assert migrate(engine) == len(MIGRATIONS)
    made = text(
        "SELECT table_name, engine, row_format, table_collation FROM information_schema.tables "
        "WHERE table_schema = DATABASE()"
    )
    columns = text(
        "SELECT DISTINCT character_set_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND character_set_name IS NOT NULL"
    )
    with reading(engine) as connection:
        rows = {name: tuple(rest) for name, *rest in connection.execute(made)}
        assert connection.execute(columns).all() == [("utf8mb4", "utf8mb4_bin")]
    assert set(rows) == set(metadata.tables)
    compact = rows.pop(tables.failures.name)
    assert compact == ("InnoDB", "Redundant", "utf8mb4_bin")
    assert set(rows.values()) == {("InnoDB", "Dynamic", "utf8mb4_bin")}
    assert migrate(engine) == 0


# ---- D2: what a column cannot hold


@pytest.fixture
def narrow(
    hostile: Account,
    mixed_log: None,  # noqa: ARG001 usefixtures does nothing for a fixture
    hostile_server: MariaDB,
) -> Iterator[TestQueue]:
    """The spec's tables on a lenient server; `jobs` is utf8mb3 and has a short queue column."""
    hostile_server.execute("SET GLOBAL sql_mode = ''")
    engine = connect(hostile.url, grace=GRACE)
    jobs, failed = spec_tables()
    jobs.metadata.create_all(engine)
    hostile_server.execute(
        f"ALTER TABLE {hostile.database}.jobs CONVERT TO CHARACTER SET utf8mb3, "
        "MODIFY queue VARCHAR(10) CHARACTER SET utf8mb3 NOT NULL",
    )
    migrate(engine)
    yield TestQueue(hostile.url, engine, Queue(jobs, failed))
    engine.dispose()
    hostile_server.execute(f"SET GLOBAL sql_mode = '{DEFAULT_MODE}'")


@pytest.mark.parametrize(
    "row",
    [
        {"queue": "netsuite-orders-high"},
        {"queue": "mail", "body": '{"job": "\N{PILE OF POO}"}'},
        {"queue": "correo-\N{PILE OF POO}"},
    ],
    ids=["long", "payload", "name"],
)
def test_a_retry_of_a_value_that_a_column_cannot_hold_changes_nothing(
    narrow: TestQueue, row: dict[str, str]
) -> None:
    id_ = narrow.fail(**row)  # type: ignore[arg-type]  # only texts
    before = payloads(narrow)
    setup = make_setup(narrow)
    with suppress(DBAPIError):
        outcome = ask(setup, f"retry {id_}")
        assert outcome.refusal is not None
    assert payloads(narrow) == before
    assert narrow.jobs == []
    assert narrow.count(tables.archive) == 0


def test_a_text_that_is_too_long_is_an_error_and_not_truncated(narrow: TestQueue) -> None:
    with pytest.raises(DataError, match="too long"):
        narrow.push(queue="netsuite-orders-high")
    assert narrow.jobs == []


@pytest.mark.usefixtures("mode", "mixed_log")
def test_a_retry_is_correct_for_any_session_defaults_of_the_server(engine: Engine) -> None:
    jobs, failed = spec_tables()
    jobs.metadata.create_all(engine)
    migrate(engine)
    queue = TestQueue(str(engine.url), engine, Queue(jobs, failed))
    id_ = queue.fail(body='{"job": "caf\u00e9", "path": "a\\\\b\'\\"", "of": ""}')
    failed_at = queue.failed[0].failed_at
    before = payloads(queue)
    assert ask(make_setup(queue), f"retry {id_}").refusal is None
    assert payloads(queue) == before
    assert ask(make_setup(queue), "undo").refusal is None
    assert payloads(queue) == before
    assert [row.failed_at for row in queue.failed] == [failed_at]


def test_a_failed_job_with_the_id_0_keeps_its_id(narrow: TestQueue) -> None:
    narrow.fail(0, queue="mail")
    assert [row.id for row in narrow.failed] == [0]


def test_sqlite_has_no_session_settings_to_check(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with reading(engine) as connection:
        assert require_session(connection) == {}
        assert connection.execute(select(1)).scalar() == 1
    engine.dispose()
