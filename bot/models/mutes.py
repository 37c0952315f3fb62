"""The values of mutes."""

from datetime import datetime

from pydantic import Field

from bot.models.alert_rules import AlertRule
from bot.models.value import KeyedValue, Value


class Topic(KeyedValue):
    """The topic of a mute: an error group, a queue, an alert rule, or a rule for one queue."""

    error_group: int | None = None
    queue: str | None = None
    rule: AlertRule | None = Field(default=None, alias="kind")

    @property
    def word(self) -> str:
        """Return the topic: `E12`, a queue's name, a rule's name, or `oldest_job:mail`."""
        if self.error_group is not None:
            return f"E{self.error_group}"
        if self.queue is not None and self.rule is not None:
            return f"{self.rule}:{self.queue}"
        return self.queue if self.queue is not None else str(self.rule)

    def words(self) -> dict[str, str]:
        """Return the topic as command arguments by name, for the audit log."""
        if self.error_group is not None:
            return {"error": self.word}
        named = {"alert": self.rule, "queue": self.queue}
        return {name: word for name, word in named.items() if word is not None}

    def covers(self, rule: str, queue: str | None, error_group: int | None) -> bool:
        """Whether the mute applies to incidents of this rule, queue or error group."""
        if self.error_group is not None:
            return self.error_group == error_group
        return self.queue in (None, queue) and self.rule in (None, rule)

    @property
    def subject(self) -> str:
        """Return the key of a mute, such as `group:12`, `queue:mail` or `rule:oldest_job`.

        A mute of one rule for one queue has the same key as its incidents: `oldest_job:mail`.
        """
        if self.error_group is not None:
            return f"group:{self.error_group}"
        if self.queue is not None and self.rule is not None:
            return self.word
        return f"queue:{self.queue}" if self.queue is not None else f"rule:{self.rule}"


class Mute(Value):
    """An active mute: its topic, its author, its start and its end (naive UTC)."""

    topic: Topic
    by: str
    at: datetime
    until: datetime


class MuteDetails(Value):
    """A mute with its effects. `name` is the text of its error group.

    `extended` is the end of the earlier mute that this mute replaces. `no_jobs`: the queue has no
    jobs now. `incidents` is the number of active incidents to which the mute applies.
    """

    mute: Mute
    name: str | None = None
    extended: datetime | None = None
    no_jobs: bool = False
    incidents: int = 0


class NamedMute(Value):
    """A mute in a list. `error` (`E12`) and `name` are its error group's. Times are naive UTC."""

    error: str | None
    name: str | None
    queue: str | None
    alert: str | None
    by: str
    at: datetime
    until: datetime

    @property
    def topic(self) -> Topic:
        """Return the topic of the mute."""
        group = None if self.error is None else int(self.error.removeprefix("E"))
        return Topic.model_validate({"error_group": group, "queue": self.queue, "rule": self.alert})
