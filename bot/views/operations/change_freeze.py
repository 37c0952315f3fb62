"""That all changes are off: since when, by whom and why; and that they are on again."""

from bot.models.operations import Freeze
from bot.models.requests import Message, Moment, Person
from bot.text import Mrkdwn, code, named
from bot.views.blocks import message, section
from bot.views.context import Context
from bot.views.names import age

REASON = 300


def frozen_lines(freeze: Freeze, ctx: Context) -> list[Mrkdwn]:
    """For the status: by whom, since when, why, and what ends it."""
    values = {"by": Person(freeze.by), "at": Moment(freeze.at)}
    sentence = ctx.texts("frozen", **values)
    if freeze.reason:
        sentence = ctx.texts("frozen-reason", **values, reason=named(freeze.reason, REASON))
    return [sentence, ctx.texts("frozen-effect", command=code("/queue unfreeze"))]


def frozen_preview(freeze: Freeze, ctx: Context) -> Mrkdwn:
    """For a preview: that it cannot be confirmed yet."""
    return ctx.texts("frozen-preview", by=Person(freeze.by), at=Moment(freeze.at))


def frozen_progress(freeze: Freeze, ctx: Context) -> Mrkdwn:
    """For a bulk change that is at work: that it stands."""
    return ctx.texts("frozen-progress", by=Person(freeze.by), at=Moment(freeze.at))


def freeze_message(freeze: Freeze, ctx: Context) -> Message:
    """To the admin: what that means."""
    return _sections_message(
        [ctx.texts("freeze-done", command=code("/queue unfreeze")), *_why(freeze, ctx)]
    )


def freeze_visible(freeze: Freeze, ctx: Context) -> Message:
    """To everybody: by whom and why."""
    return _sections_message(
        [ctx.texts("freeze-done-by", by=Person(freeze.by)), *_why(freeze, ctx)]
    )


def unfreeze_message(seconds: int, ctx: Context) -> Message:
    """To the admin: that changes are on again, after so many seconds."""
    return _sections_message([ctx.texts("unfreeze-done", age=age(seconds, ctx.texts))])


def unfreeze_visible(seconds: int, ctx: Context) -> Message:
    """To everybody: by whom."""
    return _sections_message(
        [ctx.texts("unfreeze-done-by", by=ctx.actor, age=age(seconds, ctx.texts))]
    )


def _why(freeze: Freeze, ctx: Context) -> list[Mrkdwn]:
    if not freeze.reason:
        return []
    return [ctx.texts("freeze-why", reason=named(freeze.reason, REASON))]


def _sections_message(lines: list[Mrkdwn]) -> Message:
    return message(lines, [section(line) for line in lines])
