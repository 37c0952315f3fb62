"""The checks of the database: connection, encryption, server, session, clock and privileges."""

from collections.abc import Iterator
from time import monotonic

from sqlalchemy import Connection, insert

from bot.database import account, server
from bot.database.dialects import is_sqlite
from bot.database.engine import own_schema
from bot.database.session import require_session
from bot.database.start import START_SECONDS
from bot.database.tls import is_this_machine
from bot.database.transactions import changing, now_of, reading, time_limit
from bot.doctor.examination import CheckFailed
from bot.doctor.installation import Installation
from bot.models.doctor import Finding, ok, problem, warning
from bot.store import privileges
from bot.store.tables import requests
from bot.wiring.engines import MOST_CONNECTIONS, database_address
from bot.wiring.start_notes import start_notes

MOST_SKEW = 5.0
"""Seconds by which the clocks of this machine and of the database may differ."""
MOST_USED = 0.8
"""The share of the server's connections above which new connections may soon be refused."""
_GRANTS = "doctor-administrator"


def check_database(installation: Installation) -> Iterator[Finding]:
    """Connect, and report the product, the version and the round-trip time."""
    text = installation.text
    if installation.settings.database_url is None:
        raise CheckFailed(problem(text("doctor-no-address"), text("doctor-set-address")))
    with reading(installation.engine, time_limit(installation.engine, START_SECONDS)) as connection:
        product = server.server_of(connection)
        began = monotonic()
        now_of(connection)
        milliseconds = (monotonic() - began) * 1000
    yield ok(text("doctor-server-answers", server=product, ms=f"{milliseconds:.0f}"))
    oldest = ".".join(map(str, server.OLDEST[product.product]))
    if not product.is_supported:
        yield problem(
            text("doctor-server-old", server=product, product=product.product, least=oldest)
        )


def check_encryption(installation: Installation) -> Iterator[Finding]:
    """Check that the connection is encrypted, unless the server runs on this machine."""
    text = installation.text
    address = database_address(installation.settings)
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok(text("doctor-sqlite-connection"))
            return
        cipher = server.cipher(connection)
    if cipher:
        yield ok(text("doctor-encrypted", cipher=cipher))
    elif is_this_machine(address):
        yield ok(text("doctor-local-server"))
    else:
        yield warning(
            text("doctor-not-encrypted"),
            text("doctor-encrypt"),
        )


def check_session(installation: Installation) -> Iterator[Finding]:
    """Check the isolation level and the other settings of the session."""
    text = installation.text
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok(text("doctor-sqlite-session"))
            return
        kept = require_session(connection)
    for name, value in kept.items():
        yield ok(text("doctor-session-kept", name=name, value=value))
    yield ok(text("doctor-session"))


class _Undo(Exception):
    """Roll back the trial write."""


def check_writing(installation: Installation) -> Iterator[Finding]:
    """Write a row of the bot's own table and roll back; a read-only or full server refuses it."""
    text = installation.text
    engine = installation.engine

    def write(connection: Connection) -> None:
        values = {"request_id": "doctor", "command": "doctor", "digest": "", "actor": "doctor"}
        connection.execute(insert(requests).values(**values, created_at=now_of(connection)))
        raise _Undo

    try:
        changing(engine, time_limit(engine, START_SECONDS), write)
    except _Undo:
        yield ok(text("doctor-writable"))


def check_clock(installation: Installation) -> Iterator[Finding]:
    """Compare the clocks of this machine and of the database."""
    text = installation.text
    with installation.connected() as connection:
        before = installation.clock()
        stored = now_of(connection)
        after = installation.clock()
    skew = (stored - before - (after - before) / 2).total_seconds()
    if abs(skew) <= MOST_SKEW:
        yield ok(text("doctor-clocks", seconds=f"{abs(skew):.1f}"))
        return
    key = "doctor-clock-ahead" if skew > 0 else "doctor-clock-behind"
    yield warning(
        text(key, seconds=f"{abs(skew):.0f}"),
        text("doctor-synchronize"),
        "timedatectl set-ntp true",
    )


def check_grants(installation: Installation) -> Iterator[Finding]:
    """Compare the privileges of the account with the privileges that the bot needs."""
    text = installation.text
    queue = installation.queue
    failed = False
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok(text("doctor-sqlite-accounts"))
            return
        schema, own = _schemas(installation, connection)
        name = account.current_account(connection)
        needed = [
            (queue.jobs.schema or schema, queue.jobs.name, "id", privileges.JOBS),
            (queue.failed.schema or schema, queue.failed.name, "id", privileges.FAILED_JOBS),
            *(
                (own, table.name, table.columns[0].name, wanted_privileges)
                for table, wanted_privileges in privileges.OWN_TABLES
            ),
        ]
        for database, table, column, of_table in needed:
            missing = list(account.lacking(connection, database, table, column, of_table))
            if missing:
                failed = True
                statement = privileges.grant(f"{database}.{table}", missing, name)
                yield problem(
                    text(
                        "doctor-grant-missing",
                        account=name,
                        privileges=", ".join(missing),
                        table=table,
                    ),
                    text(_GRANTS),
                    statement,
                )
    if not failed:
        yield ok(text("doctor-grants", account=name))


def _schemas(installation: Installation, connection: Connection) -> tuple[str, str]:
    """Return the names of the queue's database and of the database of the bot's tables."""
    schema = str(database_address(installation.settings).database)
    return schema, own_schema(connection) or schema


def check_connections(installation: Installation) -> Iterator[Finding]:
    """Compare the open connections with the server's limit."""
    text = installation.text
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok(text("doctor-sqlite-one"))
            return
        counts = server.connection_counts(connection)
    # This check has one of the account's connections.
    expected = MOST_CONNECTIONS
    sentence = text(
        "doctor-connections",
        opened=counts.opened,
        limits=counts.limit,
        own=counts.own - 1,
        expected=expected,
    )
    if counts.opened + expected > counts.limit or counts.opened > MOST_USED * counts.limit:
        yield warning(
            text("doctor-connections-few", sentence=sentence),
            text("doctor-connections-raise"),
        )
    else:
        yield ok(sentence)


def check_settings(installation: Installation) -> Iterator[Finding]:
    """Report invalid settings, and settings that reduce the security of the bot."""
    text = installation.text
    for sentence in (*installation.notes, *start_notes(installation.settings)):
        yield warning(sentence, "", "queue-bot audit new-key" if "AUDIT_KEY" in sentence else "")
    if installation.problems:
        yield from (problem(sentence) for sentence in installation.problems)
    else:
        yield ok(text("doctor-settings"))
