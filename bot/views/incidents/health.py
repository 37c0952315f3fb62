"""Whether the bot itself is well: who watches and at what cost, and what does not arrive."""

from datetime import timedelta

from bot.models.incidents import MOST_MS, Health, Undelivered, WatcherState
from bot.models.requests import Moment
from bot.text import Mrkdwn, channel, code, join
from bot.views.context import Context
from bot.views.names import age_since

STILL = timedelta(minutes=1)
"""The figures of the passes are written down every ten seconds."""


def health_lines(health: Health, ctx: Context) -> list[Mrkdwn]:
    """Who watches, what that costs, and the channels that do not get their messages, and why."""
    late = [_undelivered(undelivered, ctx) for undelivered in health.undelivered]
    return [*_watcher(health.watcher, ctx), *late]


def _watcher(state: WatcherState, ctx: Context) -> list[Mrkdwn]:
    texts = ctx.texts
    if state.replica is None:
        text = texts("watch-nobody", at=Moment(state.until), run=code("queue-bot run"))
        return [text, *_cost(state, ctx)]
    since = age_since(state.since, ctx)
    who = texts(
        "watch-holder",
        replica=code(state.replica, 64),
        age=since,
        at=texts.clock(state.until),
        epoch=str(state.epoch),
    )
    stands = state.passed_at is None or ctx.now - state.passed_at > STILL
    young = state.since is not None and ctx.now - state.since <= STILL
    warning = [texts("watch-stands")] if stands and not young else []
    return [who, *warning, *_cost(state, ctx)]


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
