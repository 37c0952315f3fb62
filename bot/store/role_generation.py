"""The generation of the roles: a number that grows when a replica learns that roles changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.database.transactions import Clock, now_of, time_column
from bot.store.tables import role_generation


@dataclass(frozen=True, slots=True)
class RoleMoment:
    """The time of a transaction, and the generation that is committed at this time."""

    now: datetime
    generation: int


def read(connection: Connection, clock: Clock) -> RoleMoment:
    """Read the time and the generation in one statement, so a request needs no second statement."""
    c = role_generation.c
    row = connection.execute(select(time_column(connection).label("now"), c.generation)).one()
    # A test moves its own clock. Without such a clock, the statement reads the database's time.
    return RoleMoment(row.now if clock is now_of else clock(connection), row.generation)


def rules_of_last_start(connection: Connection) -> str | None:
    """Return the role settings of the replica that started last, as JSON."""
    rules: str | None = connection.execute(select(role_generation.c.rules)).scalar_one()
    return rules


def advance(connection: Connection) -> None:
    """Advance the generation; all replicas read roles again before their next change."""
    generation = role_generation.c.generation
    connection.execute(update(role_generation).values(generation=generation + 1))


def store_rules(connection: Connection, rules: str) -> int:
    """Store the role settings of a starting replica; return the current generation.

    The generation advances only if the settings differ from the stored settings.
    """
    c = role_generation.c
    row = connection.execute(select(c.generation, c.rules).with_for_update()).one()
    if row.rules == rules:
        return int(row.generation)
    values = {"generation": c.generation + 1, "rules": rules}
    connection.execute(update(role_generation).values(values))
    return int(row.generation) + 1
