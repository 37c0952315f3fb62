"""The session of a connection to MariaDB or MySQL. The bot sets it, and checks it once at start.

A server's defaults change the effect of a statement. They decide whether a long text is cut, which
time zone applies, and whether a DELETE without a key runs. The bot therefore sets all these
defaults on each new connection, in one statement.
"""

from collections.abc import Callable, Iterable

import structlog
from pymysql.err import Error
from sqlalchemy import Connection, bindparam, text

from bot.database.dialects import is_sqlite
from bot.models.refusals import StartError

log = structlog.get_logger(__name__)

STRICT = "NO_AUTO_VALUE_ON_ZERO,STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
"""The SQL mode: the server refuses a value that does not fit; a restored row keeps its id 0."""
CHARACTER_SET = "utf8mb4"
COLLATION = "utf8mb4_bin"
"""This collation exists on every server. A binary collation takes precedence over another
collation of the same character set, so the bot can compare its texts with every column."""

# Each value has the form that SHOW VARIABLES returns.
SETTINGS = {
    "autocommit": "OFF",
    "sql_mode": STRICT,
    "time_zone": "+00:00",
    "sql_safe_updates": "OFF",
    "sql_select_limit": "18446744073709551615",
    "sql_auto_is_null": "OFF",
    "sql_big_selects": "ON",
    # SQLAlchemy parses a table's definition from SHOW CREATE TABLE.
    "sql_quote_show_create": "ON",
    "foreign_key_checks": "ON",
    "unique_checks": "ON",
    # CHAIN would begin a new transaction after COMMIT; RELEASE would close the connection.
    "completion_type": "NO_CHAIN",
    "div_precision_increment": "4",
    "max_sort_length": "1024",
    # The digest of a batch's items needs more text than the default of 1,024 bytes.
    "group_concat_max_len": "1048576",
}
_MARIADB = {
    "tx_isolation": "READ-COMMITTED",
    "tx_read_only": "OFF",
    # Each statement has its own limit.
    "max_statement_time": "0",
    "check_constraint_checks": "ON",
    "old_mode": "",
}
_MYSQL = {
    "transaction_isolation": "READ-COMMITTED",
    "transaction_read_only": "OFF",
    "max_execution_time": "0",
}
_LOCK_WAITS = ("innodb_lock_wait_timeout", "lock_wait_timeout")
_WITH_PRIVILEGE = {"binlog_format": "ROW"}
"""Only an account with a privilege may set this variable; the value MIXED is also correct."""
_NAMES = {
    "character_set_client": CHARACTER_SET,
    "character_set_connection": CHARACTER_SET,
    "character_set_results": CHARACTER_SET,
    "collation_connection": COLLATION,
}
_ALWAYS_SHOWN = dict.fromkeys(("sql_mode", "sql_select_limit", "time_zone"), "0")
_CHECKED = {**_NAMES, **SETTINGS, **_MARIADB, **_MYSQL}
_VARIABLES = text("SHOW SESSION VARIABLES WHERE Variable_name IN :names").bindparams(
    bindparam("names", expanding=True)
)
# The variable is unknown, needs a privilege, does not accept the value, or is global only.
_CANNOT_SET = {1193, 1227, 1228, 1229, 1231, 1232, 1238, 1621}


class Session:
    """The settings of an engine's connections; `refused` names the refused settings."""

    def __init__(self, lock_seconds: float) -> None:
        """`lock_seconds` limits the time for which a statement waits for a row or table lock."""
        locks = dict.fromkeys(_LOCK_WAITS, str(int(lock_seconds)))
        self._common = {**SETTINGS, **locks, **_WITH_PRIVILEGE}
        self._own = {**_MARIADB, **_MYSQL}
        self.refused: dict[str, str] = {}
        self.statement = self._statement()

    def apply(self, query: Callable[[str], object]) -> None:
        """Apply all settings with one statement, and remember the settings that the server refuses.

        If the statement fails, it runs again without the settings that need a privilege. If it
        fails again, each setting is tried separately. A refused setting is omitted from now on.
        """
        for leave_out in ((), tuple(_WITH_PRIVILEGE)):
            for name in leave_out:
                self._refuse(name, query)
            try:
                query(self.statement)
            except Error as error:
                if _number(error) not in _CANNOT_SET:
                    raise
            else:
                return
        query(_SET_NAMES)
        for name in [*self._common, *self._own]:
            self._refuse(name, query)
        self.statement = self._statement()

    def _refuse(self, name: str, query: Callable[[str], object]) -> None:
        """Apply one setting; if the server refuses the setting, omit it from now on."""
        if name in self.refused:
            return
        try:
            query(f"SET SESSION {_assignment(name, {**self._common, **self._own}[name])}")
        except Error as error:
            if _number(error) not in _CANNOT_SET:
                raise
            self.refused[name] = str(error.args[-1])
            self.statement = self._statement()

    def _statement(self) -> str:
        """Build the statement; each server runs only the comments for its own product and version.

        The bot does not use the server's greeting for this, because a proxy may have sent it.
        """
        common = "".join(self._assignments(self._common))
        on_mariadb = "".join(self._assignments(_MARIADB))
        on_mysql = "".join(self._assignments(_MYSQL))
        # MariaDB ignores comments for version 5.7 and above.
        return f"{_SET_NAMES}{common} /*M!{on_mariadb} */ /*!80000{on_mysql} */"

    def _assignments(self, settings: dict[str, str]) -> Iterable[str]:
        for name, value in settings.items():
            if name not in self.refused:
                yield f", {_assignment(name, value)}"


_SET_NAMES = f"SET NAMES {CHARACTER_SET} COLLATE {COLLATION}"


def _assignment(name: str, value: str) -> str:
    quoted = value if value.isdigit() else f"'{value}'"
    return f"{name} = {quoted}"


def _number(error: Error) -> object:
    return error.args[0] if error.args else None


def require_session(connection: Connection) -> dict[str, str]:
    """Raise `StartError` if the server's session differs from the bot's settings.

    Return the settings that the account may not change and whose current values also work.
    """
    if is_sqlite(connection):
        return {}
    names = [*_CHECKED, *_WITH_PRIVILEGE, *_LOCK_WAITS, "log_bin"]
    shown = connection.execute(_VARIABLES, {"names": names})
    # A small sql_select_limit makes the server show only the first settings.
    values = {**_ALWAYS_SHOWN, **{str(name): str(value) for name, value in shown}}
    problems = [
        f"The server keeps {name} at '{values[name]}', but queue-bot needs '{needed}': allow the "
        f"account to set {name}, or remove the proxy or the rule that overrides it."
        for name, needed in _CHECKED.items()
        if name in values and not _same(name, values[name], needed)
    ]
    problems += _log_problems(values)
    if problems:
        raise StartError(problems)
    session: Session | None = connection.get_execution_options().get("session")
    return _kept_by_server(session.refused if session else {}, values)


def _log_problems(values: dict[str, str]) -> list[str]:
    if values.get("log_bin") != "ON" or values.get("binlog_format") != "STATEMENT":
        return []
    sentence = (
        "The server writes its binary log with binlog_format = STATEMENT, which refuses every "
        "change at READ COMMITTED (error 1665): set binlog_format = ROW or MIXED on the server, "
        "or allow the account to set it (BINLOG ADMIN)."
    )
    return [sentence]


def _same(name: str, value: str, needed: str) -> bool:
    if name in ("sql_mode", "old_mode"):
        return set(value.split(",")) == set(needed.split(","))
    if needed.isdigit():
        return float(value) == float(needed)
    return value.upper() == needed.upper()


def _kept_by_server(refused: Iterable[str], values: dict[str, str]) -> dict[str, str]:
    # The settings in `_CHECKED` were already verified.
    settings = {name: values[name] for name in refused if name in values and name not in _CHECKED}
    if values.get("log_bin") != "ON" or values.get("binlog_format") == "ROW":
        settings.pop("binlog_format", None)
    return settings


def warn_of_kept(settings: dict[str, str]) -> None:
    """Log the settings that the account may not change and whose current values also work."""
    if settings:
        log.warning("the account may not change these settings; their values work", **settings)
