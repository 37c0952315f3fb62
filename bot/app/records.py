"""The audit record and the stored answer of a request, including refused requests."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.access.roles import Grant
from bot.app.command import Command, Effect, Result
from bot.app.limits import FoldedRefusals
from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.app.subjects import named_subjects
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
    TooFrequent,
    Unverifiable,
)
from bot.models.requests import Invocation
from bot.models.roles import Role
from bot.store import requests
from bot.store.audit import audit_log, chain, stored_refusals
from bot.store.audit.audit_log import FOLDED
from bot.text import texts_for
from bot.views.refusal import refusal_sentence

log = structlog.get_logger(__name__)

AUDIT_SECONDS = 0.6
"""Seconds for recording a refusal; the answer is known already and waits for the record."""
UNSETTLED = (
    AuditKeyMissing,
    Busy,
    DatabaseDown,
    Frozen,
    OutcomeUnknown,
    TooFrequent,
    Unverifiable,
)
"""Refusals that may not apply to a second delivery of the request, so they are not stored."""


@dataclass
class PendingRequest:
    """The known parts of a request. The record of a refusal contains these parts.

    `typed`: a person typed the request, so an error in it may be a typing error.
    `generation`: the generation that the replica knew before it read the person's role.
    """

    values: Mapping[str, Any]
    typed: bool
    name: str = ""
    command: Command | None = None
    grant: Grant = field(default_factory=lambda: Grant(Role.NONE, "none"))
    generation: int | None = None

    @property
    def is_change(self) -> bool:
        """Whether the command is known and changes something."""
        return self.command is not None and self.command.effect is not Effect.READ

    @property
    def fingerprint(self) -> requests.RequestFingerprint:
        """The fingerprint of the content that belongs to the request id."""
        return requests.fingerprint(self.name, self.values)


def stored_answer(result: Result) -> str:
    """Return the result in the format that `earlier_outcome` reads."""
    return json.dumps({"result": result.model_dump(mode="json")}, ensure_ascii=False)


def earlier_outcome(command: Command, grant: Grant, now: datetime, stored: str) -> Outcome:
    """Rebuild the outcome of an earlier delivery from the stored answer."""
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
    """Return an audit record with the outcome `ok`; the caller replaces fields that differ."""
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
    """Record the refusal and return it, or return the stored answer of an earlier delivery.

    A typing error is only logged, because typing errors would hide attempted changes in the audit
    log. Above the person's limit, refusals are only counted.
    """
    command, grant = pending.command, pending.grant
    now = datetime.now(UTC).replace(tzinfo=None)  # replaced by the database's time
    if pending.typed and isinstance(refusal, Mistyped):
        user = invocation.actor.user
        log.info("command mistyped", command=pending.name or "?", reason=refusal.code, user=user)
        return Outcome(command, grant, now, refusal=refusal)
    if isinstance(refusal, Denied):
        # `Denied` was raised before a grant was returned, but the refusal contains the role.
        grant = pending.grant = replace(grant, role=refusal.has)
    is_folded = setup.limits.seconds_to_wait("refusals", invocation.actor) > 0
    if is_folded:
        setup.limits.fold(invocation.actor, invocation.channel)
        if not pending.is_change:
            return Outcome(command, grant, now, refusal=refusal)
    if isinstance(refusal.__cause__, ServerSilent):
        # A silent server cannot store the record, and the person must not wait for the server.
        log.warning("refusal not recorded", reason=refusal.code, because="database silent")
        return Outcome(command, grant, now, refusal=refusal)

    def work(connection: Connection) -> Outcome:
        return _record_refusal(setup, connection, invocation, pending, refusal, is_folded=is_folded)

    try:
        return changing(setup.engine, time_limit(setup.engine, AUDIT_SECONDS), work)
    except Refusal as error:
        # The database refused the record, so the refusal is only logged.
        log.warning("refusal not recorded", reason=refusal.code, because=error.code)
        return Outcome(command, grant, now, refusal=refusal)


def _record_refusal(
    setup: Setup,
    connection: Connection,
    invocation: Invocation,
    pending: PendingRequest,
    refusal: Refusal,
    *,
    is_folded: bool,
) -> Outcome:
    """Return the outcome of an earlier delivery, or write an audit record of the refusal."""
    command, grant, now = pending.command, pending.grant, setup.clock(connection)
    if pending.is_change and command is not None:
        answer = None if is_folded else refusal
        stored = _store_refusal(connection, invocation, pending, answer, now)
        if stored is not None:
            return earlier_outcome(command, grant, now, stored)
    if not is_folded:
        english = texts_for("en", "en", setup.zone, setup.slash)
        record = replace(
            record_of(setup, invocation, grant, pending.name or "?", pending.values, now),
            outcome=refusal.outcome,
            reason=refusal.code,
            answer=refusal_sentence(refusal, english, setup.actions)[:500],
            named=named(command, pending.values),
            named_subjects=named_subjects(command, pending.values),
        )
        chain.write(connection, record, setup.audit_keys)
    return Outcome(command, grant, now, refusal=refusal)


def _store_refusal(
    connection: Connection,
    invocation: Invocation,
    pending: PendingRequest,
    refusal: Refusal | None,
    now: datetime,
) -> str | None:
    """Return the stored answer of the request, or store the refusal, if any, as the answer.

    A refusal is not stored if a second delivery may succeed. A refusal is also not stored if the
    request has the id of another request, because that other request keeps its stored answer.
    """
    try:
        if refusal is None or isinstance(refusal, UNSETTLED):
            return requests.answer(connection, invocation.request_id, pending.fingerprint)
        user = invocation.actor.user
        requests.claim(connection, invocation.request_id, pending.fingerprint, user, now)
    except requests.AlreadyAnswered as earlier:
        return earlier.answer
    except requests.OtherWords:
        return None
    requests.settle(connection, invocation.request_id, stored_refusals.keep(refusal))
    return None


def record_folded(setup: Setup, *, everything: bool = False) -> None:
    """Write one record for each person's refusals that were only counted.

    The record is written a minute after the first of these refusals, or at once at shutdown.
    """
    due = setup.limits.take_folded(everything=everything)
    if not due:
        return

    def work(connection: Connection) -> None:
        now = setup.clock(connection)
        for folded in due:
            chain.write(connection, _record_of_folded(setup, folded, now), setup.audit_keys)

    try:
        changing(setup.engine, time_limit(setup.engine, AUDIT_SECONDS), work)
    except BaseException:
        setup.limits.restore(due)
        raise


def _record_of_folded(setup: Setup, folded: FoldedRefusals, now: datetime) -> audit_log.Record:
    id_ = hashlib.sha256(f"folded {setup.replica} {folded}".encode()).hexdigest()
    invocation = Invocation(folded.actor, id_, 0.0, folded.channel)
    nobody = Grant(Role.NONE, "none")
    record = record_of(setup, invocation, nobody, FOLDED, {"count": folded.count}, now)
    answer = f"{folded.count} more requests were refused"
    return replace(record, outcome=TooFrequent.outcome, reason=TooFrequent.code, answer=answer)
