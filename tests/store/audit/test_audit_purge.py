"""Old refusals are summed up and deleted, and verify accepts exactly that."""

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import delete, select, update

from bot.app.setup import Setup
from bot.background import audit
from bot.store import tables
from bot.store.audit import retention
from bot.store.audit.keys import NO_KEYS, AuditKey, AuditKeys
from bot.store.audit.verification import verify
from bot.terminal.audit import exported, purge_refusals
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, SAM, ask, codes, hold, make_setup

KEYS = AuditKeys(AuditKey("1" * 64))


def violations(queue: TestQueue, keys: AuditKeys) -> Sequence[str]:
    with queue.engine.begin() as connection:
        return list(verify(connection, keys=keys))


def filled(queue: TestQueue, keys: AuditKeys) -> Setup:
    """Return a replica with sealed records, 100 days old: three changes, seven refusals."""
    clock = Clock()
    clock.move(days=-100)
    setup = make_setup(queue, audit_keys=keys, clock=clock)
    ids = [queue.fail(order=number) for number in range(3)]
    for id_ in ids:
        assert codes(ask(setup, f"retry {id_}", by=by) for by in (SAM, SAM, OMAR)) == [
            "denied",
            "denied",
            "ok",
        ]
    ask(setup, f"delete-failed {ids[0]}", by=OMAR)
    audit.seal_once(setup, hold(setup))
    clock.move(days=100)
    return setup


@pytest.mark.parametrize("keys", [NO_KEYS, KEYS], ids=["keyless", "keyed"])
def test_old_refusals_are_replaced_by_summary_records_and_verify_still_passes(
    queue: TestQueue, keys: AuditKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 5)
    setup = filled(queue, keys)
    before = len(queue.rows(tables.audit))
    assert purge_refusals(queue.engine, keys, 101, "ana").startswith("0 refusals")
    assert purge_refusals(queue.engine, keys, 90, "ana").startswith("7 refusals")
    assert violations(queue, keys) == []  # not sealed yet
    audit.seal_once(setup, hold(setup))
    assert violations(queue, keys) == []
    rows = queue.rows(tables.audit)
    assert len(rows) == before - 7 + 2
    assert {row.outcome for row in rows} == {"ok"}
    summaries = [json.loads(row.arguments) for row in rows if row.action == retention.PURGED]
    assert [one["count"] for one in summaries] == [5, 2]
    assert [one["people"] for one in summaries] == [{SAM: 5}, {SAM: 1, OMAR: 1}]
    links = [json.loads(line)["seq"] for _, line in exported(queue.engine, 0)]
    assert len(links) == len(rows)


def test_only_links_named_by_a_checkpoint_can_have_no_record(queue: TestQueue) -> None:
    setup = filled(queue, KEYS)
    purge_refusals(queue.engine, KEYS, 90, "ana")
    audit.seal_once(setup, hold(setup))
    change = next(row for row in queue.rows(tables.audit) if row.action == "retry")
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.audit).where(tables.audit.c.id == change.id))
    (sentence,) = violations(queue, KEYS)
    assert sentence.startswith(f"Record {change.id} of link")
    assert sentence.endswith("was removed.")


def test_a_checkpoint_detects_a_changed_link(queue: TestQueue) -> None:
    setup = filled(queue, NO_KEYS)
    purge_refusals(queue.engine, NO_KEYS, 90, "ana")
    audit.seal_once(setup, hold(setup))
    c = tables.audit_chain.c
    gone = select(tables.audit.c.id)
    with queue.engine.begin() as connection:
        # Without a key, whoever may write to the database can make a link that fits its neighbours.
        seq = connection.execute(select(c.seq).where(c.audit_id.not_in(gone)).limit(1)).scalar_one()
        connection.execute(update(tables.audit_chain).where(c.seq == seq).values(digest="0" * 64))
    assert any("does not sum up" in sentence for sentence in violations(queue, NO_KEYS))
