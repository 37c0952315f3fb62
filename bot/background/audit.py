"""Seal the audit log: add committed records to the chain and post them in the chain's order."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.leader import leader_transaction
from bot.failpoints import reach
from bot.store import outbox
from bot.store.audit import sealing
from bot.store.audit.audit_log import SealedRecord
from bot.store.audit.chain import RecordOrigin
from bot.store.leases import Lease

TOGETHER = timedelta(minutes=1)
"""The refusals of one person within this time share one message; each refusal has a record."""


def seal_once(setup: Setup, lease: Lease) -> int:
    """Seal committed records, add an outbox message for each record, and return how many."""

    def work(connection: Connection, now: datetime) -> int:
        origin = RecordOrigin(setup.replica, setup.version)
        records = sealing.seal(connection, now, setup.audit_keys, origin)
        for item in records:
            _post(setup, connection, item, now)
        reach("sealed")
        return len(records)

    return leader_transaction(setup, lease, work)


def _post(setup: Setup, connection: Connection, item: SealedRecord, now: datetime) -> None:
    channel = setup.audit_channel
    if channel is None:
        return
    record = item.record
    if record["outcome"] not in ("denied", "refused"):
        outbox.tell_audit(connection, outbox.AUDIT, channel, f"audit:{item.seq}", item.seq, now)
        return
    subject = f"refusals:{hashlib.sha256(record['actor'].encode()).hexdigest()[:40]}"
    earlier = outbox.latest(connection, subject, now - TOGETHER)
    if earlier is None:
        outbox.tell_audit(connection, outbox.REFUSALS, channel, subject, item.seq, now)
    elif not outbox.add_to(connection, earlier, item.seq):
        due = earlier.created_at + TOGETHER
        outbox.tell_audit(connection, outbox.REFUSALS, channel, subject, item.seq, now, due)
