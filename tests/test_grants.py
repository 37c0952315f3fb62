"""The bot runs under exactly the grants that docs/operating.md gives it, and can do no more."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic

import pytest
from sqlalchemy import Engine, MetaData, text
from sqlalchemy.exc import DBAPIError

from bot.access.no_slack import NoSlack
from bot.access.role_changes import announce_change, announce_rules
from bot.access.roles import Rules
from bot.app.command import find_commands
from bot.app.setup import Setup
from bot.background import audit, metrics, purge
from bot.background.database_load import Load
from bot.background.failures import (
    aggregate_once,
    copy_removed_once,
    index_once,
    merge_once,
    scan_once,
)
from bot.background.incidents import grouping, probe
from bot.background.operations import canary
from bot.background.operations.runner import Runner
from bot.background.retries import track, track_bulk
from bot.database.engine import connect
from bot.database.transactions import changing, now_of, reading
from bot.models.refusals import RowWouldChange, StartError
from bot.models.subjects import JobSubject
from bot.queue.layouts import Queue, spec_tables, warnings
from bot.store import tables
from bot.store.audit.keys import NO_KEYS
from bot.store.leases import take
from bot.store.migrate import MIGRATIONS, migrate, version
from bot.store.tables.columns import metadata
from bot.terminal.audit import purge_refusals
from bot.terminal.do import TerminalRequest, do
from bot.wiring.queue_tables import check_tables
from tests.kit.bulk import previewed, run_out
from tests.kit.clock import Clock
from tests.kit.grants import PAGE, PASSWORD, QueueDatabases, statements, user_of
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, confirm, make_setup
from tests.kit.version_8 import return_to_version_8
from tests.services.mariadb import MariaDB

SUBJECTS = (JobSubject("customer", ("data.order_id",)),)
"""With a further subject, the bot writes the tables of subjects too."""


@dataclass(frozen=True, kw_only=True)
class Granted(TestQueue):
    """A queue whose bot has the page's two accounts.

    `own` is the database of the bot's tables, `elsewhere` the database of the failed jobs; each is
    None if it is the queue's database.
    """

    server: MariaDB
    own: str | None
    elsewhere: str | None

    @property
    def database(self) -> str:
        """The queue's database."""
        return self.url.rsplit("/", 1)[1]

    @property
    def databases(self) -> QueueDatabases:
        """The databases of the queue's tables and of the bot's tables."""
        failed, own = self.elsewhere or self.database, self.own or self.database
        return QueueDatabases(self.database, failed, own)

    def connect(self, account: str) -> Engine:
        """Return an engine of the account `migrate` or `run`, as the page sets it up."""
        is_migrate = account == "migrate" and self.own is not None
        database = self.own if is_migrate and self.own else self.database
        url = self.server.url(database, user=user_of(account, self.database), password=PASSWORD)
        return connect(url, schema=self.own, grace=GRACE)


PLACES = {
    "each in its own schema": ("own", "logs"),
    "the queue's schema": (None, None),
}
"""The suffixes of the databases of the bot's tables and of the failed jobs."""


@pytest.fixture(scope="module", params=PLACES.values(), ids=list(PLACES))
def granted(request: pytest.FixtureRequest, mariadb_server: MariaDB) -> Iterator[Granted]:
    """An empty queue, migrated by one of the page's two accounts and opened by the other."""
    with mariadb_server.database() as schema:
        own, elsewhere = (suffix and f"{schema}_{suffix}" for suffix in request.param)
        owner = connect(mariadb_server.url(schema), schema=own, grace=GRACE)
        jobs, failed = spec_tables(schema=None if own is None else schema)
        if elsewhere is not None:
            mariadb_server.execute(f"CREATE DATABASE {elsewhere}")
            failed = failed.to_metadata(MetaData(), schema=elsewhere)
        for table in (jobs, failed):
            table.create(owner)
        queue = Granted(
            mariadb_server.url(schema),
            owner,
            Queue(jobs, failed, subjects=SUBJECTS),
            server=mariadb_server,
            own=own,
            elsewhere=elsewhere,
        )
        with owner.begin() as connection:
            connection.execute(text(f"CREATE TABLE `{schema}`.customers (name VARCHAR(9))"))
        try:
            for account in ("migrate", "run"):
                block = "migrate-shared" if account == "migrate" and own is None else account
                user = user_of(account, schema)
                for statement in statements(block, user, queue.databases):
                    mariadb_server.execute(statement)
                if account == "migrate":
                    migrating = queue.connect("migrate")
                    assert migrate(migrating) == len(MIGRATIONS)
                    migrating.dispose()
            yield queue
        finally:
            owner.dispose()
            for name in (own, elsewhere):
                if name is not None:
                    mariadb_server.execute(f"DROP DATABASE {name}")


def test_every_command_works_with_the_grants_of_the_page(granted: Granted) -> None:
    ids = [granted.fail() for _ in range(5)]
    job = granted.push()
    held = granted.push(reserved_at=1)
    engine = granted.connect("run")
    check_tables(engine, granted.queue)
    setup = Setup(
        engine=engine,
        queue=granted.queue,
        rules=Rules(),
        directory=NoSlack(),
        replica="test",
        version="0",
        audit_channel="C0AUDIT11",
        alert_channel="C0ALERTS1",
        commands=find_commands(),
    )
    announce_rules(engine, setup.rules, setup.known_roles, setup.directory)
    announce_change(engine)
    lines: list[str] = []
    for words in (
        "status",
        "jobs",
        "failed",
        f"job {job}",
        f"failed-job {ids[0]}",
        f"retry {ids[0]}",
        f"delete-failed {ids[1]}",
        f"delete {job}",
        "undo",
        f"delete {job}",
        "stuck",
        f"release {held} force=yes",
        "freeze deploying",
        "unfreeze",
        "retry-all",
        "undo",
        "history",
        "history order=803193 action=retry since=24h",
        "find 803193",
        "mute queue=netsuite",
        "mute queue=netsuite for=2h",
        "unmute queue=netsuite",
        "mute alert=oldest_job",
        "watch",
    ):
        assert (
            do(setup, TerminalRequest(words, "ana", yes=True), lines.append, lambda _: None) == 0
        ), words
    granted.fail()
    assert (
        do(setup, TerminalRequest("clear-failed", "ana", yes=True), lines.append, lambda _: None)
        == 0
    )
    granted.fail()
    lease = changing(engine, monotonic() + 10, lambda c: take(c, "watcher", "test", now_of(c)))
    assert lease is not None
    index_once(setup, lease)
    scan_once(setup, lease)
    assert grouping.group_once(setup, lease) == 2
    assert do(setup, TerminalRequest("acknowledge I1", "ana"), lines.append, lambda _: None) == 0
    load = Load(setup)
    with load.measured():
        assert audit.seal_once(setup, lease) > 5
        grouping.refresh_once(setup, lease)
    assert load.keep(lease)
    later = replace(setup, clock=Clock(by=timedelta(seconds=4)))
    track.track_once(later, lease)
    canary.decide_once(later, lease)
    assert track_bulk.outcomes_once(later, lease) == 1
    purge.purge_once(setup, lease)
    probe.probe_once(setup, lease)
    aggregate_once(setup, lease)
    merge_once(setup, lease)
    for _ in range(2):
        metrics.sample_once(setup, lease, indexed=True)
    metrics.roll_once(replace(setup, clock=Clock(by=timedelta(days=2))), lease)
    assert copy_removed_once(setup, lease) > 0
    # After 40 days the mutes have ended, too.
    purge.purge_once(replace(setup, clock=Clock(by=timedelta(days=40))), lease)
    engine.dispose()


REWRITE = """CREATE TRIGGER rewrite BEFORE INSERT ON jobs FOR EACH ROW
    SET NEW.payload = REPLACE(NEW.payload, 'cart', 'box')"""


def test_an_account_without_the_trigger_privilege_verifies_each_moved_row(granted: Granted) -> None:
    """The page grants no TRIGGER, so an empty list of triggers does not prove that none exist."""
    bodies = ('{"note":"cart"}', '{"note":"bag"}', '{"note":"hat"}')
    changed, same, _ = (granted.fail(queue="shop", body=body) for body in bodies)
    engine = granted.connect("run")
    setup = make_setup(replace(granted, engine=engine))
    # As at a start: an earlier test's bot has stored other settings about roles.
    announce_rules(engine, setup.rules, setup.known_roles, setup.directory)
    try:
        with granted.engine.begin() as connection:
            connection.execute(text(REWRITE))
        with reading(engine) as connection:
            known = warnings(connection, setup.queue)
        assert len([sentence for sentence in known if "may not see the triggers" in sentence]) == 2
        refusal = ask(setup, f"retry {changed}").refusal
        assert isinstance(refusal, RowWouldChange)
        assert ask(setup, f"retry {same}").refusal is None
        plan = previewed(setup, "retry queue=shop").plan
        assert confirm(setup, "retry", plan).refusal is None
        run_out(Runner(setup))
        assert [row.id for row in granted.failed if row.queue == "shop"] == [changed]
        assert not [row for row in granted.jobs if "box" in row.payload]
        assert [row.failed_id for row in granted.rows(tables.set_aside)] == [changed]
    finally:
        with granted.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER IF EXISTS rewrite"))
        engine.dispose()


FORBIDDEN = {
    "run": [
        "UPDATE own.queue_bot_audit SET actor = 'nobody'",
        "DELETE FROM own.queue_bot_audit",
        "UPDATE own.queue_bot_audit_targets SET order_id = ''",
        "DELETE FROM own.queue_bot_audit_targets",
        "UPDATE own.queue_bot_audit_subjects SET value = ''",
        "DELETE FROM own.queue_bot_audit_subjects",
        "UPDATE own.queue_bot_audit_chain SET hash = ''",
        "DELETE FROM own.queue_bot_audit_chain",
        "DELETE FROM own.queue_bot_role_generation",
        "TRUNCATE shop.failed_jobs",
        "DROP TABLE shop.jobs",
        "ALTER TABLE shop.jobs ADD COLUMN x INT",
        "UPDATE shop.failed_jobs SET payload = ''",
        "SELECT * FROM shop.customers",
    ],
    "migrate": [
        "SELECT * FROM shop.customers",
        "INSERT INTO shop.customers VALUES ('x')",
        "SELECT * FROM shop.jobs",
        "INSERT INTO shop.jobs (queue, payload) VALUES ('x', 'x')",
        "UPDATE shop.failed_jobs SET payload = ''",
        "DELETE FROM shop.failed_jobs",
        "ALTER TABLE shop.failed_jobs ADD COLUMN x INT",
        "CREATE INDEX x ON shop.jobs (attempts)",
        "CREATE TABLE shop.other (x INT)",
        "CREATE TRIGGER shop.x BEFORE INSERT ON shop.jobs FOR EACH ROW SET NEW.queue = 'x'",
        "DROP TABLE shop.customers",
        "DROP TABLE own.queue_bot_audit",
        "ALTER TABLE own.queue_bot_audit ADD COLUMN x INT",
    ],
}


@pytest.mark.parametrize("account", FORBIDDEN)
def test_each_account_is_denied_its_forbidden_statements(granted: Granted, account: str) -> None:
    engine = granted.connect(account)
    own = granted.own or granted.database
    for statement in FORBIDDEN[account]:
        sql = granted.databases.named(statement).replace("own.", f"`{own}`.")
        # 1419: with MySQL's binary log, a trigger needs more than the privilege on the table.
        with pytest.raises(DBAPIError, match=r"denied|1419"), engine.begin() as connection:
            connection.execute(text(sql))
    engine.dispose()


def test_the_migration_account_needs_its_grants_to_move_an_index(granted: Granted) -> None:
    own, user = granted.own or granted.database, user_of("migrate", granted.database)
    account, table = f"'{user}'@'127.0.0.1'", f"`{own}`.queue_bot_failures"
    engine = granted.connect("migrate")
    try:
        return_to_version_8(granted.engine)
        granted.server.execute(f"REVOKE ALTER ON {table} FROM {account}")
        with pytest.raises(StartError, match="ALTER on queue_bot_failures: execute the GRANTs"):
            migrate(engine)
        with granted.engine.begin() as connection:
            assert version(connection) == 8
        granted.server.execute(f"GRANT CREATE, ALTER ON {table} TO {account}")
        assert migrate(engine) == len(MIGRATIONS) - 8
    finally:
        engine.dispose()
        # The next tests use the same tables.
        migrate(granted.engine)


def test_the_migration_account_can_purge_refusals(granted: Granted) -> None:
    engine = granted.connect("migrate")
    assert purge_refusals(engine, NO_KEYS, 90, "ana").startswith("0 refusals")
    with engine.begin() as connection:
        connection.execute(text(f"DELETE FROM `{granted.own or granted.database}`.queue_bot_audit"))
        connection.rollback()
    engine.dispose()


def test_the_page_grants_each_table_by_name() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for block, schema in (("migrate-shared", "shop"), ("run", "queue_bot")):
        sql = page.split(f"<!-- grants:{block} -->")[1].split("<!-- /grants")[0]
        granted = set(re.findall(rf"ON {schema}\.(queue_bot_\w+) TO", sql))
        assert granted == {table.name for table in metadata.sorted_tables}
    assert "ACCOUNT LOCK" in page
