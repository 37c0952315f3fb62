"""Views of the bot's health: its leader, the cost of monitoring, and overdue messages."""

from bot.models.incidents import MOST_MS, Health, Undelivered, WatcherState
from bot.text import Mrkdwn, channel, code, join
from bot.views.context import Context
from bot.views.incidents.problems import problem_lines
from bot.views.names import age_since


def health_lines(health: Health, ctx: Context) -> list[Mrkdwn]:
    """Return the leader, its cost, the problems, and the channels with overdue messages."""
    return [*_watcher(health.watcher, ctx), *unwell_lines(health, ctx)]


def unwell_lines(health: Health, ctx: Context) -> list[Mrkdwn]:
    """Return only the problems with their remedies; nothing if there are none."""
    late = [_undelivered(undelivered, ctx) for undelivered in health.undelivered]
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


def _undelivered(late: Undelivered, ctx: Context) -> Mrkdwn:
    texts = ctx.texts
    values = {
        "channel": channel(late.channel),
        "count": late.count,
        "age": age_since(late.since, ctx),
    }
    if late.error is None:
        return texts("health-undelivered", **values)
    return texts("health-undelivered-because", **values, error=code(late.error))
