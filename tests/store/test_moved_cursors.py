"""A cursor that somebody moves beyond its rows stops nothing: it is reported and set back."""

from dataclasses import dataclass, replace
from datetime import time, timedelta

import pytest
from sqlalchemy import text

from bot.app.setup import Alerting, Setup
from bot.background import audit, digest
from bot.background.failures import index_once, scan_once
from bot.database.transactions import now_of
from bot.store import tables
from bot.store.audit.keys import AuditKey, AuditKeys
from bot.store.audit.verification import verify
from bot.store.cursors import position
from bot.store.leases import Lease
from bot.store.reports.health import health
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, ask, hold, make_setup

KEYS = AuditKeys(AuditKey("5" * 64))
FAR = 1_000_000_000


@dataclass
class Moved:
    """A queue whose work is done, with a leader."""

    queue: TestQueue
    setup: Setup
    clock: Clock
    lease: Lease

    def work(self) -> None:
        """Do the work of the cursors, as often as needed."""
        for _ in range(3):
            while index_once(self.setup, self.lease):
                pass
            scan_once(self.setup, self.lease)
            audit.seal_once(self.setup, self.lease)

    def move(self, names: str = "%", to: int = FAR) -> None:
        """Move cursors, as anybody with the bot's account can."""
        with self.queue.engine.begin() as connection:
            statement = "UPDATE queue_bot_cursors SET position = :to WHERE name LIKE :names"
            connection.execute(text(statement), {"to": to, "names": names})

    def reported(self, ahead: timedelta = timedelta(0)) -> set[str | None]:
        """The cursors that health names, so much later."""
        with self.queue.engine.begin() as connection:
            now = now_of(connection) + ahead
            seen = health(connection, self.queue.queue, now, self.setup.audit_keys)
        return {problem.error for problem in seen.problems if problem.code == "cursor-reset"}

    def at(self, name: str) -> int:
        """A cursor's position."""
        with self.queue.engine.begin() as connection:
            return position(connection, name)


@pytest.fixture(params=["keyed", "keyless"])
def moved(queue: TestQueue, request: pytest.FixtureRequest) -> Moved:
    """With and without a key of the audit log, on each kind of database."""
    clock = Clock()
    keys = KEYS if request.param == "keyed" else AuditKeys()
    setup = make_setup(queue, clock=clock, audit_keys=keys)
    queue.fail(1)
    queue.fail(2)
    made = Moved(queue, setup, clock, hold(setup))
    ask(setup, "freeze deploying")
    made.work()
    queue.fail(3)
    made.work()
    assert made.reported() == set()
    return made


def test_moved_cursors_stop_neither_the_sealing_nor_the_index(moved: Moved) -> None:
    moved.move()
    ask(moved.setup, "unfreeze")
    failed_id = moved.queue.fail(4)
    moved.work()
    assert moved.queue.count(tables.audit) == moved.queue.count(tables.audit_chain)
    (failure,) = [row for row in moved.queue.rows(tables.failures) if row.failed_id == failed_id]
    assert failure.incident is None
    assert moved.reported() >= {"audit_settled", "settled", "scan", "ids_since"}
    assert moved.reported(timedelta(hours=2)) == set()
    assert moved.at("audit_settled") <= max(row.id for row in moved.queue.rows(tables.audit))
    assert moved.at("settled") <= failed_id
    with moved.queue.engine.begin() as connection:
        assert list(verify(connection, keys=moved.setup.audit_keys)) == []


def test_a_cursor_moved_just_above_a_waiting_record_is_found(moved: Moved) -> None:
    ask(moved.setup, "unfreeze")
    newest = max(row.id for row in moved.queue.rows(tables.audit))
    moved.move("audit_settled", newest)
    moved.work()
    assert moved.queue.count(tables.audit) == moved.queue.count(tables.audit_chain)
    assert moved.reported() == {"audit_settled"}


def test_the_end_of_the_backfill_hides_no_new_failure(moved: Moved) -> None:
    moved.move("backfill_end")
    failed_id = moved.queue.fail(4)
    moved.work()
    failures = moved.queue.rows(tables.failures)
    assert [row.incident for row in failures if row.failed_id == failed_id] == [None]
    assert moved.reported() == {"backfill_end"}


def test_a_moved_cursor_does_not_stop_the_digest_for_ever(moved: Moved) -> None:
    alerting = Alerting(digest_at=time(0), digest_days=tuple(range(7)), digest_channel=ALERTS)
    setup = replace(moved.setup, alerting=alerting)
    moved.move("digest")
    assert digest.digest_once(setup, moved.lease) is False
    assert moved.reported() == {"digest"}
    assert digest.digest_once(setup, moved.lease) is False
    moved.clock.move(days=1)
    assert digest.digest_once(setup, hold(setup)) is True


def test_removed_rows_do_not_count_as_a_moved_cursor(moved: Moved) -> None:
    moved.clock.move(minutes=11)
    lease = hold(moved.setup)
    index_once(moved.setup, lease)
    with moved.queue.engine.begin() as connection:
        connection.execute(moved.queue.queue.failed.delete())
    index_once(moved.setup, lease)
    scan_once(moved.setup, lease)
    audit.seal_once(moved.setup, lease)
    assert moved.reported() == set()
    assert moved.reported(timedelta(minutes=11)) == set()
