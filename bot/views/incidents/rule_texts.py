"""What messages about watched figures say: the title, what it means, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.models.alert_rules import BACKGROUND, BACKLOG, FAILED, OLDEST, RESERVED, SILENT
from bot.models.health import HealthProblem
from bot.text import Mrkdwn, code, cut
from bot.views.context import Context
from bot.views.incidents.problems import problem_lines
from bot.views.names import age, dots, queue_name
from bot.views.rows import ROW
from bot.views.stuck import workers_hint

GROUP = 140
"""Characters of an error group's name."""

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Reading:
    queue: Mrkdwn
    value: int
    facts: Facts


def condition_lines(
    kind: str, queue: str | None, value: int, worst: int, facts: Facts, ctx: Context
) -> list[Mrkdwn]:
    """The lines of a message about a figure, the title first; `worst` is the highest so far.

    `value`, `worst` and `facts` are those of the signs that `bot.background.incidents.rules` gives.
    """
    name = queue_name(queue or "")
    title, *rest = _LINES[kind](_Reading(name, value, facts), ctx)
    notes = [ctx.texts("condition-worst", figure=_figure(kind, worst, ctx))]
    # Of a part of the bot the problems are listed, so that their number adds nothing.
    grew_worse = worst > value and kind != BACKGROUND
    return [cut(title, ROW), *rest, *(notes if grew_worse else [])]


def _figure(kind: str, value: int, ctx: Context) -> str:
    return age(value, ctx.texts) if kind in _AGES else ctx.texts.number(value)


def _oldest(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    limit = age(facts.get("limit", 0), texts)
    title = texts(
        "condition-oldest", queue=reading.queue, age=age(reading.value, texts), limit=limit
    )
    if not facts.get("waiting"):
        title = texts("condition-oldest-over", queue=reading.queue)
    slow = reading.value > facts.get("limit", 0)
    return [title, *_waiting(facts, ctx), *_workers(facts, ctx, slow=slow)]


def _silent(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    if not facts.get("waiting"):
        return [texts("condition-silent-empty", queue=reading.queue)]
    oldest = texts("condition-silent-oldest", age=age(facts.get("age", 0), texts))
    waiting = [*_waiting(facts, ctx), oldest]
    if facts.get("workers") != "still":
        # It is not over before they have caught up.
        return [texts("condition-silent-over", queue=reading.queue), *waiting]
    title = texts("condition-silent", queue=reading.queue, age=age(reading.value, texts))
    return [title, *waiting, workers_hint(ctx)]


def _reserved(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    limit = age(facts.get("limit", 0), texts)
    held, jobs = facts.get("held", 0), facts.get("jobs", ())
    if not held:
        return [texts("condition-reserved-over", queue=reading.queue, limit=limit)]
    lines = [
        texts(
            "condition-reserved",
            queue=reading.queue,
            count=held,
            counted=facts.get("counted", "exact"),
            limit=limit,
        ),
        dots(
            *(
                texts("condition-reserved-job", id=str(id_), age=age(seconds, texts))
                for id_, seconds in jobs
            ),
            texts("condition-more", count=held - len(jobs)) if held > len(jobs) else Mrkdwn(),
        ),
        workers_hint(ctx),
    ]
    if facts.get("timeout") is not None:
        timeout = age(facts["timeout"], texts)
        lines.append(texts("condition-reserved-timeout", limit=limit, timeout=timeout))
    return lines


def _failed(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    limit = facts.get("limit", 0)
    if reading.value <= limit:
        return [texts("condition-failed-fewer", count=reading.value, limit=limit)]
    lines = [texts("condition-failed", count=reading.value, limit=limit)]
    lines += [
        texts("condition-failed-group", error=error, count=count, name=code(name, GROUP))
        for error, count, name in facts.get("groups", ())
    ]
    return [*lines, texts("condition-failed-hint", errors=code("/queue errors"))]


def _backlog(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    counted, grown = facts.get("counted", "exact"), facts.get("grown")
    if not reading.value:
        return [texts("condition-backlog-empty", queue=reading.queue)]
    title = texts("condition-backlog", queue=reading.queue, count=reading.value, counted=counted)
    if grown is None:
        return [title]
    figures = {"grown": grown, "minutes": facts.get("minutes", 0)}
    if facts.get("grows"):
        return [title, texts("condition-backlog-grown", **figures), texts("condition-backlog-hint")]
    more = [texts("condition-backlog-more", **figures)] if grown > 0 else []
    return [title, *more, texts("condition-backlog-over")]


def _background(reading: _Reading, ctx: Context) -> list[Mrkdwn]:
    texts, facts = ctx.texts, reading.facts
    part = texts(f"background-part-{facts['part']}")
    problems = [HealthProblem.model_validate(one) for one in facts.get("problems", ())]
    if not problems:
        return [texts("condition-background-over", part=part)]
    return [texts("condition-background", part=part), *problem_lines(problems, ctx)]


def _waiting(facts: Facts, ctx: Context) -> list[Mrkdwn]:
    count, counted = facts.get("waiting", 0), facts.get("counted", "exact")
    return [ctx.texts("condition-waiting", count=count, counted=counted)] if count else []


def _workers(facts: Facts, ctx: Context, *, slow: bool) -> list[Mrkdwn]:
    """Whether the workers make progress, and what to do where they do not."""
    texts, state, moved = ctx.texts, facts.get("workers", "unknown"), facts.get("moved")
    if not facts.get("waiting"):
        return []
    if state == "still":
        still = texts("condition-workers-still", age=age(facts.get("still", 0), texts))
        return [still, workers_hint(ctx)]
    if state == "moving" and moved is not None:
        key = "condition-workers-slow" if slow else "condition-workers-moving"
        return [texts(key, age=age(moved, texts))]
    if state == "busy":
        return [texts("condition-workers-busy", count=facts.get("reserved", 0))]
    return [texts("condition-workers-unknown")]


_AGES = (OLDEST, RESERVED, SILENT)
_LINES: Mapping[str, Callable[[_Reading, Context], list[Mrkdwn]]] = {
    OLDEST: _oldest,
    SILENT: _silent,
    RESERVED: _reserved,
    FAILED: _failed,
    BACKLOG: _backlog,
    BACKGROUND: _background,
}
