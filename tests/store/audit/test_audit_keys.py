"""The key of the audit log: forged records and links are never sealed, and keys can change."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from bot.app.setup import Setup
from bot.background import audit
from bot.background.operations.runner import Runner
from bot.models.refusals import AuditKeyMissing
from bot.store import tables
from bot.store.audit import chain, sealing
from bot.store.audit.audit_log import mac_of
from bot.store.audit.chain import ChainForged
from bot.store.audit.keys import NO_KEYS, AuditKey, AuditKeys, new_secret
from bot.terminal.audit import anchors_in, exported
from tests.kit.audit_chain import (
    KEYED,
    ONE,
    change,
    problems,
    records,
    rewrite_from_the_first,
    seal,
    violations,
)
from tests.kit.bulk import previewed
from tests.kit.concurrency import until
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, ask, codes, confirm, hold, make_setup


def sealed_ids(queue: TestQueue) -> set[int]:
    """The records that have a link."""
    return {link.audit_id for link in queue.rows(tables.audit_chain)}


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
