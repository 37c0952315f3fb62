"""`/queue note E12 note=TEXT`: write the runbook note of an error group; `note=no` removes it."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.app.argument_types import GroupId
from bot.app.command import Arguments, Command, Effect, Result
from bot.app.work import Work
from bot.models.error_groups import NoteDetails
from bot.models.refusals import ErrorGroupNotFound
from bot.models.requests import Message
from bot.models.roles import Role
from bot.store.failures import error_groups, error_merges, error_notes
from bot.store.incidents import transitions
from bot.views.context import Context
from bot.views.failures.notes import note_answer, note_visible

LONGEST = 300
REMOVED = "no"
# Slack escapes the links in a slash command.
_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")


def _read(value: object) -> object:
    """Return the text on one line, with web addresses as the person typed them."""
    text = _LINK.sub(r"\1", " ".join(str(value).split()))
    if not text:
        raise ValueError("no-value:")
    return text


class NoteArguments(Arguments):
    """The group, and its note, such as the address of a runbook; `no` removes the note."""

    error: GroupId = Field(json_schema_extra={"positional": "E12"})
    note: Annotated[str, BeforeValidator(_read), Field(max_length=LONGEST)] = Field(
        json_schema_extra={"form": "TEXT|no"}
    )


class NoteResult(Result):
    """The group, its note, and the note that was replaced."""

    data: NoteDetails


def run(work: Work, args: NoteArguments) -> NoteResult:
    """Write or remove the note; raises `ErrorGroupNotFound`.

    The answer has a button that restores the earlier note.
    """
    group = error_merges.read(work.connection).whole(args.error)
    names = error_groups.names_of(work.connection, [group])
    if group not in names:
        raise ErrorGroupNotFound(id=f"E{group}")
    earlier = error_notes.find(work.connection, group)
    text = None if args.note.casefold() == REMOVED else args.note
    error_notes.write(work.connection, group, text, work.invocation.actor.user, work.now)
    members = error_merges.of_groups(work.connection, [group])
    transitions.redraw_groups(work.connection, members)
    was = None if earlier is None else earlier.text
    return NoteResult(
        message=f"Note of E{group} {'removed' if text is None else 'written'}",
        data=NoteDetails(error=f"E{group}", name=names[group], text=text, earlier=was),
        recorded={"error": f"E{group}", "note": args.note, "earlier": was},
    )


def view(result: NoteResult, context: Context) -> Message:
    """Show the note, with the button that restores the earlier note."""
    return note_answer(result.data, context)


def visible(result: NoteResult, context: Context) -> Message:
    """Show the channel the note and its author."""
    return note_visible(result.data, context)


COMMAND = Command(
    name="note",
    arguments=NoteArguments,
    role=Role.OPERATOR,
    result=NoteResult,
    run=run,
    view=view,
    visible=visible,
    effect=Effect.CHANGE,
    when_frozen=True,
    aliases=("runbook",),
    examples=("note E12 note=https://wiki.example.com/netsuite", "note E12 note=no"),
)
