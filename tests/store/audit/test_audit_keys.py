"""The key of the audit log: forged records and links are never sealed, and keys can change."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from bot.app.command import Setup
from bot.audit_terminal import activate_key, anchors_in, exported, replace_lost_key
from bot.background import audit
from bot.background.operations.runner import Runner
from bot.database.transactions import now_of
from bot.models.refusals import AuditKeyMissing, StartError
from bot.store import tables
from bot.store.audit import chain, sealing
from bot.store.audit.audit_log import insert_record, mac_of
from bot.store.audit.chain import ChainForged
from bot.store.audit.keys import LOST, NO_KEYS, ROTATED, AuditKey, AuditKeys, KeyChange, new_secret
from bot.store.audit.verification import unproven_span, verify
from bot.store.reports.health import health
from tests.kit.bulk import previewed
from tests.kit.clock import Clock
from tests.kit.concurrency import until
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, SAM, ask, codes, confirm, hold, make_setup

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


def sealed_ids(queue: TestQueue) -> set[int]:
    """The records that have a link."""
    return {link.audit_id for link in queue.rows(tables.audit_chain)}


@pytest.fixture
def keyed(queue: TestQueue) -> Setup:
    """A replica with a key, and three sealed records: that of the key, and two of changes."""
    setup = make_setup(queue, audit_keys=KEYED, clock=Clock())
    assert change(setup, 2) == ["ok", "ok"]
    assert audit.seal_once(setup, hold(setup)) == 3
    assert violations(queue) == []
    assert problems(queue) == []
    return setup


def seal(setup: Setup) -> int:
    """Seal as the leader."""
    return audit.seal_once(setup, hold(setup))


def copy_of(connection: Connection, **values: Any) -> None:
    """Insert the newest record again, with other values."""
    newest = select(tables.audit).order_by(tables.audit.c.id.desc()).limit(1)
    row = dict(connection.execute(newest).mappings().one())
    connection.execute(insert(tables.audit).values(row | {"id": row["id"] + 10} | values))


FORGED: dict[str, dict[str, Any]] = {
    "missing": {"actor": ANA, "mac": None, "key_id": None, "nonce": None},
    "wrong": {"action": "clear-failed"},
    "unknown-key": {"key_id": "0123456789abcdef"},
    "copy": {},
}


@pytest.mark.parametrize("reason", FORGED)
def test_a_record_that_no_replica_wrote_is_reported_and_not_sealed(
    keyed: Setup, queue: TestQueue, reason: str
) -> None:
    with queue.engine.begin() as connection:
        copy_of(connection, **FORGED[reason])
    forged = max(record.id for record in records(queue))
    assert change(keyed) == ["ok"]
    assert seal(keyed) == 1
    assert sealed_ids(queue) == {record.id for record in records(queue)} - {forged}
    assert [(row.audit_id, row.reason) for row in queue.rows(tables.audit_rejected)] == [
        (forged, reason)
    ]
    assert seal(keyed) == 0
    assert problems(queue) == ["forged-record"]
    (sentence,) = violations(queue)
    assert sentence == f"Record {forged} was not sealed, because of its HMAC: {reason}."
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.audit).where(tables.audit.c.id == forged))
    assert problems(queue) == []


def test_the_proof_of_a_record_covers_every_column_except_the_id(
    keyed: Setup, queue: TestQueue
) -> None:
    with queue.engine.begin() as connection:
        row = dict(connection.execute(select(tables.audit).limit(1)).mappings().one())
    assert row["mac"] == mac_of(row, ONE)
    for name, value in row.items():
        changed = row | {name: "x" if value is None else f"{value}-"}
        is_same = mac_of(changed, ONE) == row["mac"]
        assert is_same == (name in ("id", "mac")), name
    assert keyed.audit_keys.newest == ONE


def test_many_forged_records_do_not_stop_the_sealing(keyed: Setup, queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        for number in range(sealing.SEAL_ROWS + 5):
            copy_of(connection, id=1_000 + number, mac="0" * 64)
    change(keyed)
    sealed = sum(seal(keyed) for _ in range(3))
    assert sealed == 1


def link_by_hand(connection: Connection, **values: Any) -> None:
    """Insert a record and its own link, as somebody with the bot's account could."""
    copy_of(connection, actor=ANA, action="clear-failed")
    last = chain.tail(connection)
    newest = select(tables.audit).order_by(tables.audit.c.id.desc()).limit(1)
    record = connection.execute(newest).mappings().one()
    digest = chain.digest_of(record, last.digest)
    row = {"seq": last.seq + 1, "audit_id": record["id"], "prev": last.hash, "hash": digest}
    row |= {"digest": digest, "key_id": last.key_id}
    connection.execute(insert(tables.audit_chain).values(row | values))


LINKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "with the key's name": ({}, "forged-link", "was not made by the bot"),
    "without a key": ({"key_id": None}, "forged-link", "has no key, but an earlier link has one"),
    "with a key of its own": (
        {"key_id": "0123456789abcdef"},
        "audit-key-missing",
        "which no link before it names",
    ),
}


@pytest.mark.parametrize("form", LINKS)
def test_no_record_is_sealed_after_a_forged_link(keyed: Setup, queue: TestQueue, form: str) -> None:
    values, code, sentence = LINKS[form]
    with queue.engine.begin() as connection:
        link_by_hand(connection, **values)
    assert problems(queue) == [code]
    assert any(sentence in violation for violation in violations(queue))
    with pytest.raises((ChainForged, AuditKeyMissing)):
        seal(keyed)


def test_the_chain_numbers_have_no_gap(keyed: Setup, queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.audit_chain).where(tables.audit_chain.c.seq == 2))
    assert "Links 2 to 2 are missing from the chain." in violations(queue)
    assert keyed.audit_keys == KEYED


def test_after_the_first_link_with_a_key_no_link_is_accepted_without_one(queue: TestQueue) -> None:
    keyless = make_setup(queue)
    change(keyless, 2)
    assert audit.seal_once(keyless, hold(keyless)) == 2
    change(keyless)
    keyed = replace(keyless, audit_keys=KEYED)
    assert codes([ask(keyed, "unfreeze")]) == ["ok"]
    assert seal(keyed) == 3
    links = queue.rows(tables.audit_chain)
    assert [link.key_id for link in links] == [None, None, None, ONE.id, ONE.id]
    assert links[3].prev == links[2].hash == links[2].digest
    assert violations(queue) == []
    assert "not proved" in violations(queue, NO_KEYS)[0]
    # The key also proves the records that were written before it.
    with queue.engine.begin() as connection:
        rewrite_from_the_first(connection)
    assert violations(queue) != []


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


def test_anchors_are_found_in_a_copy_of_the_channel() -> None:
    copied = "Ana deleted 3 jobs\n#17 0f3a9c2e\nOmar … · #18 ABCDEF01 – #20 11112222\n"
    assert anchors_in(copied) == {17: "0f3a9c2e", 18: "abcdef01", 20: "11112222"}


def test_the_export_continues_after_a_record(keyed: Setup, queue: TestQueue) -> None:
    lines = dict(exported(queue.engine, 0))
    assert list(lines) == [1, 2, 3]
    assert dict(exported(queue.engine, 2)) == {3: lines[3]}
    assert '"action": "unfreeze"' in lines[3]
    assert ONE.secret not in "".join(lines.values())
    assert keyed.audit_keys == KEYED


def test_a_key_is_never_printed() -> None:
    secret = new_secret()
    assert secret not in repr(AuditKeys(AuditKey(secret)))
    assert len(AuditKey(secret).id) == 16


def test_a_replica_without_the_key_runs_no_batch(keyed: Setup, queue: TestQueue) -> None:
    for failed_id in range(1, 4):
        queue.fail(failed_id)
    plan = previewed(keyed, "retry-all").plan
    assert codes([confirm(keyed, "retry-all", plan)]) == ["ok"]
    with pytest.raises(AuditKeyMissing):
        Runner(replace(keyed, audit_keys=NO_KEYS)).run_once()
    assert queue.count(queue.queue.failed) == 3
    runner = Runner(keyed)
    until(lambda: not runner.run_once())
    assert queue.count(queue.queue.failed) == 0
    seal(keyed)
    assert violations(queue) == []


def test_the_export_has_no_control_character(keyed: Setup, queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        connection.execute(update(tables.audit).values(actor="ana\x9b2J\u202e"))
    lines = "".join(dict(exported(keyed.engine, 0)).values())
    assert "ana\\u009b2J\\u202e" in lines
    assert not {"\x9b", "\u202e"} & set(lines)
