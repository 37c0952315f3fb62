"""The effect of a command on jobs. Each command's file defines its action, an immutable value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

RowKind = Literal["failed", "job"]
"""The queue's two tables: `failed_jobs` and `jobs`."""
CountsAs = Literal["retried", "deleted", "undone"]
"""How an action counts in incidents, in the digest, and in messages."""


@dataclass(frozen=True, slots=True)
class Action:
    """The effect of the command `name` on jobs.

    `removes` is the table from which the action removes rows. `undo_by_id`: an undo can restore
    single rows by id. `undo_in_bulk`: an undo can restore the rows in batches.
    """

    name: str
    counts_as: CountsAs | None = None
    removes: RowKind | None = None
    undo_by_id: bool = False
    undo_in_bulk: bool = False

    @property
    def asks_for_count(self) -> bool:
        """Whether people confirm a bulk change by typing the number of jobs it will delete."""
        return self.counts_as == "deleted"


Actions = Mapping[str, Action]
"""The actions of all commands, by name."""


def counted_as(actions: Actions, name: object) -> CountsAs | None:
    """Return how a recorded action counts, or None if no command has this action."""
    action = actions.get(name) if isinstance(name, str) else None
    return None if action is None else action.counts_as


def names_of(actions: Actions, counts_as: CountsAs) -> tuple[str, ...]:
    """Return the names of the actions that count as `counts_as`."""
    return tuple(action.name for action in actions.values() if action.counts_as == counts_as)
