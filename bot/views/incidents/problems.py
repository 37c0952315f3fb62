"""Problems of the bot's own background work, with their effects and remedies."""

from collections.abc import Sequence

from bot.models.health import HealthProblem
from bot.models.requests import Moment, Source
from bot.text import Mrkdwn, code, escape, join
from bot.views.context import Context
from bot.views.names import age_since, offset_values

SHOWN = 8
"""Problems that a message lists; a terminal lists all."""


def problem_lines(problems: Sequence[HealthProblem], ctx: Context) -> list[Mrkdwn]:
    """Return one sentence per problem with its effect, and last where the logs show the reason."""
    if not problems:
        return []
    first = problems if ctx.source is Source.TERMINAL else problems[:SHOWN]
    lines = [problem_line(problem, ctx) for problem in first]
    if hidden := len(problems) - len(first):
        lines.append(ctx.texts("background-more", count=hidden))
    if any(problem.code not in ("nobody", "zone-offset") for problem in problems):
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
        **offset_values(problem.minutes or 0, texts),
    }
    line = texts(f"background-{problem.code}", **values)
    return join(" ", [line, texts(f"background-means-{problem.part}")])


def _step(problem: HealthProblem, ctx: Context) -> Mrkdwn:
    """Return the step's name; its row may come from a newer version."""
    key = f"background-step-{problem.step}"
    return ctx.texts(key) if ctx.texts.has(key) else escape(problem.step or "–")
