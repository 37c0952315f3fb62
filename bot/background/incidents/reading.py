"""What a check read of one alert rule, before anybody is notified of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.models.alert_rules import AlertRule


@dataclass(frozen=True, slots=True)
class Reading:
    """The metric of one alert rule, as it is now.

    `breached`: it is beyond its limit. `recovered`: it is well within the limit. Between the two
    nothing changes, so that a value at the limit triggers no incident and resolves none. `value` is
    what the alert shows, in seconds or jobs; `facts` is what else it shows, as JSON has it.
    `part` is the part of the bot that the rule is about, where it is about no queue.
    """

    rule: AlertRule
    queue: str | None
    breached: bool
    recovered: bool
    value: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    part: str | None = None

    @property
    def subject(self) -> str:
        """What an incident about it is known by."""
        name = self.part if self.queue is None else self.queue
        return self.rule if name is None else f"{self.rule}:{name}"
