"""Views of the change freeze: its start, its author, its reason, and its end."""

from bot.models.operations import Freeze
from bot.models.requests import Message, Moment, Person
from bot.text import Mrkdwn, code, named
from bot.views.blocks import message, section
from bot.views.context import Context
from bot.views.names import age

REASON = 300


def frozen_lines(freeze: Freeze, ctx: Context) -> list[Mrkdwn]:
    """Return the status lines: who started the freeze, when and why, and how to end it."""
    values = {"by": Person(freeze.by), "at": Moment(freeze.at)}
    sentence = ctx.texts("frozen", **values)
    if freeze.reason:
        sentence = ctx.texts("frozen-reason", **values, reason=named(freeze.reason, REASON))
    return [sentence, ctx.texts("frozen-effect", command=code(ctx.texts.typed("unfreeze")))]


def frozen_preview(freeze: Freeze, ctx: Context) -> Mrkdwn:
    """Return the preview's warning that people cannot confirm the plan yet."""
    return ctx.texts("frozen-preview", by=Person(freeze.by), at=Moment(freeze.at))


def frozen_progress(freeze: Freeze, ctx: Context) -> Mrkdwn:
    """Return the note that a running operation is paused."""
    return ctx.texts("frozen-progress", by=Person(freeze.by), at=Moment(freeze.at))


def freeze_message(freeze: Freeze, ctx: Context) -> Message:
    """Return the answer to the admin: the effects of the freeze."""
    return _sections_message(
        [ctx.texts("freeze-done", command=code(ctx.texts.typed("unfreeze"))), *_why(freeze, ctx)]
    )


def freeze_visible(freeze: Freeze, ctx: Context) -> Message:
    """Return the channel's message: who froze changes, and why."""
    return _sections_message(
        [ctx.texts("freeze-done-by", by=Person(freeze.by)), *_why(freeze, ctx)]
    )


def unfreeze_message(seconds: int, ctx: Context) -> Message:
    """Return the answer to the admin: the freeze ended after `seconds`."""
    return _sections_message([ctx.texts("unfreeze-done", age=age(seconds, ctx.texts))])


def unfreeze_visible(seconds: int, ctx: Context) -> Message:
    """Return the channel's message: who ended the freeze."""
    return _sections_message(
        [ctx.texts("unfreeze-done-by", by=ctx.actor, age=age(seconds, ctx.texts))]
    )


def _why(freeze: Freeze, ctx: Context) -> list[Mrkdwn]:
    if not freeze.reason:
        return []
    return [ctx.texts("freeze-why", reason=named(freeze.reason, REASON))]


def _sections_message(lines: list[Mrkdwn]) -> Message:
    return message(lines, [section(line) for line in lines])
