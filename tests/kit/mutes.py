"""Error groups and their mutes."""

from datetime import datetime
from typing import Any

from bot.app.setup import Setup
from bot.models.incidents import Incident, muted_until
from bot.store.failures import error_groups
from bot.store.incidents import mutes
from tests.kit.on_call import within

NAME = "SQLSTATE[HY000] [2006] MySQL server has gone away"


def group(setup: Setup, name: str = NAME) -> int:
    """Return the id of this error group; create the group if needed."""
    return within(setup, lambda c: error_groups.find_or_make(c, [name])[name])


def mute_of(setup: Setup, **about: Any) -> datetime | None:
    """Return the time until which an incident with these fields is muted."""
    values: dict[str, Any] = dict.fromkeys(Incident.__dataclass_fields__)
    incident = Incident(**{**values, "rule": "new_failures", **about})
    return within(setup, lambda c: muted_until(mutes.current(c, setup.clock(c)), incident))
