"""The leader verifies the whole audit log once a day, in pages, and posts the result."""

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, event, update

from bot.__main__ import main
from bot.app.setup import Setup
from bot.background import audit, audit_verification
from bot.background.audit_verification import DAILY, ChainVerifier
from bot.database.transactions import now_of
from bot.localslack.demo import IDS
from bot.store import tables
from bot.store.audit import chain, daily, sealing, verification
from bot.store.audit.keys import AuditKey, AuditKeys, new_secret
from bot.store.audit.verification import verify
from bot.store.reports.health import health
from tests.crash.mutants import replaced
from tests.kit.clock import StandingClock
from tests.kit.processes import ROOT
from tests.kit.queues import TestQueue, make_queue
from tests.kit.replicas import ask, codes, hold, make_setup

KEYS = AuditKeys(AuditKey("1" * 64))
MORE_THAN_A_DAY = (DAILY + timedelta(minutes=1)).total_seconds()


@pytest.fixture
def clock() -> StandingClock:
    """The clock of the leader."""
    return StandingClock()


@pytest.fixture
def setup(queue: TestQueue, clock: StandingClock) -> Setup:
    """A leader with three sealed records."""
    leader = make_setup(queue, clock=clock, audit_keys=KEYS, audit_channel=IDS.queue_audit)
    assert codes([ask(leader, "freeze deploying"), ask(leader, "unfreeze")]) == ["ok", "ok"]
    assert seal(leader) == 3
    return leader


def seal(setup: Setup) -> int:
    """Seal as the leader."""
    return audit.seal_once(setup, hold(setup))


def verified(setup: Setup, verifier: ChainVerifier, pages: int = 20) -> list[Any]:
    """Verify until no page is left; seal the record; return the records of verifications."""
    lease = hold(setup)
    while verifier.verify_once(setup, lease) and pages:
        pages -= 1
    audit.seal_once(setup, lease)
    with setup.engine.connect() as connection:
        query = tables.audit.select().where(tables.audit.c.action == daily.ACTION)
        return list(connection.execute(query.order_by(tables.audit.c.id)).all())


def test_the_leader_verifies_the_log_daily_and_posts_the_result(
    setup: Setup, queue: TestQueue, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "PAGE", 2)
    verifier = ChainVerifier()
    assert verified(setup, verifier) == []
    clock.move(seconds=MORE_THAN_A_DAY)
    (record,) = verified(setup, verifier)
    assert (record.outcome, record.actor) == ("ok", "queue-bot")
    assert re.search(r"3 records, #3 [0-9a-f]{8}", record.answer)
    assert "audit:4" in {row.subject for row in queue.rows(tables.outbox)}
    assert len(verified(setup, verifier)) == 1
    clock.move(seconds=MORE_THAN_A_DAY)
    assert [row.outcome for row in verified(setup, ChainVerifier())] == ["ok", "ok"]


def test_a_changed_record_is_found_and_turns_the_health_red(
    setup: Setup, queue: TestQueue, clock: StandingClock
) -> None:
    with queue.engine.begin() as connection:
        connection.execute(update(tables.audit).where(tables.audit.c.id == 1).values(actor="x"))
    clock.move(seconds=MORE_THAN_A_DAY)
    (record,) = verified(setup, ChainVerifier())
    assert record.outcome == "failed"
    assert "Record 1 of link 2 was changed" in record.answer
    with queue.engine.connect() as connection:
        state = health(connection, queue.queue, now_of(connection), KEYS)
    assert "verify-failed" in [problem.code for problem in state.problems]


def test_a_chain_truncated_since_the_last_daily_verification_is_found(
    setup: Setup, queue: TestQueue, clock: StandingClock
) -> None:
    verifier = ChainVerifier()
    clock.move(seconds=MORE_THAN_A_DAY)
    verified(setup, verifier)
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.audit_chain).where(tables.audit_chain.c.seq >= 3))
        connection.execute(delete(tables.audit).where(tables.audit.c.id >= 3))
    clock.move(seconds=MORE_THAN_A_DAY)
    records = verified(setup, verifier)
    assert "Link 3 was posted but is not in the chain" in records[-1].answer


def test_a_record_without_a_message_is_reported(setup: Setup, queue: TestQueue) -> None:
    def faults() -> list[str]:
        with queue.engine.begin() as connection:
            return list(verify(connection, keys=setup.audit_keys, posts=True))

    assert faults() == []
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.outbox).where(tables.outbox.c.subject == "audit:2"))
    (fault,) = faults()
    assert "the first is link 2, have no message" in fault


def test_a_page_of_the_verification_executes_few_statements(
    setup: Setup, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a page every two seconds an idle leader stays below five statements a second."""
    monkeypatch.setattr(verification, "PAGE", 1)
    clock.move(seconds=MORE_THAN_A_DAY)
    verifier, lease = ChainVerifier(), hold(setup)
    assert verifier.verify_once(setup, lease)
    executed: list[str] = []
    event.listen(setup.engine, "before_cursor_execute", lambda *given: executed.append(given[2]))
    assert verifier.verify_once(setup, lease)
    reads = [statement for statement in executed if "queue_bot" in statement]
    assert len(reads) <= 3 * audit_verification.NEXT_PAGE


def a_changed_record_is_not_sealed(setup: Setup, queue: TestQueue) -> None:
    """Change a record before it is sealed."""
    ask(setup, "freeze deploying")
    with queue.engine.begin() as connection:
        connection.execute(update(tables.audit).where(tables.audit.c.id == 4).values(actor="x"))
    assert seal(setup) == 0


def a_changed_link_is_found(setup: Setup, queue: TestQueue) -> None:
    """Change the hash of a link and the links that follow it."""
    change_last_link(queue)
    with queue.engine.begin() as connection:
        assert list(verify(connection, keys=setup.audit_keys)) != []


def nothing_follows_a_changed_link(setup: Setup, queue: TestQueue) -> None:
    """Change the hash of the last link, and seal another record."""
    change_last_link(queue)
    ask(setup, "freeze deploying")
    with suppress(chain.ChainForged):
        assert seal(setup) == 0


def change_last_link(queue: TestQueue) -> None:
    """Replace the hash of the last link, which no later link names yet."""
    with queue.engine.begin() as connection:
        last = update(tables.audit_chain).where(tables.audit_chain.c.seq == 3)
        connection.execute(last.values(hash="0" * 64))


GUARDS: list[tuple[Callable[[Setup, TestQueue], None], ModuleType]] = [
    (a_changed_record_is_not_sealed, sealing),
    (a_changed_link_is_found, verification),
    (nothing_follows_a_changed_link, chain),
]


@pytest.mark.parametrize(("scenario", "module"), GUARDS, ids=[one.__name__ for one, _ in GUARDS])
@pytest.mark.parametrize("guarded", [True, False])
def test_without_each_comparison_of_an_hmac_a_forgery_is_accepted(
    setup: Setup,
    queue: TestQueue,
    scenario: Callable[[Setup, TestQueue], None],
    module: ModuleType,
    *,
    guarded: bool,
) -> None:
    if guarded:
        scenario(setup, queue)
        return
    mutant = replaced((module, "is_equal"), by=lambda _first, _second: True)
    with mutant, pytest.raises(AssertionError):
        scenario(setup, queue)


def test_new_key_prints_a_key_and_activates_it(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'audit.sqlite3'}"
    queue = make_queue(url)
    environ = {"DATABASE_URL": url}
    run = CliRunner(env=environ).invoke
    secret = run(main, ["audit", "new-key"]).output.strip()
    assert re.fullmatch("[0-9a-f]{64}", secret)
    assert len({secret, new_secret()}) == 2
    refused = run(main, ["audit", "new-key", "--activate", "--as", "U07ADMINANA1"])
    assert (refused.exit_code, "--as needs a name" in refused.output) == (2, True)
    keyed = make_setup(queue, audit_keys=KEYS)
    ask(keyed, "freeze deploying")
    seal(keyed)
    keys = {"QUEUE_BOT_AUDIT_KEY": secret, "QUEUE_BOT_AUDIT_KEY_OLD": "1" * 64}
    activated = CliRunner(env=environ | keys).invoke(
        main, ["audit", "new-key", "--activate", "--as", "ana"]
    )
    assert activated.exit_code == 0, activated.output
    assert "The next seal uses the new key" in activated.output
    assert [row.actor for row in queue.rows(tables.audit)][-2:] == ["ana", "ana"]


def test_the_export_follows_new_records(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path / 'audit.sqlite3'}"
    setup = make_setup(make_queue(url))
    ask(setup, "freeze deploying")
    seal(setup)
    command = [sys.executable, "-m", "bot", "audit", "export", "--follow"]
    following = subprocess.Popen(
        command, cwd=ROOT, env={"DATABASE_URL": url}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert following.stdout is not None
        assert '"action": "freeze"' in following.stdout.readline()
        ask(setup, "unfreeze")
        seal(setup)
        assert '"action": "unfreeze"' in following.stdout.readline()
    finally:
        following.kill()
        following.communicate()
