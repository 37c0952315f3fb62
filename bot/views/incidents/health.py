"""Views of the bot's health: its leader, the cost of monitoring, problems, overdue messages."""

from collections.abc import Sequence

from bot.models.health import MOST_MS, Backfill, Health, HealthProblem, Undelivered, WatcherState
from bot.models.requests import Moment, Source
from bot.text import Mrkdwn, channel, code, escape, join
from bot.views.context import Context
from bot.views.names import age, age_since, offset_values

_COMPLETE = ("audit-key-missing", "forged-link", "forged-record", "verify-failed", "cursor-reset")
"""The problems whose sentence includes the effect, which differs from the part's usual effect."""
_UNLOGGED = ("nobody", "zone-offset", *_COMPLETE)
"""The problems about which the log has no more information than the sentence."""
SHOWN = 8
"""The most problems that a message lists; a terminal lists all problems."""


def health_lines(health: Health, ctx: Context) -> list[Mrkdwn]:
    """Return the leader, its cost, the problems, and the channels with overdue messages."""
    return [*_watcher(health.watcher, ctx), *unwell_lines(health, ctx)]


def backfill_line(backfill: Backfill, ctx: Context) -> Mrkdwn:
    """Return the progress of indexing older failures: rows, rate and remaining time."""
    key = "watch-backfill"
    if backfill.regrouping or backfill.relabeling:
        key = "watch-regrouping" if backfill.regrouping else "watch-relabeling"
    line = ctx.texts(key, rows=backfill.rows, total=backfill.total)
    if backfill.per_second is None or backfill.seconds_left is None:
        return line
    left = age(backfill.seconds_left, ctx.texts)
    rate = ctx.texts("watch-backfill-rate", count=backfill.per_second, left=left)
    return join(" · ", [line, rate])


def unwell_lines(health: Health, ctx: Context) -> list[Mrkdwn]:
    """Return only the problems with their remedies, or no lines if there are no problems."""
    late = [undelivered_line(undelivered, ctx) for undelivered in health.undelivered]
    return [*problem_lines(health.problems, ctx), *late]


def _watcher(state: WatcherState, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    if state.replica is None:
        return _cost(state, ctx)
    since = age_since(state.since, ctx)
    who = texts(
        "watch-holder",
        replica=code(state.replica, 64),
        age=since,
        at=texts.clock(state.until),
        epoch=str(state.epoch),
    )
    return [who, *_cost(state, ctx)]


def _cost(state: WatcherState, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    if state.pass_ms is None:
        return [texts("watch-cost-unknown")]
    last = texts("watch-cost", last=state.pass_ms)
    if state.worst_ms is None or state.worst_at is None:
        return [last]
    key = "watch-worst-high" if state.worst_ms > MOST_MS else "watch-worst"
    worst = texts(key, worst=state.worst_ms, age=age_since(state.worst_at, ctx), most=MOST_MS)
    return [join(" ", [last, worst])]


def undelivered_line(late: Undelivered, ctx: Context) -> Mrkdwn:
    """Return the overdue messages of one channel, with Slack's reason if it gave one."""
    texts = ctx.texts
    values = {
        "channel": channel(late.channel),
        "count": late.count,
        "age": age_since(late.since, ctx),
    }
    if late.error is None:
        return texts("health-undelivered", **values)
    return texts("health-undelivered-because", **values, error=code(late.error))


def problem_lines(problems: Sequence[HealthProblem], ctx: Context) -> list[Mrkdwn]:
    """Return one sentence per problem with its effect, then how to find the reasons in the logs."""
    if not problems:
        return []
    first = problems if ctx.source is Source.TERMINAL else problems[:SHOWN]
    lines = [problem_line(problem, ctx) for problem in first]
    if hidden := len(problems) - len(first):
        lines.append(ctx.texts("background-more", count=hidden))
    if any(problem.code not in _UNLOGGED for problem in problems):
        lines.append(ctx.texts("background-hint", line=code("watch step failed")))
    return lines


def problem_line(problem: HealthProblem, ctx: Context) -> Mrkdwn:
    """Return the problem, its duration, and its effect on people."""
    texts = ctx.texts
    if problem.code == "nobody" and problem.since is not None:
        return texts("watch-nobody", at=Moment(problem.since), run=code("queue-bot run"))
    values = {
        "age": age_since(problem.since, ctx),
        "step": _step(problem, ctx),
        "id": escape(str(problem.row)),
        "part": texts(f"background-part-{problem.part}"),
        "error": code(problem.error or "–"),
        "audit_key": code(problem.audit_key or "–"),
        **offset_values(problem.minutes or 0, texts),
    }
    line = texts(f"background-{problem.code}", **values)
    if problem.code in _COMPLETE:
        return line
    return join(" ", [line, texts(f"background-means-{problem.part}")])


def _step(problem: HealthProblem, ctx: Context) -> Mrkdwn:
    """Return the step's name. A newer version of the bot may have written an unknown step."""
    key = f"background-step-{problem.step}"
    return ctx.texts(key) if ctx.texts.has(key) else escape(problem.step or "–")
