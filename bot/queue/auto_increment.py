"""How many ids of `jobs` were handed out: the table's own counter, which no deletion turns back.

Its growth is how many jobs came, as far as every id became a job: an insert that was rolled back
took one too, and an INSERT … SELECT takes some that it does not use.
"""

from sqlalchemy import Connection, text

from bot.database.dialects import is_sqlite
from bot.queue.layouts import Queue

_MADE_BY = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
_SEQUENCE = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_SETTINGS = text(
    "SHOW VARIABLES WHERE Variable_name IN ('auto_increment_increment', 'wsrep_on', "
    "'information_schema_stats_expiry', 'innodb_autoinc_lock_mode')"
)
_LIVE = text("SET SESSION information_schema_stats_expiry = 0")
_COUNTER = text(
    "SELECT AUTO_INCREMENT FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = :name"
)
MOST_AT_ONCE = 65_535
"""The server takes 1, 2, 4, 8 … ids for rows that it cannot count beforehand, and no more."""


def ids_taken(connection: Connection, queue: Queue) -> int | None:
    """How many ids of `jobs` were handed out so far; None where the server does not say.

    The nodes of a Galera cluster hand out ids beside each other: there no growth can be told.
    """
    name = {"name": queue.jobs.name}
    if is_sqlite(connection):
        made_by = connection.execute(_MADE_BY, name).scalar() or ""
        if "AUTOINCREMENT" not in made_by.upper():
            # Without it the file keeps no counter, and gives ids a second time.
            return None
        return connection.execute(_SEQUENCE, name).scalar() or 0
    settings = _settings(connection)
    if settings.get("wsrep_on") == "ON":
        return None
    if settings.get("information_schema_stats_expiry", "0") != "0":
        # MySQL 8 would answer what it was up to a day ago.
        connection.execute(_LIVE)
    next_id = connection.execute(_COUNTER, name).scalar()
    if next_id is None:
        return None
    return (int(next_id) - 1) // int(settings.get("auto_increment_increment", 1))


def ids_unused(connection: Connection, rows: int) -> int:
    """How many ids an INSERT … SELECT of so many rows takes and does not use."""
    if is_sqlite(connection):
        return 0
    if _settings(connection).get("innodb_autoinc_lock_mode") == "0":
        return 0
    taken, step = 0, 1
    while taken < rows:
        taken, step = taken + step, min(step * 2, MOST_AT_ONCE)
    return taken - rows


def _settings(connection: Connection) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(_SETTINGS)}
