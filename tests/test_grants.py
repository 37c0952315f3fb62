"""The bot runs under exactly the grants that docs/operating.md gives it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.access.roles import Rules
from bot.app.command import Setup, find_commands
from bot.background import audit, metrics, purge
from bot.background.database_load import Load
from bot.background.failures import aggregate_once, index_once, merge_once, scan_once
from bot.background.incidents import grouping, probe
from bot.background.operations import canary
from bot.background.operations.runner import Runner
from bot.background.retries import track, track_bulk
from bot.database.engine import connect
from bot.database.transactions import changing, now_of, reading
from bot.models.refusals import RowWouldChange
from bot.queue.layouts import Queue, spec_tables, warnings
from bot.store import tables
from bot.store.leases import take
from bot.store.migrate import migrate
from bot.terminal import TerminalRequest, do
from bot.wiring import NoSlack
from tests.kit.bulk import previewed, run_out
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, confirm, make_setup
from tests.services.mariadb import MariaDB

PAGE = Path(__file__).parents[1] / "docs" / "operating.md"


def statements(account: str, schema: str, user: str, password: str) -> list[str]:
    """Return the page's SQL for an account, with this test's names instead of the examples."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.search(rf"<!-- grants:{account} -->\n```sql\n(.*?)```", page, re.DOTALL)
    assert block is not None
    sql = re.sub(r"'queue_bot(?:_migrate)?'@'[^']*'", f"'{user}'@'127.0.0.1'", block[1])
    sql = sql.replace("shop.", f"`{schema}`.").replace("'…'", f"'{password}'")
    return [statement.strip() for statement in sql.split(";") if statement.strip()]


@pytest.fixture(scope="module")
def granted(mariadb_server: MariaDB) -> Iterator[TestQueue]:
    """An empty queue, migrated and opened by the page's two accounts."""
    with mariadb_server.database() as schema:
        owner = connect(mariadb_server.url(schema))
        jobs, failed = spec_tables()
        jobs.metadata.create_all(owner)
        urls = {}
        try:
            for account in ("migrate", "run"):
                user, password = f"{account}_{schema}"[:32], "geheim-1"
                for statement in statements(account, schema, user, password):
                    mariadb_server.execute(statement)
                urls[account] = mariadb_server.url(schema, user=user, password=password)
                if account == "migrate":
                    migrating = connect(urls[account])
                    assert migrate(migrating) == 1
                    migrating.dispose()
            engine = connect(urls["run"])
            yield TestQueue(mariadb_server.url(schema), owner, Queue(jobs, failed))
            engine.dispose()
        finally:
            owner.dispose()


def running(queue: TestQueue) -> str:
    """Return the address for the running account."""
    made = re.sub(r"//[^@]*@", "//{}:geheim-1@", queue.url)
    return made.format(f"run_{queue.url.rsplit('/', 1)[1]}"[:32])


def test_every_command_works_with_the_grants_of_the_page(granted: TestQueue) -> None:
    ids = [granted.fail() for _ in range(5)]
    job = granted.push()
    held = granted.push(reserved_at=1)
    engine = connect(running(granted))
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
    # After 40 days the mutes have ended, too.
    purge.purge_once(replace(setup, clock=Clock(by=timedelta(days=40))), lease)
    engine.dispose()


REWRITE = """CREATE TRIGGER rewrite BEFORE INSERT ON jobs FOR EACH ROW
    SET NEW.payload = REPLACE(NEW.payload, 'cart', 'box')"""


def test_an_account_without_the_trigger_privilege_verifies_each_moved_row(
    granted: TestQueue,
) -> None:
    """The page grants no TRIGGER, so an empty list of triggers does not prove that none exist."""
    bodies = ('{"note":"cart"}', '{"note":"bag"}', '{"note":"hat"}')
    changed, same, _ = (granted.fail(queue="shop", body=body) for body in bodies)
    engine = connect(running(granted))
    setup = make_setup(replace(granted, engine=engine))
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


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE queue_bot_audit SET actor = 'nobody'",
        "DELETE FROM queue_bot_audit",
        "UPDATE queue_bot_audit_targets SET order_id = ''",
        "DELETE FROM queue_bot_audit_targets",
        "UPDATE queue_bot_audit_chain SET hash = ''",
        "DELETE FROM queue_bot_audit_chain",
        "TRUNCATE failed_jobs",
        "DROP TABLE jobs",
        "ALTER TABLE jobs ADD COLUMN x INT",
        "UPDATE failed_jobs SET payload = ''",
    ],
)
def test_the_runtime_account_cannot_run_forbidden_statements(
    granted: TestQueue, statement: str
) -> None:
    engine = connect(running(granted))
    with pytest.raises(DBAPIError, match="denied"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
