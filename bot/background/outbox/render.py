"""Render outbox messages when they are sent: audit records, and marks of possible repeats."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot.app.responses import channel_context
from bot.app.setup import Setup
from bot.background.leader import leader_snapshot
from bot.models.requests import Message
from bot.store import outbox
from bot.store.audit import audit_log
from bot.store.audit.audit_log import SealedRecord
from bot.store.incidents import lookups
from bot.store.outbox import OutboxMessage
from bot.text import texts_for
from bot.views.audit.records import audit_message, missing_message, undeliverable_message
from bot.views.blocks import MESSAGE_BLOCKS
from bot.views.context import Context


def body_of(
    setup: Setup, message: OutboxMessage, permalink: Callable[[str, str], str], *, bare: bool
) -> Mapping[str, Any]:
    """Return the text and the blocks of a new message.

    `bare` reduces audit records to their numbers and hashes, which Slack cannot refuse.
    """
    body = message.body
    if message.kind in (outbox.AUDIT, outbox.REFUSALS):
        rendered = _audit_message(setup, message, permalink, bare=bare)
        return {"text": rendered.text, "blocks": list(rendered.blocks)}
    if message.in_doubt:
        repeat = texts_for(None, setup.language, setup.zone, setup.slash).plain("possible-repeat")
        mark = {"type": "context", "elements": [{"type": "mrkdwn", "text": repeat}]}
        blocks = [*list(body.get("blocks", ()))[: MESSAGE_BLOCKS - 1], mark]
        return {**body, "text": f"{repeat} {body['text']}", "blocks": blocks}
    return body


def _audit_message(
    setup: Setup, message: OutboxMessage, permalink: Callable[[str, str], str], *, bare: bool
) -> Message:
    seqs = message.body["seqs"]
    with leader_snapshot(setup) as connection:
        sealed = audit_log.sealed(connection, seqs)
        now = setup.clock(connection)
        first = sealed[0].record if sealed else None
        place = None
        if first is not None:
            place = outbox.place(connection, f"request:{first['request_id']}")
    if place is None and first is not None and first["channel"] and first["message_ts"]:
        place = (first["channel"], first["message_ts"])
    context = channel_context(setup, now)
    parts = []
    if sealed and bare:
        parts.append(undeliverable_message([(item.seq, item.hash) for item in sealed], context))
    elif sealed:
        link = None if place is None else permalink(*place)
        parts.append(_records_message(sealed, link, message, context))
    if missing := sorted(set(seqs) - {item.seq for item in sealed}):
        parts.append(missing_message(missing, context))
    text = "\n".join(part.text for part in parts)
    return Message(text, [block for part in parts for block in part.blocks])


def _records_message(
    sealed: list[SealedRecord], link: str | None, message: OutboxMessage, context: Context
) -> Message:
    lines = [audit_log.line(item.record, item.seq, item.hash) for item in sealed]
    return audit_message(lines, link, message.in_doubt, context)


def place_of(connection: Connection, subject: str) -> tuple[str, str] | None:
    """Return the channel and the ts of the message to edit.

    The channel and the ts of an incident's alert are also stored in the incident's row.
    """
    place = outbox.place(connection, subject)
    kind, _, number = subject.partition(":")
    if place is not None or kind != "incident":
        return place
    incident = lookups.by_id(connection, int(number))
    if incident is None or incident.message_ts is None or incident.channel is None:
        return None
    return (incident.channel, incident.message_ts)


def incident_of(message: OutboxMessage) -> int | None:
    """Return the number of the message's incident, or None if it has none."""
    kind, _, number = message.subject.partition(":")
    return int(number) if kind == "incident" else None
