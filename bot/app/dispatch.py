"""The steps of every request: find the command, validate, authorize, run.

The change, its audit record and its outbox message are committed together.

Typed commands, buttons, modals and the terminal all use `dispatch`. A `Refusal` is an outcome: the
change is rolled back, the refusal is audited, and the person reads it in their language. Any other
exception is a bug: the change is rolled back, and the caller reports an error.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from bot.access.role_changes import READ_TIMES, RolesChanged, permit, require_current
from bot.access.roles import Grant, Need
from bot.app.announce import announce
from bot.app.command import Command, Effect, Result
from bot.app.limits import Limited
from bot.app.parsing import MAX_TEXT, Request, invalid, parse, whole
from bot.app.records import PendingRequest, earlier_outcome, record_of, refused, stored_answer
from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.app.work import Work
from bot.database.transactions import changing, reading
from bot.failpoints import reach
from bot.masking.masker import mask_value
from bot.models.refusals import (
    Busy,
    Refusal,
    RequestIdUsed,
    TooFrequent,
    UnknownCommand,
    Unverifiable,
)
from bot.models.requests import Invocation
from bot.store import requests
from bot.store.audit import chain
from bot.store.audit.audit_log import Record
from bot.store.operations import change_freeze


def request_id(*parts: object) -> str:
    """Return the id of a click or command; every redelivery of the request has the same id."""
    return hashlib.sha256(json.dumps([str(p) for p in parts]).encode()).hexdigest()


def dispatch(
    setup: Setup,
    invocation: Invocation,
    content: str | Request | Refusal,
    *,
    late: bool = False,
    is_asked: bool = True,
) -> Outcome:
    """Run typed text or a form's request and return its outcome.

    `is_asked`: a person sent the request, so the request counts towards the person's limits.

    `content` is a `Refusal` if the envelope contains no valid request. A `late` request does not
    run. If an earlier delivery of the request ran, return the stored answer.
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
        if is_asked:
            _require_slow(setup, invocation, "commands")
        if command is None:
            raise UnknownCommand(word=pending.name[:64], nearest="help", usage="help")
        arguments = _validated(command, pending.values)
        if late:
            raise Busy
        if command.effect is Effect.BULK and not changes_now(command, arguments):
            _require_slow(setup, invocation, "previews")
        return _permitted(setup, invocation, command, pending, arguments)
    except Refusal as refusal:
        return refused(setup, invocation, pending, refusal)


def _require_slow(setup: Setup, invocation: Invocation, limited: Limited) -> None:
    """Raise `TooFrequent` if the person sent too many commands or previews in a minute."""
    seconds = setup.limits.seconds_to_wait(limited, invocation.actor)
    if seconds:
        most = setup.limits.per_minute[limited]
        raise TooFrequent(most=most, seconds=seconds, previews=limited == "previews")


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
    read = _read_request(setup, content)
    return read is not None and changes_now(*read)


def is_preview(setup: Setup, content: str | Request | Refusal) -> bool:
    """Return whether this request previews a bulk change; False if the request is invalid."""
    read = _read_request(setup, content)
    return read is not None and read[0].effect is Effect.BULK and not changes_now(*read)


def _read_request(setup: Setup, content: str | Request | Refusal) -> tuple[Command, Any] | None:
    """Return the command and its valid arguments, or None if the request is invalid."""
    try:
        content = _without_secrets(setup, content)
        request = parse(content, setup.commands) if isinstance(content, str) else content
        if isinstance(request, Refusal) or request.command not in setup.commands:
            return None
        command = setup.commands[request.command]
        return command, _validated(command, request.values)
    except Refusal:
        return None


def changes_now(command: Command, arguments: Any) -> bool:
    """Return whether the command changes data immediately; reads and previews do not."""
    if command.effect is not Effect.BULK:
        return command.effect is Effect.CHANGE
    confirmed = getattr(arguments, "plan", None) is not None
    return confirmed or getattr(arguments, "at_once", False) is True


def changes_jobs(command: Command, arguments: Any) -> bool:
    """Return whether a change freeze forbids the command; see tests/commands/test_freeze.py."""
    return changes_now(command, arguments) and not command.when_frozen


def may(setup: Setup, invocation: Invocation, need: Need) -> Grant:
    """Return the person's grant for this need, or raise `NotAllowed`; called before every run."""
    return permit(setup.rules, setup.known_roles, setup.directory, invocation, need)


def need_for(command: Command, arguments: Any) -> Need:
    """Return what the request requires; a bulk change requires new answers about the person."""
    is_few = getattr(arguments, "at_once", False) is True
    is_bulk = command.effect is Effect.BULK and not is_few
    is_planned = getattr(arguments, "plan", None) is not None
    return replace(command.need, fresh=command.need.fresh or is_bulk or is_planned)


def _permitted(
    setup: Setup, invocation: Invocation, command: Command, pending: PendingRequest, arguments: Any
) -> Outcome:
    """Check the role and run the command. If roles changed meanwhile, check and run again."""
    run = _read if command.effect is Effect.READ else _change
    for _ in range(READ_TIMES):
        pending.generation = setup.known_roles.generation
        pending.grant = may(setup, invocation, need_for(command, arguments))
        with suppress(RolesChanged):
            return run(setup, invocation, command, pending, arguments)
    raise Unverifiable(reason="roles change again and again")


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


def _time_of(
    setup: Setup, invocation: Invocation, pending: PendingRequest, connection: Connection
) -> datetime:
    """Return the transaction's time; raise `RolesChanged` if the grant may be out of date."""
    known, directory = setup.known_roles, setup.directory
    return require_current(
        connection, setup.clock, known, directory, invocation.actor, pending.generation
    )


def _read(
    setup: Setup, invocation: Invocation, command: Command, pending: PendingRequest, arguments: Any
) -> Outcome:
    grant = pending.grant
    with reading(setup.engine, invocation.deadline) as connection:
        now = _time_of(setup, invocation, pending, connection)
        result = command.run(Work(connection, now, invocation, grant, setup), arguments)
    if result.personal:
        fields = arguments.model_dump()
        record = record_of(setup, invocation, grant, command.name, fields, now)
        _write_before_answer(setup, invocation, record)
    return Outcome(command, grant, now, result=result)


def _write_before_answer(setup: Setup, invocation: Invocation, record: Record) -> None:
    """Write the record of a read. If this fails, the person gets a refusal as the answer."""

    def write(connection: Connection) -> None:
        chain.write(connection, record, setup.audit_keys)

    changing(setup.engine, invocation.deadline, write)


def _with_result(record: Record, result: Result, outcome: str) -> Record:
    """Return the record of a change with what the change did."""
    return replace(record, outcome=outcome, targets=result.targets, answer=result.message or "")


def _change(
    setup: Setup, invocation: Invocation, command: Command, pending: PendingRequest, arguments: Any
) -> Outcome:
    grant, fingerprint = pending.grant, pending.fingerprint

    def work(connection: Connection) -> Outcome:
        now = _time_of(setup, invocation, pending, connection)
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
            chain.write(connection, _with_result(record, result, result.outcome), setup.audit_keys)
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
