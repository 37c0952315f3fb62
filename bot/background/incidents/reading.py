"""The reading of one alert rule, which a check computes and `lifecycle` applies to incidents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.models.alert_rules import AlertRule


@dataclass(frozen=True, slots=True)
class Reading:
    """The current metric of one alert rule.

    `breached`: it is beyond its limit. `recovered`: it is well within the limit. A value between
    the two triggers no incident and resolves none. The alert shows `value`, in seconds or jobs,
    and `facts`, which are JSON values. `part` is a part of the bot, if the rule is about one and
    not about a queue.
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
        """The subject of an incident about this reading."""
        name = self.part if self.queue is None else self.queue
        return self.rule if name is None else f"{self.rule}:{name}"
