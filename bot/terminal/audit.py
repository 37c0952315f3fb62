"""The command `queue-bot audit`: change keys of the audit log, verify the log, export the log."""

import getpass
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from bot import __version__
from bot.database.start import at_start
from bot.database.transactions import changing, now_of, reading, time_limit
from bot.models.refusals import StartError
from bot.store.audit import audit_log, chain, retention
from bot.store.audit.audit_log import insert_record
from bot.store.audit.chain import RecordOrigin, key_record
from bot.store.audit.keys import BEGUN, LOST, ROTATED, AuditKey, AuditKeys, KeyChange
from bot.store.migrate import require_current
from bot.text import printable_json
from bot.wiring.setup import replica_name

SECONDS = 10.0
PAGE = 500
_ANCHOR = re.compile(r"#?([0-9]{1,18})[ :]([0-9a-fA-F]{8,64})(?![0-9a-zA-Z])")


def anchors_in(text: str) -> dict[int, str]:
    """Return the anchors, like `#17 0f3a9c2e`, in a text, such as a copy of the audit channel."""
    return {int(seq): digits.lower() for seq, digits in _ANCHOR.findall(text)}


def activate_key(engine: Engine, keys: AuditKeys, actor: str) -> str:
    """Replace the active key by QUEUE_BOT_AUDIT_KEY; write the records and return a sentence."""

    def work(connection: Connection, now: datetime, active: str, newest: AuditKey) -> None:
        predecessor = keys.by_id(active)
        if predecessor is None:
            sentence = (
                f"The active key {active} is missing: set QUEUE_BOT_AUDIT_KEY_OLD to this key. "
                "If the key is lost, use queue-bot audit new-key --lost."
            )
            raise StartError([sentence])
        _write(connection, KeyChange(ROTATED, newest.id, active), now, actor, predecessor)
        # The new key seals the next record immediately, so that no later link needs the old key.
        _write(connection, KeyChange(BEGUN, newest.id, active), now, actor, newest)

    _change_key(engine, keys, work)
    return "The next seal uses the new key. Keep QUEUE_BOT_AUDIT_KEY_OLD until health is good."


def replace_lost_key(engine: Engine, keys: AuditKeys, actor: str) -> str:
    """Start a new part of the chain with QUEUE_BOT_AUDIT_KEY by a record; return a sentence."""

    def work(connection: Connection, now: datetime, active: str, newest: AuditKey) -> None:
        if keys.by_id(active) is not None:
            raise StartError(
                [f"The key {active} is not lost: use queue-bot audit new-key --activate."]
            )
        _write(connection, KeyChange(LOST, newest.id, active), now, actor, newest)

    _change_key(engine, keys, work)
    return "The next seal uses the new key. Only anchors prove the links before that seal."


def purge_refusals(engine: Engine, keys: AuditKeys, days: int, actor: str) -> str:
    """Sum up and delete the refusals that are older than `days`; return a sentence."""
    origin = RecordOrigin(replica_name(), __version__)

    def work(connection: Connection) -> int:
        require_current(connection)
        now = now_of(connection)
        before = now - timedelta(days=days)
        return retention.sum_up(connection, before, keys, origin, now, actor, _operator())

    total = 0
    with at_start():
        while rows := changing(engine, time_limit(engine, SECONDS), work):
            total += rows
    return f"{total} refusals older than {days} days were summed up and deleted."


def _change_key(
    engine: Engine,
    keys: AuditKeys,
    work: Callable[[Connection, datetime, str, AuditKey], None],
) -> None:
    newest = keys.newest
    if newest is None:
        raise StartError(["QUEUE_BOT_AUDIT_KEY is not set: set it to the new key."])

    def change(connection: Connection) -> None:
        require_current(connection)
        active = chain.tail(connection).active
        if active is None:
            raise StartError(["The chain has no key yet; the running bot activates its own key."])
        if active == newest.id:
            raise StartError([f"The key {active} is already active."])
        work(connection, now_of(connection), active, newest)

    with at_start():
        changing(engine, time_limit(engine, SECONDS), change)


def _write(
    connection: Connection, change: KeyChange, now: datetime, actor: str, key: AuditKey
) -> None:
    origin = RecordOrigin(replica_name(), __version__)
    insert_record(connection, key_record(change, now, origin, actor, "terminal", _operator()), key)


def _operator() -> str:
    """Return the operating-system user and the host."""
    return f"{getpass.getuser()}@{socket.gethostname()}"[:191]


def exported(engine: Engine, after: int) -> Iterator[tuple[int, str]]:
    """Yield the sealed records after the link `after`: the number and one line of JSON for each."""
    while True:
        with reading(engine) as connection:
            records = audit_log.sealed_after(connection, after, PAGE)
        for item in records:
            line = audit_log.line(item.record, item.seq, item.hash).model_dump(mode="json")
            names = ("team", "key_id", "mac")
            fields: Mapping[str, object] = line | {name: item.record[name] for name in names}
            yield item.seq, printable_json(fields)
        if len(records) < PAGE:
            return
        after = records[-1].seq
