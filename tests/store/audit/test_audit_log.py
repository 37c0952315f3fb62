"""The audit log is one chain for all writers, and a verification finds every tampering."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from bot.background import audit
from bot.store import tables
from bot.store.audit import chain
from bot.store.audit.chain import GENESIS
from bot.store.audit.verification import verify
from bot.store.tables.columns import metadata
from tests.crash import jobs
from tests.crash.processes import replica
from tests.kit.clock import Clock
from tests.kit.invariants import broken, payloads
from tests.kit.on_call import text_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, hold, make_setup


def violations(queue: TestQueue, anchors: dict[int, str] | None = None) -> list[str]:
    with queue.engine.begin() as connection:
        return list(verify(connection, anchors))


def anchors_of(queue: TestQueue) -> dict[int, str]:
    """Return what the audit channel shows of the chain: each `seq` and the start of its hash."""
    return {row.seq: row.hash[:8] for row in queue.rows(tables.audit_chain)}


def test_eight_concurrent_writers_in_two_processes_write_one_unbroken_chain(
    mariadb_queue: TestQueue,
) -> None:
    ids = [mariadb_queue.fail(order=order) for order in range(48)]
    before = payloads(mariadb_queue)
    setup = make_setup(mariadb_queue)
    lease = hold(setup)
    shares = [ids[n::8] for n in range(8)]
    with ExitStack() as until_the_end:
        writers = [
            until_the_end.enter_context(
                replica(mariadb_queue, jobs.write_many, name, ids=some, by=by)
            )
            for name, some, by in (("one", shares[:4], ANA), ("two", shares[4:], OMAR))
        ]
        while not all(writer.is_held() for writer in writers):
            audit.seal_once(setup, lease)
        assert [writer.result() for writer in writers] == [["ok"] * 24] * 2
    audit.seal_once(setup, lease)
    links = mariadb_queue.rows(tables.audit_chain)
    assert [link.seq for link in links] == list(range(1, 49))
    assert [link.prev for link in links] == [GENESIS, *(link.hash for link in links[:-1])]
    assert {link.audit_id for link in links} == {row.id for row in mariadb_queue.rows(tables.audit)}
    assert broken(mariadb_queue, before) == []


@pytest.fixture
def sealed(queue: TestQueue) -> TestQueue:
    """Nine sealed audit records, older than any open transaction can be."""
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    for failed_id in range(1, 10):
        queue.fail(failed_id)
        ask(setup, f"retry {failed_id}")
    lease = hold(setup)
    assert audit.seal_once(setup, lease) == 9
    clock.move(minutes=11)
    assert audit.seal_once(setup, hold(setup)) == 0
    assert violations(queue, anchors_of(queue)) == []
    return queue


Tamper = Callable[[Connection], None]


def change_record(connection: Connection) -> None:
    connection.execute(update(tables.audit).where(tables.audit.c.id == 4).values(actor=OMAR))


def change_a_microsecond(connection: Connection) -> None:
    at = connection.execute(select(tables.audit.c.at).where(tables.audit.c.id == 4)).scalar_one()
    later = at + timedelta(microseconds=1)
    connection.execute(update(tables.audit).where(tables.audit.c.id == 4).values(at=later))


def remove_record(connection: Connection) -> None:
    connection.execute(delete(tables.audit).where(tables.audit.c.id == 4))


def remove_record_and_link(connection: Connection) -> None:
    remove_record(connection)
    connection.execute(delete(tables.audit_chain).where(tables.audit_chain.c.seq == 4))


def remove_the_first(connection: Connection) -> None:
    connection.execute(delete(tables.audit).where(tables.audit.c.id == 1))
    connection.execute(delete(tables.audit_chain).where(tables.audit_chain.c.seq == 1))


def reorder(connection: Connection) -> None:
    swap(connection, "audit_id", 4, 6)


def reorder_links(connection: Connection) -> None:
    swap(connection, "hash", 4, 6)
    swap(connection, "prev", 4, 6)
    swap(connection, "audit_id", 4, 6)


def swap(connection: Connection, column: str, one: int, other: int) -> None:
    c = tables.audit_chain.c
    values = {row[0]: row[1] for row in connection.execute(select(c.seq, c[column]))}
    spare: object = -1 if column == "audit_id" else "-"
    for seq, value in ((one, spare), (other, values[one]), (one, values[other])):
        connection.execute(update(tables.audit_chain).where(c.seq == seq).values({column: value}))


def cut_the_tail_off_the_chain(connection: Connection) -> None:
    connection.execute(delete(tables.audit_chain).where(tables.audit_chain.c.seq > 6))


def insert_an_old_record(connection: Connection) -> None:
    values = dict(
        connection.execute(select(tables.audit).where(tables.audit.c.id == 4)).mappings().one()
    )
    connection.execute(insert(tables.audit).values(values | {"id": 0 - 1, "actor": OMAR}))


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (change_record, "Record 4 of link 4 was changed"),
        (change_a_microsecond, "Record 4 of link 4 was changed"),
        (remove_record, "Record 4 of link 4 was removed"),
        (remove_record_and_link, "Links 4 to 4 are missing"),
        (remove_the_first, "Links 1 to 1 are missing"),
        (reorder, "Record 6 of link 4 was changed"),
        (reorder_links, "Link 4 does not follow the link before it"),
        (cut_the_tail_off_the_chain, "3 old records are not in the chain"),
        (insert_an_old_record, "1 old records are not in the chain"),
    ],
)
def test_tampering_is_found(sealed: TestQueue, tamper: Tamper, expected: str) -> None:
    with sealed.engine.begin() as connection:
        tamper(connection)
    sentences = violations(sealed)
    assert any(sentence.startswith(expected) for sentence in sentences), sentences


def cut_the_tail(connection: Connection) -> None:
    """Remove the last records and their links, so that the rest is consistent."""
    connection.execute(delete(tables.audit).where(tables.audit.c.id > 6))
    connection.execute(delete(tables.audit_chain).where(tables.audit_chain.c.seq > 6))


def rewrite(connection: Connection) -> None:
    """Change a record, and compute every later hash again."""
    change_record(connection)
    rows: Sequence[tuple[int, int]] = connection.execute(
        select(tables.audit_chain.c.seq, tables.audit_chain.c.audit_id).order_by(
            tables.audit_chain.c.seq
        )
    ).all()
    prev = GENESIS
    for seq, audit_id in rows:
        record = connection.execute(
            select(tables.audit).where(tables.audit.c.id == audit_id)
        ).mappings()
        link = chain.digest_of(record.one(), prev)
        connection.execute(
            update(tables.audit_chain)
            .where(tables.audit_chain.c.seq == seq)
            .values(prev=prev, hash=link, digest=link)
        )
        prev = link


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (cut_the_tail, "Link 9 was posted but is not in the chain: its tail was cut off."),
        (rewrite, "Link 9 is not the one that was posted: the chain was rewritten."),
    ],
)
def test_a_consistent_forgery_is_found_by_the_anchors_in_the_channel(
    sealed: TestQueue, tamper: Tamper, expected: str
) -> None:
    posted = anchors_of(sealed)
    with sealed.engine.begin() as connection:
        tamper(connection)
    assert violations(sealed) == []
    assert expected in violations(sealed, posted)
    assert violations(sealed, {9: posted[9]}) == [expected]


def test_a_rewritten_tail_does_not_match_the_posted_anchors(sealed: TestQueue) -> None:
    posted = anchors_of(sealed)
    with sealed.engine.begin() as connection:
        cut_the_tail(connection)
    setup = make_setup(sealed)
    for failed_id in range(20, 25):
        sealed.fail(failed_id)
        ask(setup, f"retry {failed_id}")
    audit.seal_once(setup, hold(setup, "failures"))
    assert any("rewritten" in sentence for sentence in violations(sealed, posted))


def test_a_long_chain_is_verified_page_by_page(sealed: TestQueue) -> None:
    with sealed.engine.begin() as connection:
        assert list(verify(connection, page=2)) == []
        change_record(connection)
        assert len(list(verify(connection, page=2))) == 1


def test_the_bot_never_updates_or_deletes_audit_records(
    mariadb_queue: TestQueue,
) -> None:
    """All the bot's work succeeds under an account that cannot update or delete audit rows."""
    url = mariadb_queue.engine.url
    with mariadb_queue.engine.begin() as connection:
        connection.execute(text("CREATE USER least@'127.0.0.1' IDENTIFIED BY 'least'"))
        for name in (*metadata.tables, "jobs", "failed_jobs"):
            insert_only = name in (tables.audit.name, tables.audit_chain.name)
            rights = "SELECT, INSERT" + ("" if insert_only else ", UPDATE, DELETE")
            connection.execute(
                text(f"GRANT {rights} ON {url.database}.{name} TO least@'127.0.0.1'")
            )
    least = url.set(username="least", password="least").render_as_string(hide_password=False)
    for failed_id in range(1, 8):
        mariadb_queue.fail(failed_id)
    mariadb_queue.push(7)
    before = payloads(mariadb_queue)
    as_least = TestQueue(least, mariadb_queue.engine, mariadb_queue.queue)
    try:
        with replica(as_least, jobs.everything, "least") as other:
            assert set(other.result()) == {"ok", "denied", "done"}
    finally:
        with mariadb_queue.engine.begin() as connection:
            connection.execute(text("DROP USER least@'127.0.0.1'"))
    assert broken(mariadb_queue, before) == []
    assert mariadb_queue.count(tables.audit_chain) > 5


def test_a_record_with_unreadable_json_stops_neither_verification_nor_history(
    sealed: TestQueue,
) -> None:
    setup, record = make_setup(sealed), tables.audit.c.id == 3
    for stored in ("{", "[" * 3_000, "null", "7", '[{"x": 1}]', "NaN"):
        for column in ("arguments", "targets"):
            replaced = update(tables.audit).where(record).values({column: stored})
            with sealed.engine.begin() as connection:
                connection.execute(replaced)
            assert "Record 3 of link 3 was changed." in violations(sealed)
            assert text_of(setup, ask(setup, "history"))
