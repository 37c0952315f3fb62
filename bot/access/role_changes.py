"""Role changes: after a change of roles, all replicas read the roles again.

Slack sends an event to one replica only, and a replica reads its settings only at its start. So
the first replica that learns of a change advances the generation in the database. Each transaction
of a request reads the generation in the statement that reads the time.
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
"""Time limit for storing a change. If the change is not stored, Slack sends the event again."""
READ_TIMES = 3
"""How many times a request reads the roles if the roles change while the request runs."""


class RolesChanged(Exception):
    """Roles may have changed since the request read them. The request must read the roles again."""


@dataclass
class KnownRoles:
    """The generation that a replica knows, and the rules of the replica that started last.

    `generation` is None until the replica has read it.
    """

    generation: int | None = None
    newest: Rules | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, generation: int, newest: Rules | None, directory: Directory) -> None:
        """Discard Slack's earlier answers, then store the new generation.

        If the generation were stored first, another request could use an old answer with it.
        """
        with self._guard:
            self.newest = newest
            directory.forget()
            self.generation = generation


def permit(
    rules: Rules, known: KnownRoles, directory: Directory, invocation: Invocation, need: Need
) -> Grant:
    """Return the lower of two grants: by these rules, and by the newest replica's rules.

    Raises `NotAllowed` if either set of rules does not allow the request.
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

    `generation` is the generation that the replica knew before it read the person's role.
    """
    moment = role_generation.read(connection, clock)
    if actor.is_terminal or is_current(moment.generation, generation):
        return moment.now
    newest = _rules(role_generation.rules_of_last_start(connection))
    known.learn(moment.generation, newest, directory)
    raise RolesChanged


def is_current(committed: int, generation: int | None) -> bool:
    """Return whether the replica read the roles under the committed generation.

    The mutant `no_role_generation` proves that this check is necessary.
    """
    return committed == generation


def announce_change(engine: Engine) -> None:
    """Advance the generation, so that all replicas read the roles from Slack again."""
    changing(engine, time_limit(engine, SECONDS), role_generation.advance)


def announce_rules(engine: Engine, rules: Rules, known: KnownRoles, directory: Directory) -> None:
    """Store the role settings of this starting replica, so that all replicas read them."""
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
