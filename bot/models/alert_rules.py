"""The alert rules: their names, and what a check reads of one. No SQL."""

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
"""An alert rule: it triggers incidents."""

NEW_FAILURES: AlertRule = "new_failures"
"""Failures of one error group."""
SUMMARY: AlertRule = "summary"
"""New failures of a minute in which more error groups failed than alerts are allowed."""
OLDEST_JOB: AlertRule = "oldest_job"
STUCK_JOBS: AlertRule = "stuck_jobs"
FAILED_COUNT: AlertRule = "failed_count"
BACKLOG_GROWTH: AlertRule = "backlog_growth"
NO_WORKER_ACTIVITY: AlertRule = "no_worker_activity"
BACKGROUND_PROBLEM: AlertRule = "background_problem"
"""A part of the bot's own background work does not do its task."""

METRIC_RULES: tuple[AlertRule, ...] = (
    OLDEST_JOB, STUCK_JOBS, FAILED_COUNT, BACKLOG_GROWTH, NO_WORKER_ACTIVITY,
    BACKGROUND_PROBLEM,
)  # fmt: skip
"""The rules that compare a metric with a limit; the others count failures."""

WITHOUT_QUEUE: tuple[AlertRule, ...] = (FAILED_COUNT, BACKGROUND_PROBLEM, SUMMARY)
"""The rules whose incidents are of no queue."""

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
