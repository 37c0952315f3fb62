"""Cursors: a named position up to which rows were read."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, select, update

from bot.store.tables import cursors

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CursorReset:
    """A cursor that pointed beyond its rows, and the time of its reset (naive UTC)."""

    name: str
    at: datetime


def position(connection: Connection, name: str) -> int:
    """Return the cursor's position, or -1 if the cursor has no position yet."""
    c = cursors.c
    at = connection.execute(select(c.position).where(c.name == name)).scalar_one()
    return -1 if at is None else int(at)


def positions(connection: Connection, *names: str) -> dict[str, int]:
    """Return the position of each cursor, or -1 if a cursor has no position yet."""
    c = cursors.c
    rows = connection.execute(select(c.name, c.position).where(c.name.in_(names)))
    return {row.name: -1 if row.position is None else int(row.position) for row in rows}


def set_position(connection: Connection, name: str, to: int) -> None:
    """Set the cursor's position."""
    connection.execute(update(cursors).where(cursors.c.name == name).values(position=to))


def reset(connection: Connection, name: str, to: int, now: datetime) -> None:
    """Reset a cursor that points beyond its rows; report the reset in the log and the health.

    The bot never moves a cursor so far, so somebody else moved it. The skipped rows were not read.
    """
    log.error("cursor reset", cursor=name, was=position(connection, name), now=to)
    values = {"position": to, "reset_at": now}
    connection.execute(update(cursors).where(cursors.c.name == name).values(values))


def resets(connection: Connection, since: datetime) -> list[CursorReset]:
    """Return the cursors that were reset after `since`, sorted by name."""
    c = cursors.c
    query = select(c.name, c.reset_at).where(c.reset_at > since).order_by(c.name)
    return [CursorReset(row.name, row.reset_at) for row in connection.execute(query)]
