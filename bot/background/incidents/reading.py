"""What a look says of the things that are watched, before anybody is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing that is watched, as it is now.

    `bad`: it is beyond its limit. `clear`: it is well within it. Between the two nothing changes,
    so that a figure at the limit opens no incident and ends none. `value` is the figure that is
    told, in seconds or jobs; `facts` is what else the message draws, as JSON has it. `part` is the
    part of the bot that it is about, where it is about no queue.
    """

    kind: str
    queue: str | None
    bad: bool
    clear: bool
    value: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    part: str | None = None

    @property
    def subject(self) -> str:
        """What an incident about it is known by."""
        name = self.part if self.queue is None else self.queue
        return self.kind if name is None else f"{self.kind}:{name}"
