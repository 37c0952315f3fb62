"""Whether the bot is well: a line for each thing that is not."""

from bot.ledger.model import Health
from bot.model import Moment
from bot.text import Mrkdwn, code
from bot.views.context import Context
from bot.views.names import age


def health_lines(health: Health, ctx: Context) -> list[Mrkdwn]:
    """Who watches, and which channels do not get their messages, and why."""
    texts = ctx.texts
    if health.watcher is None:
        lines = [
            texts("health-unwatched", at=Moment(health.watched_until), run=code("queue-bot run"))
        ]
    else:
        lines = [texts("health-watched", replica=code(health.watcher))]
    for late in health.undelivered:
        values = {
            "channel": late.channel,
            "count": late.count,
            "age": age(int((health.at - late.since).total_seconds()), texts),
        }
        if late.error is None:
            lines.append(texts("health-undelivered", **values))
        else:
            lines.append(texts("health-undelivered-because", **values, error=code(late.error)))
    return lines
