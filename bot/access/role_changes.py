"""Role changes: a replica reads roles again after any replica learned that they changed.

Slack sends an event to one replica only, and a replica reads its settings only at its start. So
the first replica that learns of a change advances a generation in the database. Each transaction
of a request reads the generation together with the time.
"""

import json
import threading
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Engine

from bot.access.roles import Directory, Grant, Need, Rules, authorize
from bot.database.transactions import Clock, changing, time_limit
from bot.models.requests import Actor, Invocation
from bot.store import role_generation

SECONDS = 2.0
"""Time limit for storing a change; Slack repeats an event that is not acknowledged."""
READ_TIMES = 3
"""How often a request reads roles if they change while it runs."""


class RolesChanged(Exception):
    """Roles may have changed since the request read them, so it must read them again."""


@dataclass
class KnownRoles:
    """What a replica knows: a generation, and the rules of the replica that started last.

    `generation` is None until the replica has read it.
    """

    generation: int | None = None
    newest: Rules | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, generation: int, newest: Rules | None, directory: Directory) -> None:
        """Discard the answers from before the generation, then know the generation.

        In the other order, another request could use an old answer under the new generation.
        """
        with self._guard:
            self.newest = newest
            directory.forget()
            self.generation = generation


def permit(
    rules: Rules, known: KnownRoles, directory: Directory, invocation: Invocation, need: Need
) -> Grant:
    """Return the lower grant of these rules and the rules of the replica that started last.

    Raises `NotAllowed` if one of them does not allow the request.
    """
    grant = authorize(rules, directory, invocation, need)
    newest = known.newest
    if newest is None or invocation.actor.is_terminal or _stored(newest) == _stored(rules):
        return grant
    return min(
        (grant, authorize(newest, directory, invocation, need)), key=lambda either: either.role
    )


def require_current(
    connection: Connection,
    clock: Clock,
    known: KnownRoles,
    directory: Directory,
    actor: Actor,
    generation: int | None,
) -> datetime:
    """Return the transaction's time; raise `RolesChanged` unless `generation` is still current.

    `generation` is what the replica knew before it read the person's role.
    """
    moment = role_generation.read(connection, clock)
    if actor.is_terminal or is_current(moment.generation, generation):
        return moment.now
    newest = _rules(role_generation.rules_of_last_start(connection))
    known.learn(moment.generation, newest, directory)
    raise RolesChanged


def is_current(committed: int, generation: int | None) -> bool:
    """Return whether roles were read under the committed generation.

    The mutant `no_role_generation` proves it.
    """
    return committed == generation


def announce_change(engine: Engine) -> None:
    """Tell all replicas that roles changed in Slack."""
    changing(engine, time_limit(engine, SECONDS), role_generation.advance)


def announce_rules(engine: Engine, rules: Rules, known: KnownRoles, directory: Directory) -> None:
    """Tell all replicas the settings about roles of this replica, which starts."""
    stored = _stored(rules)

    def store(connection: Connection) -> int:
        return role_generation.store_rules(connection, stored)

    known.learn(changing(engine, time_limit(engine, SECONDS), store), None, directory)


_NAMES = ("viewers", "operators", "admins", "change_channels", "changes_in_home", "team")


def _stored(rules: Rules) -> str:
    """Return the settings that decide what a person may do, as JSON."""
    values = asdict(rules)
    return json.dumps({name: values[name] for name in _NAMES})


def _rules(stored: str | None) -> Rules | None:
    """Return stored settings as rules; None if no replica has stored any."""
    if stored is None:
        return None
    values = json.loads(stored)
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return replace(Rules(), **(values | lists))
