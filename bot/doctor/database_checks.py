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
_GRANTS = "Let an administrator of the database run this statement."


def check_database(installation: Installation) -> Iterator[Finding]:
    """Connect, and report the product, the version and the round-trip time."""
    if installation.settings.database_url is None:
        raise CheckFailed(problem("DATABASE_URL is not set.", "Set the database's address."))
    with reading(installation.engine, time_limit(installation.engine, START_SECONDS)) as connection:
        product = server.server_of(connection)
        began = monotonic()
        now_of(connection)
        milliseconds = (monotonic() - began) * 1000
    yield ok(f"{product} answers in {milliseconds:.0f} ms.")
    oldest = ".".join(map(str, server.OLDEST[product.product]))
    if not product.is_supported:
        yield problem(f"{product} is too old: the bot needs {product.product} {oldest} or newer.")


def check_encryption(installation: Installation) -> Iterator[Finding]:
    """Check that the connection is encrypted, unless the server runs on this machine."""
    address = database_address(installation.settings)
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok("An SQLite file needs no connection.")
            return
        cipher = server.cipher(connection)
    if cipher:
        yield ok(f"The connection is encrypted ({cipher}).")
    elif is_this_machine(address):
        yield ok("The server runs on this machine, so the connection needs no encryption.")
    else:
        yield warning(
            "The connection to the database is not encrypted.",
            "Set DATABASE_CA to the file of the server's authority, and remove DATABASE_TLS=off.",
        )


def check_session(installation: Installation) -> Iterator[Finding]:
    """Check the isolation level and the other settings of the session."""
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok("SQLite has no session settings.")
            return
        kept = require_session(connection)
    for name, value in kept.items():
        yield ok(f"The account may not set {name}; its value {value} works.")
    yield ok("The session has the isolation level READ COMMITTED and the settings of the bot.")


class _Undo(Exception):
    """Roll back the trial write."""


def check_writing(installation: Installation) -> Iterator[Finding]:
    """Write a row of the bot's own table and roll back; a read-only or full server refuses it."""
    engine = installation.engine

    def write(connection: Connection) -> None:
        values = {"request_id": "doctor", "command": "doctor", "digest": "", "actor": "doctor"}
        connection.execute(insert(requests).values(**values, created_at=now_of(connection)))
        raise _Undo

    try:
        changing(engine, time_limit(engine, START_SECONDS), write)
    except _Undo:
        yield ok("The database accepts changes.")


def check_clock(installation: Installation) -> Iterator[Finding]:
    """Compare the clocks of this machine and of the database."""
    with installation.connected() as connection:
        before = installation.clock()
        stored = now_of(connection)
        after = installation.clock()
    skew = (stored - before - (after - before) / 2).total_seconds()
    if abs(skew) <= MOST_SKEW:
        yield ok(f"The clocks of this machine and of the database differ by {abs(skew):.1f} s.")
        return
    direction = "ahead of" if skew > 0 else "behind"
    yield warning(
        f"The database's clock is {abs(skew):.0f} s {direction} this machine's clock. Ages of jobs "
        "use the database's clock, and Slack's signatures this machine's clock.",
        "Synchronize the clocks of both machines.",
        "timedatectl set-ntp true",
    )


def check_grants(installation: Installation) -> Iterator[Finding]:
    """Compare the privileges of the account with the privileges that the bot needs."""
    queue = installation.queue
    failed = False
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok("SQLite has no accounts.")
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
                    f"The account {name} lacks {', '.join(missing)} on {table}.", _GRANTS, statement
                )
    if not failed:
        yield ok(f"The account {name} has every privilege that the bot needs.")


def _schemas(installation: Installation, connection: Connection) -> tuple[str, str]:
    """Return the names of the queue's database and of the database of the bot's tables."""
    schema = str(database_address(installation.settings).database)
    return schema, own_schema(connection) or schema


def check_connections(installation: Installation) -> Iterator[Finding]:
    """Compare the open connections with the server's limit."""
    with installation.connected() as connection:
        if is_sqlite(connection):
            yield ok("SQLite is for one process only.")
            return
        counts = server.connection_counts(connection)
    # This check has one of the account's connections.
    expected = MOST_CONNECTIONS
    sentence = (
        f"{counts.opened} of {counts.limit} connections are open, {counts.own - 1} of them by this "
        f"account; one replica of the bot opens at most {expected}."
    )
    if counts.opened + expected > counts.limit or counts.opened > MOST_USED * counts.limit:
        yield warning(
            f"The server may run out of connections: {sentence}",
            "Raise max_connections on the server, or close connections of other programs.",
        )
    else:
        yield ok(sentence)


def check_settings(installation: Installation) -> Iterator[Finding]:
    """Report invalid settings, and settings that reduce the security of the bot."""
    for sentence in (*installation.notes, *start_notes(installation.settings)):
        yield warning(sentence, "", "queue-bot audit new-key" if "AUDIT_KEY" in sentence else "")
    if installation.problems:
        yield from (problem(sentence) for sentence in installation.problems)
    else:
        yield ok("Every setting is valid.")
