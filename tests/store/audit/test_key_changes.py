"""Keys of the audit log are rotated or replaced, and no other key starts a segment."""

from dataclasses import replace

import pytest

from bot.app.setup import Setup
from bot.database.transactions import now_of
from bot.models.refusals import AuditKeyMissing, StartError
from bot.store import tables
from bot.store.audit import chain
from bot.store.audit.audit_log import insert_record
from bot.store.audit.keys import LOST, NO_KEYS, ROTATED, AuditKeys, KeyChange
from bot.store.audit.verification import unproven_span
from bot.terminal.audit import activate_key, replace_lost_key
from tests.kit.audit_chain import (
    ONE,
    THREE,
    TWO,
    change,
    problems,
    records,
    rewrite_from_the_first,
    seal,
    violations,
)
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, SAM, ask, codes


@pytest.mark.parametrize("keys", [NO_KEYS, AuditKeys(TWO)])
def test_a_replica_without_the_active_key_changes_and_seals_nothing(
    keyed: Setup, queue: TestQueue, keys: AuditKeys
) -> None:
    other = replace(keyed, audit_keys=keys)
    assert change(other) == ["audit-key-missing"]
    assert queue.rows(tables.change_freeze)[0].frozen_at is None
    assert codes([ask(other, "retry 1", by=SAM)]) != ["ok"]
    with pytest.raises(AuditKeyMissing):
        seal(other)
    assert problems(queue, keys) == ["audit-key-missing"]
    assert len(records(queue)) == 3


def test_the_active_key_is_the_last_that_a_rotation_record_names(
    keyed: Setup, queue: TestQueue
) -> None:
    for keys in (AuditKeys(TWO, ONE), AuditKeys(ONE, TWO)):
        both = replace(keyed, audit_keys=keys)
        change(both)
        seal(both)
        assert queue.rows(tables.audit_chain)[-1].key_id == ONE.id
    both = replace(keyed, audit_keys=AuditKeys(TWO, ONE))
    activate_key(queue.engine, both.audit_keys, "ana")
    assert seal(both) == 2
    change(both, 2)
    assert seal(both) == 2
    assert [link.key_id for link in queue.rows(tables.audit_chain)[-4:]] == [
        ONE.id,
        TWO.id,
        TWO.id,
        TWO.id,
    ]
    assert violations(queue, both.audit_keys) == []
    # The new key alone is enough from now on, and proves what the old one sealed.
    alone = replace(keyed, audit_keys=AuditKeys(TWO))
    assert violations(queue, alone.audit_keys) == []
    assert change(alone) == ["ok"]
    assert seal(alone) == 1
    assert codes([ask(keyed, "unfreeze")]) == ["audit-key-missing"]
    with queue.engine.begin() as connection:
        rewrite_from_the_first(connection)
    assert violations(queue, alone.audit_keys) != []


def test_a_replaced_key_cannot_name_another_key(keyed: Setup, queue: TestQueue) -> None:
    both = AuditKeys(TWO, ONE)
    setup = replace(keyed, audit_keys=both)
    activate_key(queue.engine, both, "ana")
    seal(setup)
    with queue.engine.begin() as connection:
        rotated = KeyChange(ROTATED, THREE.id, ONE.id)
        origin = chain.RecordOrigin("x", "x")
        record = chain.key_record(rotated, now_of(connection), origin, ANA, "terminal")
        insert_record(connection, record, ONE)
    assert seal(setup) == 0
    assert problems(queue, both) == ["forged-record"]


def test_a_lost_key_is_replaced_by_a_posted_record(keyed: Setup, queue: TestQueue) -> None:
    posted = {link.seq: link.hash[:8] for link in queue.rows(tables.audit_chain)}
    keys = AuditKeys(TWO)
    with pytest.raises(StartError):
        activate_key(queue.engine, keys, "ana")
    with pytest.raises(StartError):
        replace_lost_key(queue.engine, AuditKeys(TWO, ONE), "ana")
    replace_lost_key(queue.engine, keys, "ana")
    setup = replace(keyed, audit_keys=keys)
    assert seal(setup) == 1
    assert change(setup) == ["ok"]
    assert seal(setup) == 1
    assert violations(queue, keys, anchors=posted) == []
    assert problems(queue, keys) == []
    with queue.engine.begin() as connection:
        assert unproven_span(connection) == (
            f"Links 1 to 3 were sealed before the key {ONE.id} was lost: only anchors prove them."
        )
    messages = [row.subject for row in queue.rows(tables.outbox)]
    assert "audit:4" in messages


def test_a_segment_of_a_stranger_is_not_accepted_as_a_lost_key(
    keyed: Setup, queue: TestQueue
) -> None:
    replace_lost_key(queue.engine, AuditKeys(TWO), "mallory")
    change(keyed)
    assert seal(keyed) == 1
    assert problems(queue) == ["forged-record"]


def test_a_record_of_another_lost_key_starts_no_segment(keyed: Setup, queue: TestQueue) -> None:
    both = AuditKeys(TWO, ONE)
    with queue.engine.begin() as connection:
        lost = KeyChange(LOST, TWO.id, THREE.id)
        origin = chain.RecordOrigin("x", "x")
        record = chain.key_record(lost, now_of(connection), origin, "ana", "terminal")
        insert_record(connection, record, TWO)
    assert seal(replace(keyed, audit_keys=both)) == 1
    assert {link.key_id for link in queue.rows(tables.audit_chain)} == {ONE.id}
    assert violations(queue, both) == []
    with queue.engine.begin() as connection:
        assert unproven_span(connection) is None
