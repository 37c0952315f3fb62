"""The one road: find, validate, may they, then one transaction with run, audit and outbox.

A typed command, a button, a modal and the terminal all come this way. A `Refusal` is an outcome: it
rolls the change back, is audited, and is shown to the person in their language. Whatever else is
raised is a bug: rolled back too, and told as such by who called.
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
from bot.app.announce import tell
from bot.app.command import Command, Effect, Result, Setup, Work
from bot.app.parsing import Request, invalid, parse, whole
from bot.app.responses import Outcome
from bot.app.targets import named
from bot.database.time_limits import ServerSilent
from bot.database.transactions import changing, reading, time_limit
from bot.failpoints import reach
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
"""What the record of a refusal may take after the answer is known."""

UNSETTLED = (Busy, DatabaseDown, Frozen, OutcomeUnknown, Unverifiable)
"""Refusals that a second delivery of the same request may turn into a result."""


@dataclass
class _Asking:
    """What is known of a request so far; a refusal is recorded with as much as that."""

    values: Mapping[str, Any]
    name: str = ""
    command: Command | None = None
    grant: Grant = field(default_factory=lambda: Grant(Role.NONE, "none"))

    @property
    def wanted(self) -> requests.RequestFingerprint:
        """What its id stands for."""
        return requests.fingerprint(self.name, self.values)


def request_id(*parts: object) -> str:
    """The id under which the same click or command is known however often it arrives."""
    return hashlib.sha256(json.dumps([str(p) for p in parts]).encode()).hexdigest()


def dispatch(
    setup: Setup, invocation: Invocation, said: str | Request | Refusal, *, late: bool = False
) -> Outcome:
    """Carry out what was typed, or what a form said, and return how it ended.

    A `Refusal` is what the edge made of an envelope that says nothing runnable. A request that is
    `late` is not carried out any more; where it was before, its answer is given again.
    """
    asking = _Asking({"text": whole(said[:200])} if isinstance(said, str) else {})
    try:
        if isinstance(said, Refusal):
            raise said
        request = parse(said, setup.commands) if isinstance(said, str) else said
        asking.name, asking.values = whole(request.command), whole(request.values)
        asking.command = command = setup.commands.get(asking.name)
        if command is None:
            raise UnknownCommand(word=asking.name[:64], nearest="help", usage="/queue help")
        arguments = _validated(command, asking.values)
        if late:
            raise Busy
        asking.grant = grant = may(setup, invocation, command.need)
        if command.effect is Effect.READ:
            return _read(setup, invocation, command, grant, arguments)
        return _change(setup, invocation, command, asking, arguments)
    except Refusal as refusal:
        return _refused(setup, invocation, asking, refusal)


def is_change(setup: Setup, said: str | Request | Refusal) -> bool:
    """Whether this request, if nothing refuses it, changes something now."""
    try:
        request = parse(said, setup.commands) if isinstance(said, str) else said
        if isinstance(request, Refusal) or request.command not in setup.commands:
            return False
        command = setup.commands[request.command]
        return changes_now(command, _validated(command, request.values))
    except Refusal:
        return False


def changes_now(command: Command, arguments: Any) -> bool:
    """Whether the command changes something now; a read and a preview do not."""
    if command.effect is not Effect.BULK:
        return command.effect is Effect.CHANGE
    confirmed = getattr(arguments, "plan", None) is not None
    return confirmed or getattr(arguments, "at_once", False) is True


def changes_jobs(command: Command, arguments: Any) -> bool:
    """Whether a change freeze forbids this; tests/commands/test_freeze.py breaks this rule."""
    return changes_now(command, arguments) and not command.when_frozen


def may(setup: Setup, invocation: Invocation, need: Need) -> Grant:
    """The person's grant for this need, or a `NotAllowed`; asked again whenever something runs."""
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
    setup: Setup, invocation: Invocation, command: Command, asking: _Asking, arguments: Any
) -> Outcome:
    grant, wanted = asking.grant, asking.wanted

    def work(connection: Connection) -> Outcome:
        now = setup.clock(connection)
        try:
            requests.claim(connection, invocation.request_id, wanted, invocation.actor.user, now)
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
            said = arguments.model_dump() | dict(result.recorded)
            record = _record(setup, invocation, grant, command.name, said, now)
            audit_log.write(
                connection,
                replace(
                    record,
                    outcome=result.outcome,
                    targets=result.targets,
                    answer=result.message or "",
                ),
            )
            tell(setup, connection, invocation, command, result, now)
        requests.settle(connection, invocation.request_id, _stored(result))
        reach("settled")
        return Outcome(command, grant, now, result=result)

    def settled(connection: Connection) -> Outcome | None:
        try:
            stored = requests.answer(connection, invocation.request_id, wanted)
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
    said = json.loads(stored)
    if "result" in said:
        result = command.result.model_validate(said["result"])
        return Outcome(command, grant, now, result=result, repeated=True)
    return Outcome(command, grant, now, refusal=stored_refusals.restore(said), repeated=True)


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


def _refused(setup: Setup, invocation: Invocation, asking: _Asking, refusal: Refusal) -> Outcome:
    """Write the refusal down and return it, or the earlier answer of the same request."""
    command, grant = asking.command, asking.grant
    now = datetime.now(UTC).replace(tzinfo=None)  # until the database says its own
    english = texts_for("en", "en", setup.zone)
    record = replace(
        _record(setup, invocation, grant, asking.name or "?", asking.values, now),
        outcome=refusal.outcome,
        reason=refusal.code,
        answer=refusal_sentence(refusal, english, setup.actions)[:500],
        named=named(command, asking.values),
    )

    def work(connection: Connection) -> Outcome:
        now = setup.clock(connection)
        if command is not None and command.effect is not Effect.READ:
            stored = _kept(connection, invocation, asking, refusal, now)
            if stored is not None:
                return _earlier(command, grant, now, stored)
        audit_log.write(connection, replace(record, at=now))
        return Outcome(command, grant, now, refusal=refusal)

    if isinstance(refusal.__cause__, ServerSilent):
        # The server would be silent about the record too, and the person has waited long enough.
        log.warning("refusal not recorded", reason=refusal.code, because="silent")
        return Outcome(command, grant, record.at, refusal=refusal)
    try:
        return changing(setup.engine, time_limit(setup.engine, AUDIT_SECONDS), work)
    except Refusal as error:
        # The database that should keep the record is what refuses; the log is what is left.
        log.warning("refusal not recorded", reason=refusal.code, because=error.code)
        return Outcome(command, grant, record.at, refusal=refusal)


def _kept(
    connection: Connection,
    invocation: Invocation,
    asking: _Asking,
    refusal: Refusal,
    now: datetime,
) -> str | None:
    """The stored answer of the same request; where it has none, the refusal becomes it.

    A refusal that a second delivery may turn into a result is not kept. Nor is one of a request
    that borrows the id of another: that one's answer stays.
    """
    try:
        if isinstance(refusal, UNSETTLED):
            return requests.answer(connection, invocation.request_id, asking.wanted)
        requests.claim(connection, invocation.request_id, asking.wanted, invocation.actor.user, now)
    except requests.AlreadyAnswered as earlier:
        return earlier.answer
    except requests.OtherWords:
        return None
    requests.settle(connection, invocation.request_id, stored_refusals.keep(refusal))
    return None
