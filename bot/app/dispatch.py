"""The path of every request: find, validate, authorize, then run, audit and outbox in one commit.

A typed command, a button, a modal and the terminal all take this path. A `Refusal` is an outcome:
it rolls the change back, is audited, and is shown to the person in their language. Any other
exception is a bug: it also rolls the change back, and the caller reports it as an error.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import Connection

from bot.access.roles import Grant, Need, authorize
from bot.app.announce import announce
from bot.app.command import Command, Effect, Result, Setup, Work
from bot.app.parsing import MAX_TEXT, Request, invalid, parse, whole
from bot.app.responses import Outcome
from bot.app.targets import named
from bot.database.time_limits import ServerSilent
from bot.database.transactions import changing, reading, time_limit
from bot.failpoints import reach
from bot.masking.masker import mask_value
from bot.models.refusals import (
    Busy,
    DatabaseDown,
    Frozen,
    OutcomeUnknown,
    Refusal,
    RequestIdUsed,
    UnknownCommand,
    Unverifiable,
)
from bot.models.requests import Invocation
from bot.models.roles import Role
from bot.store import requests
from bot.store.audit import audit_log, stored_refusals
from bot.store.operations import change_freeze
from bot.text import texts_for
from bot.views.refusal import refusal_sentence

log = structlog.get_logger(__name__)

AUDIT_SECONDS = 0.6
"""Time limit for recording a refusal, after the answer is known."""

UNSETTLED = (Busy, DatabaseDown, Frozen, OutcomeUnknown, Unverifiable)
"""Refusals that a second delivery of the same request may turn into a result."""


@dataclass
class _PendingRequest:
    """The part of a request that is known so far; a refusal is recorded with this part."""

    values: Mapping[str, Any]
    name: str = ""
    command: Command | None = None
    grant: Grant = field(default_factory=lambda: Grant(Role.NONE, "none"))

    @property
    def fingerprint(self) -> requests.RequestFingerprint:
        """The content that the request id stands for."""
        return requests.fingerprint(self.name, self.values)


def request_id(*parts: object) -> str:
    """Return the id of a click or command; every redelivery has the same id."""
    return hashlib.sha256(json.dumps([str(p) for p in parts]).encode()).hexdigest()


def dispatch(
    setup: Setup, invocation: Invocation, content: str | Request | Refusal, *, late: bool = False
) -> Outcome:
    """Run typed text or a form's request and return its outcome.

    The input is a `Refusal` if the envelope holds nothing that can run. A `late` request does not
    run; if it already ran, its stored answer is returned again.
    """
    content = _without_secrets(setup, content)
    pending = _PendingRequest({"text": whole(content[:200])} if isinstance(content, str) else {})
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
        return _refused(setup, invocation, pending, refusal)


def _without_secrets(setup: Setup, content: str | Request | Refusal) -> str | Request | Refusal:
    """Return the words or values without secrets: they are audited for ever and posted."""
    if isinstance(content, str):
        # A text that is too long is refused, also if it is shorter without its secrets.
        longest = MAX_TEXT + 1
        masked = setup.queue.mask(content[:longest])
        return masked.ljust(longest) if len(content) >= longest else masked
    if isinstance(content, Request):
        values = mask_value(dict(content.values), setup.masked_keys)
        return replace(content, command=setup.queue.mask(content.command), values=values)
    return content


def is_change(setup: Setup, content: str | Request | Refusal) -> bool:
    """Return whether this request changes something now if it is not refused."""
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
    """Return whether the command changes something now; a read and a preview do not."""
    if command.effect is not Effect.BULK:
        return command.effect is Effect.CHANGE
    confirmed = getattr(arguments, "plan", None) is not None
    return confirmed or getattr(arguments, "at_once", False) is True


def changes_jobs(command: Command, arguments: Any) -> bool:
    """Return whether a change freeze forbids this; tests/commands/test_freeze.py proves it."""
    return changes_now(command, arguments) and not command.when_frozen


def may(setup: Setup, invocation: Invocation, need: Need) -> Grant:
    """Return the person's grant for this need or raise `NotAllowed`; checked before every run."""
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
    return Outcome(command, grant, now, result=result)


def _change(
    setup: Setup, invocation: Invocation, command: Command, pending: _PendingRequest, arguments: Any
) -> Outcome:
    grant, fingerprint = pending.grant, pending.fingerprint

    def work(connection: Connection) -> Outcome:
        now = setup.clock(connection)
        try:
            requests.claim(
                connection, invocation.request_id, fingerprint, invocation.actor.user, now
            )
        except requests.AlreadyAnswered as earlier:
            return _earlier(command, grant, now, earlier.answer)
        except requests.OtherWords as error:
            raise RequestIdUsed from error
        reach("claimed")
        if changes_jobs(command, arguments):
            change_freeze.require_none(connection)
        result = command.run(Work(connection, now, invocation, grant, setup), arguments)
        reach("ran")
        if result.outcome is not None:
            fields = arguments.model_dump() | dict(result.recorded)
            record = _record(setup, invocation, grant, command.name, fields, now)
            audit_log.write(
                connection,
                replace(
                    record,
                    outcome=result.outcome,
                    targets=result.targets,
                    answer=result.message or "",
                ),
            )
            announce(setup, connection, invocation, command, result, now)
        requests.settle(connection, invocation.request_id, _stored(result))
        reach("settled")
        return Outcome(command, grant, now, result=result)

    def settled(connection: Connection) -> Outcome | None:
        try:
            stored = requests.answer(connection, invocation.request_id, fingerprint)
        except requests.OtherWords as error:
            raise RequestIdUsed from error
        if stored is None:
            return None
        return _earlier(command, grant, setup.clock(connection), stored)

    if monotonic() > invocation.deadline:
        raise Busy
    outcome = changing(setup.engine, invocation.deadline, work, settled)
    reach("committed")
    return outcome


def _stored(result: Result) -> str:
    return json.dumps({"result": result.model_dump(mode="json")}, ensure_ascii=False)


def _earlier(command: Command, grant: Grant, now: datetime, stored: str) -> Outcome:
    answer = json.loads(stored)
    if "result" in answer:
        result = command.result.model_validate(answer["result"])
        return Outcome(command, grant, now, result=result, repeated=True)
    return Outcome(command, grant, now, refusal=stored_refusals.restore(answer), repeated=True)


def _record(
    setup: Setup,
    invocation: Invocation,
    grant: Grant,
    action: str,
    arguments: Mapping[str, Any],
    now: datetime,
) -> audit_log.Record:
    actor = invocation.actor
    return audit_log.Record(
        at=now,
        request_id=invocation.request_id,
        actor=actor.user,
        team=actor.team,
        detail=actor.detail,
        source=invocation.source.value,
        role=grant.role.word,
        rule=grant.rule,
        action=action,
        arguments={key: value for key, value in arguments.items() if value is not None},
        channel=invocation.channel,
        message_ts=invocation.message_ts,
        outcome="ok",
        version=setup.version,
        replica=setup.replica,
    )


def _refused(
    setup: Setup, invocation: Invocation, pending: _PendingRequest, refusal: Refusal
) -> Outcome:
    """Record the refusal and return it, or return the stored answer of the same request."""
    command, grant = pending.command, pending.grant
    now = datetime.now(UTC).replace(tzinfo=None)  # until the database's time is read
    english = texts_for("en", "en", setup.zone)
    record = replace(
        _record(setup, invocation, grant, pending.name or "?", pending.values, now),
        outcome=refusal.outcome,
        reason=refusal.code,
        answer=refusal_sentence(refusal, english, setup.actions)[:500],
        named=named(command, pending.values),
    )

    def work(connection: Connection) -> Outcome:
        now = setup.clock(connection)
        if command is not None and command.effect is not Effect.READ:
            stored = _store_refusal(connection, invocation, pending, refusal, now)
            if stored is not None:
                return _earlier(command, grant, now, stored)
        audit_log.write(connection, replace(record, at=now))
        return Outcome(command, grant, now, refusal=refusal)

    if isinstance(refusal.__cause__, ServerSilent):
        # The server would not answer the write of the record either; the person must not wait.
        log.warning("refusal not recorded", reason=refusal.code, because="silent")
        return Outcome(command, grant, record.at, refusal=refusal)
    try:
        return changing(setup.engine, time_limit(setup.engine, AUDIT_SECONDS), work)
    except Refusal as error:
        # The database itself refuses the record, so that only the log can hold it.
        log.warning("refusal not recorded", reason=refusal.code, because=error.code)
        return Outcome(command, grant, record.at, refusal=refusal)


def _store_refusal(
    connection: Connection,
    invocation: Invocation,
    pending: _PendingRequest,
    refusal: Refusal,
    now: datetime,
) -> str | None:
    """Return the stored answer of the same request; if there is none, store the refusal as it.

    A refusal that a second delivery may turn into a result is not stored. If the request reuses the
    id of another request, the refusal is not stored either: the other request keeps its answer.
    """
    try:
        if isinstance(refusal, UNSETTLED):
            return requests.answer(connection, invocation.request_id, pending.fingerprint)
        user = invocation.actor.user
        requests.claim(connection, invocation.request_id, pending.fingerprint, user, now)
    except requests.AlreadyAnswered as earlier:
        return earlier.answer
    except requests.OtherWords:
        return None
    requests.settle(connection, invocation.request_id, stored_refusals.keep(refusal))
    return None
