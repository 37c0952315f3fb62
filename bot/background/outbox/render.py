"""What a letter says when it is sent: audit records are drawn only then, and a doubt is marked."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.leader import leader_snapshot
from bot.models.requests import Message
from bot.store import outbox
from bot.store.audit import audit_log
from bot.store.audit.audit_log import SealedRecord
from bot.store.incidents import lookups
from bot.store.outbox import OutboxMessage
from bot.text import texts_for
from bot.views.audit.records import audit_message, missing_message, undeliverable_message
from bot.views.context import Context

BLOCKS = 50
"""As many as Slack takes in a message."""


def body_of(
    setup: Setup, letter: OutboxMessage, permalink: Callable[[str, str], str], *, bare: bool
) -> Mapping[str, Any]:
    """Text and blocks of a new message.

    `bare` leaves of audit records only what Slack cannot refuse: their numbers and hashes.
    """
    body = letter.body
    if letter.kind in (outbox.AUDIT, outbox.REFUSALS):
        message = _audit_message(setup, letter, permalink, bare=bare)
        return {"text": message.text, "blocks": list(message.blocks)}
    if letter.in_doubt:
        repeat = texts_for(None, setup.language, setup.zone).plain("possible-repeat")
        mark = {"type": "context", "elements": [{"type": "mrkdwn", "text": repeat}]}
        blocks = [*list(body.get("blocks", ()))[: BLOCKS - 1], mark]
        return {**body, "text": f"{repeat} {body['text']}", "blocks": blocks}
    return body


def _audit_message(
    setup: Setup, letter: OutboxMessage, permalink: Callable[[str, str], str], *, bare: bool
) -> Message:
    seqs = letter.body["seqs"]
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
        parts.append(_told(sealed, link, letter, context))
    if missing := sorted(set(seqs) - {item.seq for item in sealed}):
        parts.append(missing_message(missing, context))
    text = "\n".join(part.text for part in parts)
    return Message(text, [block for part in parts for block in part.blocks])


def _told(
    sealed: list[SealedRecord], link: str | None, letter: OutboxMessage, context: Context
) -> Message:
    lines = [audit_log.line(item.record, item.seq, item.hash) for item in sealed]
    return audit_message(lines, link, letter.in_doubt, context)


def place_of(connection: Connection, subject: str) -> tuple[str, str] | None:
    """Channel and ts of what an edit changes; an incident's outlives its row in the outbox."""
    place = outbox.place(connection, subject)
    kind, _, number = subject.partition(":")
    if place is not None or kind != "incident":
        return place
    incident = lookups.by_id(connection, int(number))
    if incident is None or incident.message_ts is None or incident.channel is None:
        return None
    return (incident.channel, incident.message_ts)


def incident_of(letter: OutboxMessage) -> int | None:
    """The incident that a letter tells of."""
    kind, _, number = letter.subject.partition(":")
    return int(number) if kind == "incident" else None
