"""Count the assigned ids of `jobs`: read the table's own counter, which deletions never lower.

The growth of the counter is the number of new jobs only if every id became a job. An insert that
was rolled back also used an id, and an INSERT … SELECT reserves more ids than it uses.
"""

from sqlalchemy import Connection, text

from bot.database.dialects import is_sqlite
from bot.queue.layouts import Queue

_MADE_BY = text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
_SEQUENCE = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_SETTINGS = text(
    "SHOW VARIABLES WHERE Variable_name IN ('auto_increment_increment', 'wsrep_on', "
    "'information_schema_stats_expiry')"
)
_LOCK_MODE = text("SELECT @@innodb_autoinc_lock_mode")
_LIVE = text("SET SESSION information_schema_stats_expiry = 0")
_COUNTER = text(
    "SELECT AUTO_INCREMENT FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = :name"
)
LARGEST = 2**63 - 1
"""The largest counter that a sample can store; ids of BIGINT UNSIGNED may be larger."""
MOST_AT_ONCE = 65_535
"""The server reserves 1, 2, 4, 8 … ids at a time, at most this many, for an unknown row count."""


def ids_taken(connection: Connection, queue: Queue) -> int | None:
    """Return how many ids of `jobs` were assigned so far, or None if that is unknown.

    The nodes of a Galera cluster assign ids independently, so the growth of a cluster is unknown.
    """
    name = {"name": queue.jobs.name}
    if is_sqlite(connection):
        definition = connection.execute(_MADE_BY, name).scalar() or ""
        if "AUTOINCREMENT" not in definition.upper():
            # Without AUTOINCREMENT the file keeps no counter and reuses ids.
            return None
        return connection.execute(_SEQUENCE, name).scalar() or 0
    settings = _settings(connection)
    if settings.get("wsrep_on") == "ON":
        return None
    if settings.get("information_schema_stats_expiry", "0") != "0":
        # MySQL 8 would return a cached value that is up to a day old.
        connection.execute(_LIVE)
    next_id = connection.execute(_COUNTER, name).scalar()
    if next_id is None or int(next_id) > LARGEST:
        return None
    return (int(next_id) - 1) // int(settings.get("auto_increment_increment", 1))


def ids_unused(connection: Connection, rows: int) -> int:
    """Return how many ids an INSERT … SELECT of `rows` rows reserves but does not use."""
    if is_sqlite(connection):
        return 0
    if connection.execute(_LOCK_MODE).scalar() == 0:
        return 0
    reserved, step = 0, 1
    while reserved < rows:
        reserved, step = reserved + step, min(step * 2, MOST_AT_ONCE)
    return reserved - rows


def _settings(connection: Connection) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(_SETTINGS)}
