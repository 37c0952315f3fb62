"""The terminal command `queue-bot do`, for scripts and for outages of Slack."""

import getpass
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from time import monotonic
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import DBAPIError

from bot.app.command import Setup
from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome, answer, channel_context, envelope
from bot.background.operations.runner import PATIENCE, Runner
from bot.database.start import problems_of
from bot.database.transactions import reading
from bot.models.health import HealthProblem
from bot.models.operations import Preview
from bot.models.refusals import ApprovalPending, Refusal, StartError, StillRunning, Unfinished
from bot.models.requests import SYSTEM, Actor, Invocation, Message, Source
from bot.store.background_steps import error_code
from bot.store.operations.operations import ACTIVE, AWAITING
from bot.store.reports.health import health
from bot.text import printable_json, readable, texts_for
from bot.views.environment import label_of
from bot.views.incidents.health import health_lines
from bot.views.refusal import refusal_sentence
from bot.wiring.queue_tables import check_tables

LONGEST_NAME = 64
"""The maximum length of a name in the audit log."""
_LETTERS = r"[A-Za-z0-9\xc0-\xd6\xd8-\xf6\xf8-\xff]+"
_PERSON_NAME = re.compile(rf"{_LETTERS}(?:(?: |[.'_@-] ?){_LETTERS})*\.?")
_SLACK_ID = re.compile(r"(?<![A-Za-z0-9])[UWS][A-Z0-9]{7,}(?![A-Za-z0-9])")

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
        _say_environment(setup, say)
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


def report_health(
    setup: Setup,
    say: Callable[[str], None],
    *,
    as_json: bool = False,
    notes: Sequence[str] = (),
) -> int:
    """Print the bot's own problems and return the exit code; it is 0 only without problems.

    `notes` are sentences about the settings and do not count as problems. If the health cannot be
    read, that counts as a problem. It is printed as a sentence, because a monitor cannot
    distinguish a traceback from no answer, and because people need the sentence.
    """
    try:
        check_tables(setup.engine, setup.queue)
        with reading(setup.engine) as connection:
            now = setup.clock(connection)
            state = health(connection, setup.queue, now, setup.audit_keys)
    except Exception as error:  # noqa: BLE001 after any error the health is unknown
        sentence = _unreadable(error, setup)
        unseen = HealthProblem(part="watcher", code="unseen", error=sentence)
        say(json.dumps({"problems": [unseen.model_dump()]}) if as_json else sentence)
        return 1
    context = replace(channel_context(setup, now), source=Source.TERMINAL)
    if as_json:
        noted = {"notes": list(notes)} if notes else {}
        say(printable_json(state.model_dump(mode="json") | noted))
    else:
        _say_environment(setup, say)
        for note in notes:
            say(note)
        for line in health_lines(state, context):
            say(readable(line))
    return 0 if state.is_good else 1


def _unreadable(error: Exception, setup: Setup) -> str:
    """Return a sentence that explains why the health is unknown; it contains no row data."""
    if isinstance(error, StartError):
        reason = " ".join(error.problems)
    elif isinstance(error, Refusal):
        reason = refusal_sentence(error, texts_for("en", "en", setup.zone, setup.slash), {})
    else:
        reason = f"{error_code(error)}."
    return f"The health could not be read: {reason}"


def name_problem(name: str) -> str | None:
    """Return the reason why the audit log does not allow this name, or None for a valid name."""
    if not 1 <= len(name) <= LONGEST_NAME or name == SYSTEM:
        return f"--as needs a name of a person, with 1 to {LONGEST_NAME} characters."
    if _PERSON_NAME.fullmatch(name) is None:
        return (
            "--as needs a name of Latin letters, digits, single spaces and . ' @ - _, because "
            "other characters could imitate another name."
        )
    if _SLACK_ID.search(name) is not None:
        return "--as needs a name, not a Slack id: an id could belong to another person."
    return None


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


def _say_environment(setup: Setup, say: Callable[[str], None]) -> None:
    """Print the label of the environment, if it has a name; JSON has none."""
    if setup.environment is not None:
        say(label_of(setup.environment))


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


@contextmanager
def reported(say: Callable[[str], object]) -> Iterator[Callable[[str], object]]:
    """Print the running activity every second; yield the function that sets the activity."""
    activities = ["connecting"]
    done = threading.Event()

    def repeat() -> None:
        seconds = 0
        while not done.wait(1.0):
            seconds += 1
            say(f"Still running after {seconds} s: {activities[-1]}")

    reporter = threading.Thread(target=repeat, name="report", daemon=True)
    reporter.start()
    try:
        yield activities.append
    finally:
        done.set()
        reporter.join()


def stopping(command: Callable[..., Any]) -> Callable[..., Any]:
    """Print one line per problem and exit with 2 if the command cannot start."""

    @wraps(command)
    def guarded(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (StartError, DBAPIError) as error:
            for problem in problems_of(error):
                click.echo(problem, err=True)
            raise SystemExit(2) from None
        except Refusal as refusal:
            english = texts_for("en", "en", ZoneInfo("UTC"))
            click.echo(refusal_sentence(refusal, english, {}), err=True)
            raise SystemExit(1) from None

    return guarded
