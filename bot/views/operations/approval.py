"""Views of a bulk change that waits for the approval of a second person."""

from bot.models.actions import counted_as
from bot.models.operations import Decision, Progress
from bot.models.requests import Message, Moment, Person
from bot.text import Mrkdwn, code, join
from bot.views.blocks import actions, confirm, context_line, message, section
from bot.views.buttons import run_button
from bot.views.context import Context
from bot.views.operations.scope import scope_words


def request_message(progress: Progress, ctx: Context) -> Message:
    """Return the request with its two buttons, or the reason why the operation will not run.

    A click checks whether the person may decide. `progress` has the operation's scope.
    """
    texts, state = ctx.texts, progress.state
    values = {"by": Person(progress.actor), "operation": f"O{progress.operation}"}
    lead = texts(f"approval-{state}", **values, what=_plan(progress, ctx))
    if state != "awaiting" or progress.until is None:
        return message([lead], [section(lead)])
    notes = [texts("approval-until", at=Moment(progress.until), command=_command(progress, ctx))]
    if not progress.kept and counted_as(ctx.actions, progress.action) == "deleted":
        notes.append(texts("bulk-final"))
    decide = {"id": progress.operation}
    question = confirm(
        texts.plain("confirm-approve", operation=f"O{progress.operation}"),
        texts("confirm-approve-text", what=_plan(progress, ctx)),
        texts.plain("button-approve"),
        texts.plain("button-cancel"),
    )
    buttons = [
        run_button(
            "approve",
            texts.plain("button-approve"),
            decide,
            texts,
            style="primary",
            confirm=question,
        ),
        run_button("decline", texts.plain("button-decline"), decide, texts, style="danger"),
    ]
    blocks = [section(lead), *map(context_line, notes)]
    return message([lead, *notes], [*blocks, actions(buttons, f"operation:{progress.operation}")])


def requested(progress: Progress, ctx: Context) -> Message:
    """Return the answer to the person who asked: the operation waits, and nothing has changed."""
    until = progress.until or ctx.now
    text = ctx.texts(
        "approval-requested",
        operation=f"O{progress.operation}",
        at=Moment(until),
        command=_command(progress, ctx),
    )
    return message([text], [section(text)])


def approved(decision: Decision, ctx: Context) -> Message:
    """Return the answer to the approver."""
    text = ctx.texts("approved", operation=f"O{decision.operation}", by=Person(decision.by))
    return message([text], [section(text)])


def approved_visible(decision: Decision, ctx: Context) -> Message:
    """Return who approved whose operation, for the channel."""
    return _decided("approved-by", decision, ctx)


def declined(decision: Decision, ctx: Context) -> Message:
    """Return the answer to the person who declined."""
    text = ctx.texts("declined", operation=f"O{decision.operation}", by=Person(decision.by))
    return message([text], [section(text)])


def declined_visible(decision: Decision, ctx: Context) -> Message:
    """Return who declined whose operation, for the channel."""
    return _decided("declined-by", decision, ctx)


def _decided(key: str, decision: Decision, ctx: Context) -> Message:
    text = ctx.texts(key, who=ctx.actor, operation=f"O{decision.operation}", by=Person(decision.by))
    return message([text], [section(text)])


def _command(progress: Progress, ctx: Context) -> Mrkdwn:
    return code(ctx.texts.typed(f"approve {progress.operation}"))


def _plan(progress: Progress, ctx: Context) -> Mrkdwn:
    """Return what the operation will do: `delete 32 failed jobs in netsuite`."""
    how = counted_as(ctx.actions, progress.action) or "other"
    scope = Mrkdwn() if progress.scope is None else join("", scope_words(progress.scope, ctx))
    return ctx.texts(f"audit-plan-{how}", count=progress.total, scope=scope)
