"""Views of the notes of error groups: the line in alerts and details, and the answers."""

from bot.models.error_groups import NoteDetails
from bot.models.requests import Message
from bot.text import Mrkdwn, code, join
from bot.views.blocks import actions, message, section
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.names import note_text

NAME = 140


def note_answer(details: NoteDetails, ctx: Context) -> Message:
    """Return the note, with a button that restores the earlier note."""
    state = "removed" if details.text is None else "written"
    lines = [ctx.texts(f"note-{state}", error=details.error), *_lines(details, ctx)]
    label = ctx.texts.plain("button-undo")
    arguments = {"error": details.error, "note": details.earlier or "no"}
    spoken = ctx.texts.plain("spoken-note-undo", error=details.error)
    undo = run_button("note", label, arguments, ctx.texts, spoken=spoken)
    is_change = details.text != details.earlier and "note" in ctx.runnable
    buttons = [actions([undo], "note")] if is_change else []
    return message(lines, [section(join("\n", lines)), *buttons])


def note_visible(details: NoteDetails, ctx: Context) -> Message:
    """Return the channel's message: the note and its author."""
    state = "removed" if details.text is None else "written"
    lead = ctx.texts(f"note-{state}-by", error=details.error, by=ctx.actor)
    lines = [lead, *_lines(details, ctx)]
    return message(lines, [section(join("\n", lines))])


def _lines(details: NoteDetails, ctx: Context) -> list[Mrkdwn]:
    note = [] if details.text is None else [ctx.texts("note-line", note=note_text(details.text))]
    return [code(details.name, NAME), *note]
