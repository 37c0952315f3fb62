"""The welcome on a person's first Home: what the page shows, and what the person may do."""

from collections.abc import Sequence

from bot.models.requests import Block
from bot.models.roles import Role
from bot.text import channel, code, join
from bot.views.blocks import context_line, divider, section
from bot.views.context import Context

CHANNELS = 5


def welcome_blocks(
    alert_channel: str | None,
    change_channels: Sequence[str],
    ctx: Context,
    *,
    home_changes: bool,
) -> list[Block]:
    """Return the welcome: the alert channel, the person's role, and the places for changes."""
    texts = ctx.texts
    lines = [texts("welcome", who=ctx.actor), texts(f"welcome-{ctx.role.word}")]
    if alert_channel is not None:
        lines.append(texts("welcome-alerts", channel=alert_channel))
    if ctx.role >= Role.OPERATOR:
        places = [texts("welcome-home")] if home_changes else []
        places += [channel(id_) for id_ in change_channels[:CHANNELS]]
        if places:
            lines.append(texts("welcome-changes", places=join(", ", places)))
    foot = texts("welcome-help", command=code(texts.typed("help")))
    return [section(join("\n", lines)), context_line(foot), divider()]
