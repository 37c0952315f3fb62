"""The names of the alert rules, and the reading of a rule. This module has no SQL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

AlertRule = Literal[
    "new_failures",
    "oldest_job",
    "stuck_jobs",
    "failed_count",
    "backlog_growth",
    "no_worker_activity",
    "summary",
    "background_problem",
]
"""The name of an alert rule, which triggers incidents."""

NEW_FAILURES: AlertRule = "new_failures"
"""The rule for failures of one error group."""
SUMMARY: AlertRule = "summary"
"""The rule for new failures in a minute with more error groups than allowed alerts."""
OLDEST_JOB: AlertRule = "oldest_job"
STUCK_JOBS: AlertRule = "stuck_jobs"
FAILED_COUNT: AlertRule = "failed_count"
BACKLOG_GROWTH: AlertRule = "backlog_growth"
NO_WORKER_ACTIVITY: AlertRule = "no_worker_activity"
BACKGROUND_PROBLEM: AlertRule = "background_problem"
"""The rule for a problem of the bot's own background work."""

METRIC_RULES: tuple[AlertRule, ...] = (
    OLDEST_JOB, STUCK_JOBS, FAILED_COUNT, BACKLOG_GROWTH, NO_WORKER_ACTIVITY,
    BACKGROUND_PROBLEM,
)  # fmt: skip
"""The rules that compare a metric with a limit. All other rules count failures."""

WITHOUT_QUEUE: tuple[AlertRule, ...] = (FAILED_COUNT, BACKGROUND_PROBLEM, SUMMARY)
"""The rules whose incidents have no queue."""

ALIASES: Mapping[str, AlertRule] = {
    "group": NEW_FAILURES,
    "oldest": OLDEST_JOB,
    "reserved": STUCK_JOBS,
    "failed": FAILED_COUNT,
    "backlog": BACKLOG_GROWTH,
    "silent": NO_WORKER_ACTIVITY,
}
"""The former names of the rules, which people may still type."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The current metric of one alert rule.

    `breached`: the metric is beyond its limit. `recovered`: the metric is well within its limit.
    A metric that is neither triggers no incident and resolves none. The alert shows `value`, in
    seconds or jobs, and `facts`, which are JSON values. `part` is a part of the bot. It is set
    only if the rule is about the bot and not about a queue.
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
        """Return the subject of an incident that this reading triggers."""
        name = self.part if self.queue is None else self.queue
        return self.rule if name is None else f"{self.rule}:{name}"
