"""Views of merges: the preview, the answer, the channel's message, and the parts of a group."""

from collections.abc import Sequence

from bot.models.error_groups import MergeDetails, MergedGroup
from bot.models.requests import Block, Message, Moment, Person
from bot.text import Mrkdwn, code, join
from bot.views.blocks import actions, context_line, message, section
from bot.views.buttons import Argument, run_button
from bot.views.context import Context

NAME = 140
PARTS = 10
"""The most merged groups that the details of a group list."""


def merge_answer(details: MergeDetails, ctx: Context) -> Message:
    """Return the preview with a button that merges, or the answer with an undo button."""
    texts = ctx.texts
    lead = texts(f"merge-{details.state}", error=details.error, into=details.into)
    lines = [lead, *_groups(details, ctx)]
    notes = [texts("merge-effect", into=details.into, error=details.error)]
    blocks = [section(join("\n", lines))]
    if details.state != "ended":
        blocks.append(context_line(notes[0]))
    else:
        notes = []
    button = _button(details, ctx)
    return message([*lines, *notes], [*blocks, *([actions([button], "merge")] if button else [])])


def merge_visible(details: MergeDetails, ctx: Context) -> Message:
    """Return the channel's message: who merged the groups, or who ended the merge."""
    key = f"merge-{details.state}-by"
    lead = ctx.texts(key, by=ctx.actor, error=details.error, into=details.into)
    lines = [lead, *_groups(details, ctx)]
    return message(lines, [section(join("\n", lines))])


def merged_rows(parts: Sequence[MergedGroup], ctx: Context) -> tuple[list[Block], list[Mrkdwn]]:
    """Return a row for each group that is merged into the shown group, with its undo button."""
    blocks, lines = [], []
    for part in parts[:PARTS]:
        by = Person(part.by or "")
        key = "merge-part" if part.by else "merge-part-rules"
        at = Moment(part.at)
        line = ctx.texts(key, error=part.error, name=code(part.name, NAME), by=by, at=at)
        undo = _undo(part.error, ctx)
        blocks.append(section(line, accessory=undo) if undo else section(line))
        lines.append(line)
    return blocks, lines


def _groups(details: MergeDetails, ctx: Context) -> list[Mrkdwn]:
    rows = (
        (details.error, details.failed, details.name),
        (details.into, details.into_failed, details.into_name),
    )
    return [
        ctx.texts("merge-group", error=error, count=failed, name=code(name, NAME))
        for error, failed, name in rows
    ]


def _button(details: MergeDetails, ctx: Context) -> Block | None:
    if details.state == "merged":
        return _undo(details.error, ctx)
    if details.state == "ended" or "merge" not in ctx.runnable:
        return None
    label = ctx.texts.plain("button-merge", error=details.error, into=details.into)
    args: dict[str, Argument] = {"error": details.error, "into": details.into, "confirmed": 1}
    return run_button("merge", label, args, ctx.texts, style="primary", spoken=label)


def _undo(error: str, ctx: Context) -> Block | None:
    if "merge" not in ctx.runnable:
        return None
    spoken = ctx.texts.plain("spoken-merge-undo", error=error)
    label = ctx.texts.plain("button-undo-merge")
    return run_button("merge", label, {"error": error, "into": "no"}, ctx.texts, spoken=spoken)
