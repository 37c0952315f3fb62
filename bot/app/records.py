"""The audit record and the stored answer of a request, also of one that is refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.access.roles import Grant
from bot.app.command import Command, Effect, Result, Setup
from bot.app.responses import Outcome
from bot.app.targets import named
from bot.database.time_limits import ServerSilent
from bot.database.transactions import changing, time_limit
from bot.models.refusals import (
    AuditKeyMissing,
    Busy,
    DatabaseDown,
    Denied,
    Frozen,
    Mistyped,
    OutcomeUnknown,
    Refusal,
    Unverifiable,
)
from bot.models.requests import Invocation
from bot.models.roles import Role
from bot.store import requests
from bot.store.audit import audit_log, chain, stored_refusals
from bot.text import texts_for
from bot.views.refusal import refusal_sentence

log = structlog.get_logger(__name__)

AUDIT_SECONDS = 0.6
"""Time limit for recording a refusal, after the answer is known."""
UNSETTLED = (AuditKeyMissing, Busy, DatabaseDown, Frozen, OutcomeUnknown, Unverifiable)
"""Refusals that a second delivery of the same request may turn into a result."""


@dataclass
class PendingRequest:
    """The part of a request that is known so far; a refusal is recorded with this part.

    `typed`: a person wrote the words, so that a mistake in them is no attempt to do something.
    """

    values: Mapping[str, Any]
    typed: bool
    name: str = ""
    command: Command | None = None
    grant: Grant = field(default_factory=lambda: Grant(Role.NONE, "none"))

    @property
    def fingerprint(self) -> requests.RequestFingerprint:
        """The content that the request id stands for."""
        return requests.fingerprint(self.name, self.values)


def stored_answer(result: Result) -> str:
    """Return the result as `earlier_outcome` reads it."""
    return json.dumps({"result": result.model_dump(mode="json")}, ensure_ascii=False)


def earlier_outcome(command: Command, grant: Grant, now: datetime, stored: str) -> Outcome:
    """Return the outcome of an earlier delivery from its stored answer."""
    answer = json.loads(stored)
    if "result" in answer:
        result = command.result.model_validate(answer["result"])
        return Outcome(command, grant, now, result=result, repeated=True)
    return Outcome(command, grant, now, refusal=stored_refusals.restore(answer), repeated=True)


def record_of(
    setup: Setup,
    invocation: Invocation,
    grant: Grant,
    action: str,
    arguments: Mapping[str, Any],
    now: datetime,
) -> audit_log.Record:
    """Return the audit record of a request whose outcome is `ok`; the caller replaces the rest."""
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


def refused(
    setup: Setup, invocation: Invocation, pending: PendingRequest, refusal: Refusal
) -> Outcome:
    """Record the refusal and return it, or return the stored answer of the same request.

    A typing error is logged only: it would hide the attempts that the audit log is there for.
    """
    command, grant = pending.command, pending.grant
    now = datetime.now(UTC).replace(tzinfo=None)  # until the database's time is read
    if pending.typed and isinstance(refusal, Mistyped):
        user = invocation.actor.user
        log.info("mistyped", command=pending.name or "?", reason=refusal.code, user=user)
        return Outcome(command, grant, now, refusal=refusal)
    if isinstance(refusal, Denied):
        # The check stopped before it gave a grant, but it found the role.
        grant = replace(grant, role=refusal.has)
    english = texts_for("en", "en", setup.zone)
    record = replace(
        record_of(setup, invocation, grant, pending.name or "?", pending.values, now),
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
                return earlier_outcome(command, grant, now, stored)
        chain.write(connection, replace(record, at=now), setup.audit_keys)
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
    pending: PendingRequest,
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
