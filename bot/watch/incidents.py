"""From failures to messages: a failure belongs to one incident, an incident has one message."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Connection, RowMapping

from bot.answers import channel_context
from bot.ledger import failures, followed, incidents, outbox
from bot.ledger.leases import Lease, fence
from bot.ledger.model import Receipt
from bot.model import Message
from bot.queue.database import changing
from bot.registry import Setup
from bot.views.incident import FailureCard, failure_message, summary_message
from bot.watch.receipts import receipts_of

TX_SECONDS = 10.0
AT_ONCE = 500
MINUTE = timedelta(minutes=1)
REFRESHED_AT_ONCE = 20

_STATES = {
    "retry": "retried",
    "retry-all": "retried",
    "delete-failed": "deleted",
    "clear-failed": "deleted",
}


def open_once(setup: Setup, lease: Lease) -> int:
    """Give new failures their incident; above the rate of alerts the rest of a minute shares one.

    Returns how many failures were given one.
    """

    def work(connection: Connection) -> int:
        fence(connection, lease)
        now = setup.clock(connection)
        waiting = incidents.waiting(connection, AT_ONCE)
        if not waiting:
            return 0
        opened = incidents.opened_since(connection, now - MINUTE, incidents.FAILURE)
        room = max(0, setup.alerts_per_minute - opened)
        for row in waiting[:room]:
            _open_single(setup, connection, row, now)
        _open_summary(setup, connection, waiting[room:], now)
        return len(waiting)

    return changing(setup.engine, monotonic() + TX_SECONDS, work)


def _open_single(setup: Setup, connection: Connection, row: RowMapping, now: datetime) -> None:
    incident = incidents.open_incident(
        connection,
        incidents.FAILURE,
        f"failure:{row['seq']}",
        now,
        failed_id=row["failed_id"],
        row_digest=row["row_digest"],
    )
    incidents.assign(connection, incident, [row["seq"]])
    if row["gone_at"] is None:
        incidents.refreshed(connection, incident, now, closed=False)
    _post(
        setup,
        connection,
        incident,
        failure_message(_card(setup, row), channel_context(setup, now)),
        now,
    )


def _open_summary(
    setup: Setup, connection: Connection, rows: Sequence[RowMapping], now: datetime
) -> None:
    if not rows:
        return
    key = f"summary:{now:%Y%m%d%H%M}"
    known = incidents.by_key(connection, key)
    seqs = [row["seq"] for row in rows]
    if known is not None:
        incidents.assign(connection, known["id"], seqs)
        return
    incident = incidents.open_incident(connection, incidents.SUMMARY, key, now)
    incidents.assign(connection, incident, seqs)
    incidents.refreshed(connection, incident, now, closed=False)
    said = summary_message(len(seqs), len(seqs), now, now + MINUTE, channel_context(setup, now))
    _post(setup, connection, incident, said, now)


def _post(
    setup: Setup, connection: Connection, incident: int, message: Message, now: datetime
) -> None:
    if setup.alert_channel is not None:
        outbox.post(connection, setup.alert_channel, f"incident:{incident}", message, now)


def refresh_once(setup: Setup, lease: Lease) -> int:
    """Let the messages of changed incidents follow; returns how many."""

    def work(connection: Connection) -> int:
        fence(connection, lease)
        now = setup.clock(connection)
        stale = incidents.stale(connection, REFRESHED_AT_ONCE)
        for incident in stale:
            left = incidents.left(connection, incident["id"])
            incidents.refreshed(connection, incident["id"], now, closed=left == 0)
            message = _redrawn(setup, connection, incident, left, now)
            if message is not None and setup.alert_channel is not None:
                subject = f"incident:{incident['id']}"
                outbox.edit(connection, setup.alert_channel, subject, message, now)
        return len(stale)

    return changing(setup.engine, monotonic() + TX_SECONDS, work)


def _redrawn(
    setup: Setup, connection: Connection, incident: RowMapping, left: int, now: datetime
) -> Message | None:
    context = channel_context(setup, now)
    if incident["kind"] == incidents.SUMMARY:
        opened = incident["opened_at"]
        return summary_message(incident["count"], left, opened, opened + MINUTE, context)
    rows = failures.of_incident(connection, incident["id"], 1)
    if not rows:
        return None
    card = _card(setup, rows[0])
    if left == 0:
        state = _STATES.get(incident["settled_how"] or "", "gone")
        card = card.model_copy(
            update={
                "state": state,
                "by": incident["settled_by"],
                "at": incident["settled_at"],
                "receipt": _receipt(connection, rows[0]["seq"], now)
                if state == "retried"
                else None,
            }
        )
    return failure_message(card, context)


def _receipt(connection: Connection, seq: int, now: datetime) -> Receipt | None:
    """What became of the job that the failure was retried as, where that is followed."""
    row = followed.of_failure(connection, seq)
    return None if row is None else receipts_of(connection, [row], now)[0]


def _card(setup: Setup, row: RowMapping) -> FailureCard:
    return FailureCard(
        failed_id=row["failed_id"],
        queue=row["queue"],
        job_class=row["job_class"],
        order_id=row["order_id"],
        tienda_id=row["tienda_id"],
        error=row["error"],
        failed_at=setup.queue.utc(row["failed_at"]),
        row_digest=row["row_digest"],
        state="open",
        by=None,
        at=None,
    )
