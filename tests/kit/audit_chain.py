"""Changes, seals and problems of the audit log."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from bot.app.setup import Setup
from bot.background import audit
from bot.database.transactions import now_of
from bot.store import tables
from bot.store.audit import chain
from bot.store.audit.keys import AuditKey, AuditKeys
from bot.store.audit.verification import verify
from bot.store.reports.health import health
from tests.kit.queues import TestQueue
from tests.kit.replicas import SAM, ask, codes, hold

ONE, TWO, THREE = (AuditKey(digit * 64) for digit in "123")
KEYED = AuditKeys(ONE)


def violations(queue: TestQueue, keys: AuditKeys = KEYED, **anchors: Any) -> list[str]:
    """What `audit verify` says with these keys."""
    with queue.engine.begin() as connection:
        return list(verify(connection, keys=keys, **anchors))


def problems(queue: TestQueue, keys: AuditKeys = KEYED) -> list[str]:
    """The codes of the audit's problems, as a replica with these keys sees them."""
    with queue.engine.begin() as connection:
        seen = health(connection, queue.queue, now_of(connection), keys)
    return [problem.code for problem in seen.problems if problem.part == "audit"]


def change(setup: Setup, times: int = 1) -> list[str]:
    """Freeze and unfreeze in turn, `times` changes in all; return their codes."""
    words = ("freeze deploying", "unfreeze")
    return codes(ask(setup, words[number % 2]) for number in range(times))


def records(queue: TestQueue) -> Sequence[Any]:
    """The audit records."""
    return queue.rows(tables.audit)


def seal(setup: Setup) -> int:
    """Seal as the leader."""
    return audit.seal_once(setup, hold(setup))


def rewrite_from_the_first(connection: Connection) -> None:
    """Change the first record and make every digest and every keyless hash anew."""
    connection.execute(update(tables.audit).where(tables.audit.c.id == 1).values(actor=SAM))
    query = select(tables.audit, tables.audit_chain.c.seq, tables.audit_chain.c.key_id.label("key"))
    joined = query.join(tables.audit_chain, tables.audit_chain.c.audit_id == tables.audit.c.id)
    digest = prev = chain.GENESIS
    for row in connection.execute(joined.order_by(tables.audit_chain.c.seq)).mappings().all():
        digest = chain.digest_of(row, digest)
        values = {"digest": digest, "prev": prev}
        if row["key"] is None:
            values["hash"] = digest
        connection.execute(
            update(tables.audit_chain)
            .where(tables.audit_chain.c.seq == row["seq"])
            .values(**values)
        )
        stored = select(tables.audit_chain.c.hash).where(tables.audit_chain.c.seq == row["seq"])
        prev = connection.execute(stored).scalar_one()
