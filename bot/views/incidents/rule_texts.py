"""The texts of metric rules: the title, the meaning of the value, and the remedy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.models.alert_rules import (
    BACKGROUND_PROBLEM,
    BACKLOG_GROWTH,
    FAILED_COUNT,
    NO_WORKER_ACTIVITY,
    OLDEST_JOB,
    STUCK_JOBS,
)
from bot.models.health import HealthProblem
from bot.text import Mrkdwn, code, cut
from bot.views.context import Context
from bot.views.incidents.health import problem_lines
from bot.views.names import age, dots, queue_name, reservation_age
from bot.views.rows import ROW
from bot.views.stuck import workers_hint

GROUP = 140
"""The most characters of an error group's name."""

POOL = 10
"""The most queues of a worker pool that an alert names."""

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Reading:
    queue: Mrkdwn
    value: int
    facts: Facts


def rule_lines(
    rule: str, queue: str | None, value: int, peak: int, facts: Facts, ctx: Context
) -> list[Mrkdwn]:
    """Return the lines of a message about a rule, title first. `peak` is its highest value so far.

    The readings of `bot.background.incidents.rules` provide `value` and `facts`.
    """
    name = queue_name(queue or "")
    title, *rest = _LINES[rule](_Reading(name, value, facts), ctx)
    notes = [ctx.texts("rule-peak", figure=_value(rule, peak, ctx))]
    # The message lists the problems of a part of the bot, so their peak number is not useful.
    has_peak = peak > value and rule != BACKGROUND_PROBLEM
    return [cut(title, ROW), *rest, *(notes if has_peak else [])]


def _value(rule: str, value: int, ctx: Context) -> str:
    return age(value, ctx.texts) if rule in _AGES else ctx.texts.number(value)


def _oldest_job(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    limit = age(facts.get("limit", 0), texts)
    title = texts(
        "rule-oldest-job", queue=reading.queue, age=age(reading.value, texts), limit=limit
    )
    if not facts.get("waiting"):
        title = texts("rule-oldest-job-over", queue=reading.queue)
    slow = reading.value > facts.get("limit", 0)
    return [title, *_waiting(facts, ctx), *_workers(facts, ctx, slow=slow)]


def _no_worker_activity(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    if facts.get("queues"):
        return _worker_pool(facts["queues"], ctx)
    if not facts.get("waiting"):
        return [texts("rule-no-worker-activity-empty", queue=reading.queue)]
    oldest = texts("rule-no-worker-activity-oldest", age=age(facts.get("age", 0), texts))
    waiting = [*_waiting(facts, ctx), oldest]
    if facts.get("workers") != "still":
        # The workers are active again, but the incident recovers only after they have caught up.
        return [texts("rule-no-worker-activity-over", queue=reading.queue), *waiting]
    title = texts("rule-no-worker-activity", queue=reading.queue, age=age(reading.value, texts))
    return [title, *waiting, workers_hint(ctx)]


def _worker_pool(queues: Sequence[Sequence[Any]], ctx: Context) -> list[Mrkdwn]:
    """Return the queues whose workers stopped together. Queues without activity come first."""
    texts = ctx.texts
    ordered = sorted(queues, key=lambda row: (not row[3], -row[1]))
    rows = [
        texts(
            "rule-worker-pool-queue" if stopped else "rule-worker-pool-queue-over",
            queue=queue_name(name),
            age=age(still, texts),
            count=waiting,
        )
        for name, still, waiting, stopped in ordered[:POOL]
    ]
    rows += [texts("rule-more", count=len(queues) - POOL)] if len(queues) > POOL else []
    if not any(row[3] for row in queues):
        return [texts("rule-worker-pool-over", count=len(queues)), *rows]
    return [texts("rule-worker-pool", count=len(queues)), *rows, workers_hint(ctx)]


def _stuck_jobs(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    limit = age(facts.get("limit", 0), texts)
    reserved, jobs = facts.get("held", 0), facts.get("jobs", ())
    if not reserved:
        return [texts("rule-stuck-jobs-over", queue=reading.queue, limit=limit)]
    lines = [
        texts(
            "rule-stuck-jobs",
            queue=reading.queue,
            count=reserved,
            counted=facts.get("counted", "exact"),
            limit=limit,
        ),
        dots(
            *(
                texts("rule-stuck-jobs-job", id=str(id_), age=reservation_age(seconds, ctx))
                for id_, seconds, *_ in jobs
            ),
            texts("rule-more", count=reserved - len(jobs)) if reserved > len(jobs) else Mrkdwn(),
        ),
        workers_hint(ctx),
    ]
    if facts.get("timeout") is not None:
        timeout = age(facts["timeout"], texts)
        lines.append(texts("rule-stuck-jobs-timeout", limit=limit, timeout=timeout))
    return lines


def _failed_count(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    limit = facts.get("limit", 0)
    if reading.value <= limit:
        return [texts("rule-failed-count-fewer", count=reading.value, limit=limit)]
    lines = [texts("rule-failed-count", count=reading.value, limit=limit)]
    lines += [
        texts("rule-failed-count-group", error=error, count=count, name=code(name, GROUP))
        for error, count, name in facts.get("groups", ())
    ]
    return [*lines, texts("rule-failed-count-hint", errors=code(texts.typed("errors")))]


def _backlog_growth(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    counted, grown = facts.get("counted", "exact"), facts.get("grown")
    if not reading.value:
        return [texts("rule-backlog-growth-empty", queue=reading.queue)]
    title = texts("rule-backlog-growth", queue=reading.queue, count=reading.value, counted=counted)
    if grown is None:
        return [title]
    figures = {"grown": grown, "minutes": facts.get("minutes", 0)}
    if facts.get("grows"):
        return [
            title,
            texts("rule-backlog-growth-grown", **figures),
            texts("rule-backlog-growth-hint"),
        ]
    more = [texts("rule-backlog-growth-more", **figures)] if grown > 0 else []
    return [title, *more, texts("rule-backlog-growth-over")]


def _background_problem(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    part = texts(f"background-part-{facts.get('part', 'watcher')}")
    problems = [HealthProblem.model_validate(problem) for problem in facts.get("problems", ())]
    if not problems:
        return [texts("rule-background-problem-over", part=part)]
    return [texts("rule-background-problem", part=part), *problem_lines(problems, ctx)]


def _waiting(facts: Facts, ctx: Context) -> list[Mrkdwn]:
    count, counted = facts.get("waiting", 0), facts.get("counted", "exact")
    return [ctx.texts("rule-waiting", count=count, counted=counted)] if count else []


def _workers(facts: Facts, ctx: Context, *, slow: bool) -> list[Mrkdwn]:
    """Return whether the workers make progress. If they make none, also return the remedy."""
    texts, state, moved = ctx.texts, facts.get("workers", "unknown"), facts.get("moved")
    if not facts.get("waiting"):
        return []
    if state == "still":
        still = texts("rule-workers-still", age=age(facts.get("still", 0), texts))
        return [still, workers_hint(ctx)]
    if state == "moving" and moved is not None:
        key = "rule-workers-slow" if slow else "rule-workers-moving"
        return [texts(key, age=age(moved, texts))]
    if state == "busy":
        return [texts("rule-workers-busy", count=facts.get("reserved", 0))]
    return [texts("rule-workers-unknown")]


_AGES = (OLDEST_JOB, STUCK_JOBS, NO_WORKER_ACTIVITY)
_LINES: Mapping[str, Callable[[_Reading, Context], list[Mrkdwn]]] = {
    OLDEST_JOB: _oldest_job,
    NO_WORKER_ACTIVITY: _no_worker_activity,
    STUCK_JOBS: _stuck_jobs,
    FAILED_COUNT: _failed_count,
    BACKLOG_GROWTH: _backlog_growth,
    BACKGROUND_PROBLEM: _background_problem,
}
