"""Expire the requests for approval that nobody approved or declined in time."""

from datetime import datetime

from sqlalchemy import Connection

from bot.app.approvals import decided_fields
from bot.app.dispatch import request_id
from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.leader import leader_transaction
from bot.models.roles import Role
from bot.store import outbox
from bot.store.audit import audit_log, chain
from bot.store.leases import Lease
from bot.store.operations import operations, transitions
from bot.store.operations.operations import Operation, progress_of
from bot.views.operations.progress import progress_message

TOGETHER = 20
"""The most requests that one transaction ends."""


def expire_once(setup: Setup, lease: Lease) -> int:
    """End each expired request and write its audit record; return the number of requests."""

    def work(connection: Connection, now: datetime) -> int:
        ids = transitions.expired_requests(connection, now, TOGETHER)
        for id_ in ids:
            if not transitions.close_request(connection, id_, "expired", now):
                continue
            operation = operations.find(connection, id_)
            if operation is not None:
                chain.write(connection, _record(setup, operation, now), setup.audit_keys)
                _redraw(setup, connection, operation, now)
        return len(ids)

    return leader_transaction(setup, lease, work)


def _redraw(setup: Setup, connection: Connection, operation: Operation, now: datetime) -> None:
    subject = f"request:{operation.request_id}"
    channel = outbox.channel_of(connection, subject)
    if channel is not None:
        message = progress_message(progress_of(operation, now), channel_context(setup, now))
        outbox.edit(connection, channel, subject, message, now)


def _record(setup: Setup, operation: Operation, now: datetime) -> audit_log.Record:
    return audit_log.Record(
        at=now,
        request_id=request_id("expired", operation.request_id),
        actor=operation.actor,
        team=operation.team,
        detail=operation.detail,
        source="background",
        role=Role.NONE.word,
        rule="none",
        action=operation.action,
        arguments=decided_fields(operation),
        channel=operation.channel,
        outcome="expired",
        answer=f"Nobody approved operation {operation.id}",
        version=setup.version,
        replica=setup.replica,
    )
