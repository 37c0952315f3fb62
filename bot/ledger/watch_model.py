"""What is watched, as answers and views show it. No SQL."""

from datetime import datetime
from typing import Literal

from bot.queue.model import Value

AlertKind = Literal["group", "oldest", "reserved", "failed", "backlog", "silent", "summary"]
"""What an incident can be about."""


class Topic(Value):
    """What a mute is of: one error group, one queue, or one kind of incident; the rest is None."""

    error_group: int | None = None
    queue: str | None = None
    kind: AlertKind | None = None

    @property
    def subject(self) -> str:
        """What a mute of it is known by: `group:12`, `queue:mail`, `kind:oldest`."""
        if self.error_group is not None:
            return f"group:{self.error_group}"
        return f"queue:{self.queue}" if self.queue is not None else f"kind:{self.kind}"


class Mute(Value):
    """A mute in force: of what, by whom and since when, and when it ends by itself (naive UTC)."""

    topic: Topic
    by: str
    at: datetime
    until: datetime
