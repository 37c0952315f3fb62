"""The terminal command `queue-bot do`, for scripts and for outages of Slack."""

import getpass
import socket
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from uuid import uuid4

from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome, answer, envelope
from bot.app.setup import Setup
from bot.background.operations.runner import PATIENCE, Runner
from bot.models.operations import Preview
from bot.models.refusals import ApprovalPending, Refusal, StartError, StillRunning, Unfinished
from bot.models.requests import Actor, Invocation, Message, Source
from bot.store.operations.operations import ACTIVE, AWAITING
from bot.terminal.names import name_problem
from bot.terminal.output import say_environment
from bot.text import printable_json, readable

SECONDS = 30.0
"""Time limit of a change, in seconds.

The terminal has no acknowledgement deadline, so a change has more time than in Slack.
"""


@dataclass(frozen=True)
class TerminalRequest:
    """The arguments of `do`; `patience`: seconds that `do` waits for a stalled operation."""

    words: str
    name: str
    request: str | None = None
    yes: bool = False
    as_json: bool = False
    patience: float = PATIENCE


def do(
    setup: Setup,
    arguments: TerminalRequest,
    say: Callable[[str], None],
    ask: Callable[[Preview], int | None],
) -> int:
    """Run one command, print the answer, and return the exit code, which is 1 for a refusal.

    A name that could belong to another person raises `StartError` before the command runs. A bulk
    change is previewed. After a confirmation by `yes` or by the count that `ask` returns, this
    process runs the bulk change to its end.
    """
    if (problem := name_problem(arguments.name)) is not None:
        raise StartError([problem])
    if not arguments.as_json:
        say_environment(setup, say)
    invocation = _invocation(arguments)
    outcome = dispatch(setup, invocation, arguments.words)
    preview = _preview(outcome)
    if preview is not None and preview.total:
        if not arguments.as_json:
            _print(setup, invocation, outcome, arguments, say)
        typed = preview.total if arguments.yes else ask(preview)
        if typed is None:
            return _say_unconfirmed(preview, arguments, say)
        invocation = _invocation(arguments, confirms=(invocation.request_id, typed))
        confirmation = Request(preview.action, {"plan": preview.plan, "typed": typed})
        outcome = dispatch(setup, invocation, confirmation)
    outcome = _carried_out(setup, outcome, arguments.patience)
    _print(setup, invocation, outcome, arguments, say)
    return 1 if outcome.refusal is not None else 0


def _invocation(arguments: TerminalRequest, confirms: tuple[str, int] | None = None) -> Invocation:
    detail = f"{getpass.getuser()}@{socket.gethostname()}"
    actor = Actor(arguments.name, None, Source.TERMINAL, detail)
    if confirms is not None:
        key = request_id("confirm", *confirms)
    elif arguments.request is not None:
        key = request_id("terminal", arguments.name, arguments.request)
    else:
        key = request_id("terminal", uuid4())
    return Invocation(actor, key, monotonic() + SECONDS)


def _preview(outcome: Outcome) -> Preview | None:
    extra = None if outcome.result is None else outcome.result.extra
    return extra.preview if isinstance(extra, BulkExtra) else None


def _carried_out(setup: Setup, outcome: Outcome, patience: float) -> Outcome:
    extra = None if outcome.result is None else outcome.result.extra
    command = outcome.command
    if command is None or command.finished is None or not isinstance(extra, BulkExtra):
        return outcome
    if extra.progress is None:
        return outcome
    if extra.progress.state == AWAITING:
        pending = ApprovalPending(action=command.name, operation=extra.progress.operation)
        return Outcome(command, outcome.grant, outcome.now, refusal=pending)
    ended = Runner(setup, patience=patience).run_to_end(extra.progress)
    if ended.state == "done":
        return Outcome(command, outcome.grant, outcome.now, result=command.finished(ended))
    refusal: Refusal = Unfinished(action=ended.action, done=ended.done, total=ended.total)
    if ended.state in ACTIVE:
        refusal = StillRunning(
            action=ended.action, operation=ended.operation, done=ended.done, total=ended.total
        )
    return Outcome(command, outcome.grant, outcome.now, refusal=refusal)


def _say_unconfirmed(
    preview: Preview, arguments: TerminalRequest, say: Callable[[str], None]
) -> int:
    sentence = f"Nothing was changed: {preview.action} needs --yes, or you must type the count."
    body = {"success": False, "error": sentence, "code": "unconfirmed"}
    say(printable_json(body) if arguments.as_json else sentence)
    return 1


def _print(
    setup: Setup,
    invocation: Invocation,
    outcome: Outcome,
    arguments: TerminalRequest,
    say: Callable[[str], None],
) -> None:
    if arguments.as_json:
        say(printable_json(envelope(setup, outcome), indent=2))
        return
    message = answer(setup, invocation, outcome)
    if isinstance(message, Message):
        say(readable(message.text))
