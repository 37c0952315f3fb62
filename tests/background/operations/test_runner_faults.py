"""Operations when the database, Slack or the settings refuse: they end, with the reason."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from bot.access.roles import READ_AGE, Profile, Unreachable
from bot.background.operations.runner import ASK_AGAIN, DOUBT_ENDS, FAILED, TRIES, Runner
from bot.database.engine import connect
from bot.failpoints import arm, disarm
from bot.models.refusals import Busy
from bot.store import tables
from bot.terminal import TerminalRequest, do
from tests.kit.bulk import Bench, run_out, started
from tests.kit.invariants import broken
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OPS, People, ask, codes

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
class Alone:
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
def alone(bench: Bench) -> Iterator[Alone]:
    # Without `grace`, because the test should not wait long for a database it loses on purpose.
    made = Alone(connect(bench.queue.url, pool=CONNECTIONS))
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


def test_a_batch_that_always_fails_ends_the_operation(bench: Bench) -> None:
    bench.fill(4)
    started(bench.setup)
    runner = bench.runner()
    with no_jobs_table(bench.queue):
        for _ in range(TRIES):
            runner.run_once()
    row = bench.operation()
    assert (row.state, row.reason, row.done) == ("stopped", FAILED, 0)
    ended = bench.queue.rows(tables.audit)[-1]
    assert (ended.outcome, ended.reason) == ("stopped", FAILED)
    assert len(bench.queue.failed) == 4
    assert broken(bench.queue) == []


def test_a_failure_that_passes_ends_nothing(bench: Bench) -> None:
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


def test_while_slack_says_nothing_the_operation_waits_and_nobody_takes_it(
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


def test_slack_is_not_asked_all_the_time_while_it_says_nothing(
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


def test_a_silence_of_ten_minutes_ends_the_operation(bench: Bench, silent: Silent) -> None:
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


def test_a_queue_that_is_taken_off_the_list_midway_stops_the_operation(bench: Bench) -> None:
    bench.fill(7)
    started(bench.setup, "retry-all queue=netsuite")
    rules = replace(bench.setup.rules, allowed_queues=("mail",))
    run_out(bench.runner(setup=replace(bench.setup, rules=rules)))
    row = bench.operation()
    assert (row.state, row.reason, row.done) == ("stopped", "wrong-queue", 0)
    assert broken(bench.queue) == []


def test_the_end_is_recorded_with_the_role_and_the_rule_that_allowed_it(bench: Bench) -> None:
    bench.fill(2)
    started(bench.setup)
    run_out(bench.runner())
    begun, ended = bench.queue.rows(tables.audit)
    assert (ended.role, ended.rule) == (begun.role, begun.rule) == ("admin", f"admins: {ANA}")


def test_a_terminal_goes_on_after_a_fault_between_two_batches(bench: Bench, failpoint: str) -> None:
    bench.fill(5)
    begun = started(bench.setup)

    def fault() -> None:
        raise Busy

    arm(failpoint, 2, fault)
    ended = bench.runner(2).run_to_end(begun)
    assert (ended.state, ended.done) == ("done", 5)
    assert broken(bench.queue) == []


def test_a_terminal_that_loses_the_database_says_how_far_it_was_and_another_replica_goes_on(
    bench: Bench, failpoint: str, alone: Alone
) -> None:
    bench.fill(5)
    begun = started(bench.setup)
    arm(failpoint, 2, alone.lose)
    setup = replace(bench.setup, engine=alone.engine)
    ended = Runner(setup, 2, lanes=1, seconds=0, patience=0.0).run_to_end(begun)
    assert (ended.operation, ended.state, ended.done, ended.total) == (1, "running", 2, 5)
    bench.clock.move(seconds=16)
    run_out(bench.runner(setup=bench.other))
    assert (bench.operation().state, bench.operation().done) == ("done", 5)
    assert broken(bench.queue) == []


def test_what_a_terminal_prints_when_it_loses_the_database_is_not_that_nothing_was_changed(
    bench: Bench, failpoint: str, alone: Alone
) -> None:
    bench.fill(5)
    arm(failpoint, 1, alone.lose)
    lines: list[str] = []
    asked = TerminalRequest("retry-all", "ana", yes=True, as_json=True, patience=0.0)
    assert do(replace(bench.setup, engine=alone.engine), asked, lines.append, lambda _: None) == 1
    printed = json.loads(lines[0])
    assert printed["code"] == "still-running"
    assert " of 5. A running bot resumes" in printed["error"]
    assert len(bench.queue.jobs) == 5


def test_a_terminal_leaves_the_operations_of_people_in_slack_to_a_replica(bench: Bench) -> None:
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
