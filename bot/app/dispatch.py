"""The steps of every request: find the command, validate, authorize, run.

The change, its audit record and its outbox message are committed together.

Typed commands, buttons, modals and the terminal all use `dispatch`. A `Refusal` is an outcome: the
change is rolled back, the refusal is audited, and the person reads it in their language. Any other
exception is a bug: the change is rolled back, and the caller reports an error.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from bot.access.roles import Grant, Need, authorize
from bot.app.announce import announce
from bot.app.command import Command, Effect, Setup, Work
from bot.app.parsing import MAX_TEXT, Request, invalid, parse, whole
from bot.app.records import PendingRequest, earlier_outcome, record_of, refused, stored_answer
from bot.app.responses import Outcome
from bot.database.transactions import changing, reading
from bot.failpoints import reach
from bot.masking.masker import mask_value
from bot.models.refusals import Busy, Refusal, RequestIdUsed, UnknownCommand
from bot.models.requests import Invocation
from bot.store import requests
from bot.store.audit import chain
from bot.store.audit.audit_log import Record
from bot.store.operations import change_freeze


def request_id(*parts: object) -> str:
    """Return the id of a click or command; every redelivery of the request has the same id."""
    return hashlib.sha256(json.dumps([str(p) for p in parts]).encode()).hexdigest()


def dispatch(
    setup: Setup, invocation: Invocation, content: str | Request | Refusal, *, late: bool = False
) -> Outcome:
    """Run typed text or a form's request and return its outcome.

    The input is a `Refusal` if the envelope contains no request that can run. A `late` request does
    not run. If an earlier delivery of the request ran, its stored answer is returned.
    """
    content = _without_secrets(setup, content)
    typed_text = {"text": whole(content[:200])} if isinstance(content, str) else {}
    pending = PendingRequest(typed_text, typed=bool(typed_text))
    try:
        if isinstance(content, Refusal):
            raise content
        request = parse(content, setup.commands) if isinstance(content, str) else content
        pending.name, pending.values = whole(request.command), whole(request.values)
        pending.command = command = setup.commands.get(pending.name)
        if command is None:
            raise UnknownCommand(word=pending.name[:64], nearest="help", usage="/queue help")
        arguments = _validated(command, pending.values)
        if late:
            raise Busy
        pending.grant = grant = may(setup, invocation, command.need)
        if command.effect is Effect.READ:
            return _read(setup, invocation, command, grant, arguments)
        return _change(setup, invocation, command, pending, arguments)
    except Refusal as refusal:
        return refused(setup, invocation, pending, refusal)


def _without_secrets(setup: Setup, content: str | Request | Refusal) -> str | Request | Refusal:
    """Return the words or values without secrets.

    The audit log keeps words and values forever, and channels show them.
    """
    if isinstance(content, str):
        # A text that is too long is refused, even if removing its secrets makes it short enough.
        longest = MAX_TEXT + 1
        masked = setup.queue.mask(content[:longest])
        return masked.ljust(longest) if len(content) >= longest else masked
    if isinstance(content, Request):
        values = mask_value(dict(content.values), setup.masked_keys)
        return replace(content, command=setup.queue.mask(content.command), values=values)
    return content


def is_change(setup: Setup, content: str | Request | Refusal) -> bool:
    """Return whether this request changes data immediately, unless it is refused."""
    try:
        content = _without_secrets(setup, content)
        request = parse(content, setup.commands) if isinstance(content, str) else content
        if isinstance(request, Refusal) or request.command not in setup.commands:
            return False
        command = setup.commands[request.command]
        return changes_now(command, _validated(command, request.values))
    except Refusal:
        return False


def changes_now(command: Command, arguments: Any) -> bool:
    """Return whether the command changes data immediately; reads and previews do not."""
    if command.effect is not Effect.BULK:
        return command.effect is Effect.CHANGE
    confirmed = getattr(arguments, "plan", None) is not None
    return confirmed or getattr(arguments, "at_once", False) is True


def changes_jobs(command: Command, arguments: Any) -> bool:
    """Return whether a change freeze forbids it; tests/commands/test_freeze.py proves this."""
    return changes_now(command, arguments) and not command.when_frozen


def may(setup: Setup, invocation: Invocation, need: Need) -> Grant:
    """Return the person's grant for this need, or raise `NotAllowed`; called before every run."""
    return authorize(setup.rules, setup.directory, invocation, need)


def _validated(command: Command, values: Mapping[str, Any]) -> Any:
    try:
        return command.arguments.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        context = first.get("ctx", {})
        limits = (context.get(name) for name in ("le", "ge", "expected"))
        expected = next((limit for limit in limits if limit is not None), "")
        if first["type"] == "value_error":
            problem, _, shown = str(context["error"]).partition(":")
        else:
            problem, shown = first["type"], str(first.get("input", ""))
        field = ".".join(str(part) for part in first["loc"][:1])
        raise invalid(command, problem, field, shown, str(expected)) from error


def _read(
    setup: Setup, invocation: Invocation, command: Command, grant: Grant, arguments: Any
) -> Outcome:
    with reading(setup.engine, invocation.deadline) as connection:
        now = setup.clock(connection)
        result = command.run(Work(connection, now, invocation, grant, setup), arguments)
    if result.personal:
        fields = arguments.model_dump()
        record = record_of(setup, invocation, grant, command.name, fields, now)
        _write_before_answer(setup, invocation, record)
    return Outcome(command, grant, now, result=result)


def _write_before_answer(setup: Setup, invocation: Invocation, record: Record) -> None:
    """Write the record of a read; without the record, the person gets a refusal as the answer."""

    def write(connection: Connection) -> None:
        chain.write(connection, record, setup.audit_keys)

    changing(setup.engine, invocation.deadline, write)


def _change(
    setup: Setup, invocation: Invocation, command: Command, pending: PendingRequest, arguments: Any
) -> Outcome:
    grant, fingerprint = pending.grant, pending.fingerprint

    def work(connection: Connection) -> Outcome:
        now = setup.clock(connection)
        try:
            requests.claim(
                connection, invocation.request_id, fingerprint, invocation.actor.user, now
            )
        except requests.AlreadyAnswered as earlier:
            return earlier_outcome(command, grant, now, earlier.answer)
        except requests.OtherWords as error:
            raise RequestIdUsed from error
        reach("claimed")
        if changes_jobs(command, arguments):
            change_freeze.require_none(connection)
        result = command.run(Work(connection, now, invocation, grant, setup), arguments)
        reach("ran")
        if result.outcome is not None:
            fields = arguments.model_dump() | dict(result.recorded)
            record = record_of(setup, invocation, grant, command.name, fields, now)
            chain.write(
                connection,
                replace(
                    record,
                    outcome=result.outcome,
                    targets=result.targets,
                    answer=result.message or "",
                ),
                setup.audit_keys,
            )
            announce(setup, connection, invocation, command, result, now)
        requests.settle(connection, invocation.request_id, stored_answer(result))
        reach("settled")
        return Outcome(command, grant, now, result=result)

    def settled(connection: Connection) -> Outcome | None:
        try:
            stored = requests.answer(connection, invocation.request_id, fingerprint)
        except requests.OtherWords as error:
            raise RequestIdUsed from error
        if stored is None:
            return None
        return earlier_outcome(command, grant, setup.clock(connection), stored)

    if monotonic() > invocation.deadline:
        raise Busy
    outcome = changing(setup.engine, invocation.deadline, work, settled)
    reach("committed")
    return outcome
