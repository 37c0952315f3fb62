"""Operations when the database, Slack or the settings refuse: they end, with the reason."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text
from structlog.testing import capture_logs

from bot.access.roles import READ_AGE, Profile, Unreachable
from bot.background.operations.runner import ASK_AGAIN, DOUBT_ENDS, FAILED, TRIES, Runner
from bot.database.dialects import is_sqlite
from bot.database.engine import connect
from bot.failpoints import arm, disarm
from bot.models.refusals import Busy
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit.bulk import Bench, run_out, started
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OPS, People, ask, codes

pytestmark = pytest.mark.each_database

NO_SUCH_TABLE = 1146
CONNECTIONS = 3
"""One for each batch worker and one more, so that none waits before the database is lost."""


@dataclass
class Silent(People):
    """A workspace that does not answer while `silent`."""

    silent: bool = False

    def profile(self, user: str, max_age: float = READ_AGE) -> Profile:
        """Return a member's profile, if Slack answers."""
        if self.silent:
            raise Unreachable("ratelimited")
        return super().profile(user, max_age)


@pytest.fixture
def silent(bench: Bench) -> Silent:
    people = Silent()
    bench.setup = replace(bench.setup, directory=people)
    bench.other = replace(bench.other, directory=people)
    return people


@pytest.fixture
def failpoint() -> Iterator[str]:
    yield "batch-committed"
    disarm("batch-committed")


@dataclass
class BlockableEngine:
    """An engine that loses its database when the test holds all its connections."""

    engine: Engine
    held: list[Connection] = field(default_factory=list)

    def lose(self) -> None:
        """Hold every connection."""
        while len(self.held) < CONNECTIONS:
            self.held.append(self.engine.connect())

    def close(self) -> None:
        """Return the connections to the pool and close all of them."""
        for connection in self.held:
            connection.close()
        self.engine.dispose()


@pytest.fixture
def blockable(bench: Bench) -> Iterator[BlockableEngine]:
    # Without `grace`, because the test should not wait long for a database it loses on purpose.
    made = BlockableEngine(connect(bench.queue.url, pool=CONNECTIONS))
    yield made
    made.close()


@contextmanager
def no_jobs_table(queue: TestQueue) -> Iterator[None]:
    """Rename the table `jobs` until the block ends, so that every batch fails as a whole."""
    with queue.engine.begin() as connection:
        connection.execute(text("ALTER TABLE jobs RENAME TO jobs_elsewhere"))
    try:
        yield
    finally:
        with queue.engine.begin() as connection:
            connection.execute(text("ALTER TABLE jobs_elsewhere RENAME TO jobs"))


def test_an_operation_ends_if_one_batch_always_fails(bench: Bench) -> None:
    bench.fill(4)
    started(bench.setup)
    runner = bench.runner()
    with no_jobs_table(bench.queue), capture_logs() as logged:
        for _ in range(TRIES):
            runner.run_once()
    failed = [line for line in logged if line["event"] == "batch failed"]
    # SQLite's errors have no number.
    number = None if is_sqlite(bench.queue.engine) else NO_SUCH_TABLE
    assert [line.get("server_code") for line in failed] == [number] * TRIES
    row = bench.operation()
    assert (row.state, row.reason, row.done) == ("stopped", FAILED, 0)
    ended = bench.queue.rows(tables.audit)[-1]
    assert (ended.outcome, ended.reason) == ("stopped", FAILED)
    assert len(bench.queue.failed) == 4
    assert broken(bench.queue) == []


def test_a_temporary_failure_of_a_batch_does_not_end_the_operation(bench: Bench) -> None:
    bench.fill(4)
    started(bench.setup)
    runner = bench.runner()
    for _ in range(2):
        with no_jobs_table(bench.queue):
            for _ in range(TRIES - 1):
                assert runner.run_once() is False
        assert runner.run_once() is True
    run_out(runner)
    assert (bench.operation().state, bench.operation().done) == ("done", 4)
    assert broken(bench.queue) == []


def test_an_operation_waits_and_is_not_taken_over_while_slack_does_not_answer(
    bench: Bench, silent: Silent
) -> None:
    bench.fill(7)
    started(bench.setup)
    runner, other = bench.runner(), bench.runner(setup=bench.other)
    runner.run_once()
    silent.silent = True
    for _ in range(10):
        assert runner.run_once() is False
        assert other.run_once() is False
        bench.clock.move(seconds=14)
    assert (bench.operation().state, bench.operation().done) == ("running", 3)
    silent.silent = False
    run_out(runner)
    assert (bench.operation().state, bench.operation().done) == ("done", 7)
    assert broken(bench.queue) == []


def test_slack_is_called_only_at_intervals_while_it_does_not_answer(
    bench: Bench, silent: Silent
) -> None:
    bench.fill(1)
    started(bench.setup)
    runner = bench.runner()
    silent.silent = True
    runner.run_once()
    silent.silent = False
    assert runner.run_once() is False
    bench.clock.move(seconds=ASK_AGAIN.total_seconds())
    run_out(runner)
    assert bench.operation().state == "done"


def test_an_operation_ends_if_slack_does_not_answer_for_10_minutes(
    bench: Bench, silent: Silent
) -> None:
    bench.fill(7)
    started(bench.setup)
    runner = bench.runner()
    runner.run_once()
    silent.silent = True
    runner.run_once()
    bench.clock.by += DOUBT_ENDS - timedelta(seconds=5)
    assert runner.run_once() is False
    bench.clock.move(seconds=ASK_AGAIN.total_seconds())
    assert runner.run_once() is True
    row = bench.operation()
    assert (row.state, row.reason, row.done) == ("stopped", "unverifiable", 3)
    ended = bench.queue.rows(tables.audit)[-1]
    assert (ended.role, ended.rule) == ("none", "none")
    assert broken(bench.queue) == []


def test_an_operation_that_waits_for_slack_can_be_cancelled(bench: Bench, silent: Silent) -> None:
    bench.fill(7)
    progress = started(bench.setup)
    runner = bench.runner()
    silent.silent = True
    runner.run_once()
    silent.silent = False
    assert codes([ask(bench.setup, f"cancel {progress.operation}")]) == ["ok"]
    run_out(runner)
    assert (bench.operation().state, bench.operation().done) == ("cancelled", 0)


def test_an_operation_stops_if_its_queue_is_removed_from_the_allowed_queues(bench: Bench) -> None:
    bench.fill(7)
    started(bench.setup, "retry-all queue=netsuite")
    rules = replace(bench.setup.rules, allowed_queues=("mail",))
    run_out(bench.runner(setup=replace(bench.setup, rules=rules)))
    row = bench.operation()
    assert (row.state, row.reason, row.done) == ("stopped", "wrong-queue", 0)
    assert broken(bench.queue) == []


def test_the_end_of_an_operation_is_recorded_with_the_role_and_its_rule(bench: Bench) -> None:
    bench.fill(2)
    started(bench.setup)
    run_out(bench.runner())
    begun, ended = bench.queue.rows(tables.audit)
    assert (ended.role, ended.rule) == (begun.role, begun.rule) == ("admin", f"admins: {ANA}")


def test_a_terminal_continues_after_a_fault_between_two_batches(
    bench: Bench, failpoint: str
) -> None:
    bench.fill(5)
    begun = started(bench.setup)

    def fault() -> None:
        raise Busy

    arm(failpoint, 2, fault)
    ended = bench.runner(2).run_to_end(begun)
    assert (ended.state, ended.done) == ("done", 5)
    assert broken(bench.queue) == []


def test_a_terminal_without_database_reports_progress_and_another_replica_continues(
    bench: Bench, failpoint: str, blockable: BlockableEngine
) -> None:
    bench.fill(5)
    begun = started(bench.setup)
    arm(failpoint, 2, blockable.lose)
    setup = replace(bench.setup, engine=blockable.engine)
    ended = Runner(setup, 2, lanes=1, seconds=0, patience=0.0).run_to_end(begun)
    assert (ended.operation, ended.state, ended.done, ended.total) == (1, "running", 2, 5)
    bench.clock.move(seconds=16)
    run_out(bench.runner(setup=bench.other))
    assert (bench.operation().state, bench.operation().done) == ("done", 5)
    assert broken(bench.queue) == []


def test_a_terminal_that_loses_the_database_reports_that_the_operation_still_runs(
    bench: Bench, failpoint: str, blockable: BlockableEngine
) -> None:
    bench.fill(5)
    arm(failpoint, 1, blockable.lose)
    lines: list[str] = []
    asked = TerminalRequest("retry-all", "ana", yes=True, as_json=True, patience=0.0)
    assert (
        do(replace(bench.setup, engine=blockable.engine), asked, lines.append, lambda _: None) == 1
    )
    printed = json.loads(lines[0])
    assert printed["code"] == "still-running"
    assert " of 5. A running bot resumes" in printed["error"]
    assert len(bench.queue.jobs) == 5


def test_a_terminal_does_not_run_operations_that_were_started_in_slack(bench: Bench) -> None:
    bench.fill(2, queue="mail")
    bench.fill(2, queue="netsuite")
    started(bench.setup, "retry-all queue=mail")
    bench.clock.move(seconds=16)
    begun = started(bench.other, "retry-all queue=netsuite")
    nobody = People(gone={ANA})
    here = replace(bench.other, directory=nobody)
    ended = Runner(here, patience=0.0).run_to_end(begun)
    assert (ended.operation, ended.state) == (2, "stopped")
    assert (bench.operation(1).state, bench.operation(1).owner) == ("running", "a")
    assert bench.setup.rules.change_channels[0] == OPS
