"""The world of the state machine: a queue, workers, two replicas, time and a Slack.

The invariants hold after each step, whatever the steps were. At the end every message was posted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import delete, insert, select, update

from bot import failpoints
from bot.app.dispatch import request_id
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome
from bot.app.setup import Alerting, Setup
from bot.background.operations.runner import Runner
from bot.localslack.server import LocalSlack
from bot.store.leases import Lease
from bot.store.operations.operations import ACTIVE
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from bot.store.tables import failures
from bot.store.tables import operations as operations_table
from bot.wall_clock import unix
from tests.crash.frameworks import FRAMEWORKS
from tests.crash.watch_steps import StepObserver
from tests.crash.wishes import MOMENTS
from tests.kit.clock import StandingClock
from tests.kit.incident_life import MENTION
from tests.kit.invariants import broken
from tests.kit.posting import deliver, poster_of
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import People, ask, hold, make_setup
from tests.kit.team import KeptDatabase

TELL_STEPS = ["sealed", "message-claimed", "message-posted"]
FAULTS: list[Any] = [429, 500, "internal_error", "is_archived", "not_in_channel", "invalid_blocks"]
REPLICAS = st.sampled_from(["a", "b"])
FAILURE = st.tuples(
    st.sampled_from(["netsuite", "mail"]),
    st.sampled_from([GONE_AWAY, "RuntimeException: no such customer", "Timeout: of mail"]),
    st.sampled_from(MOMENTS),
)
PICK = st.integers(min_value=0, max_value=50)
FAILED_AGAIN_AT = datetime(2025, 11, 7, 17, 46)  # noqa: DTZ001 wall clock


class Crash(BaseException):
    """Ends the process at a failpoint; nothing after this point runs."""


@contextmanager
def crashing(step: str | None) -> Iterator[None]:
    """End the block at the failpoint, if the block reaches it."""

    def crash() -> None:
        raise Crash

    if step is not None:
        failpoints.arm(step, then=crash)
    try:
        with suppress(Crash):
            yield
    finally:
        if step is not None:
            failpoints.disarm(step)


TICK = timedelta(milliseconds=1)
"""The time by which each reading advances the clock.

The same steps see the same times on a busy machine. Hypothesis reports a test as flaky if its
second run takes other steps.
"""


@dataclass(frozen=True)
class Plan:
    """A preview of `total` rows that the person `by` can confirm."""

    action: str
    number: int
    total: int
    by: str


class World(RuleBasedStateMachine):
    """A queue with two replicas, three people and a worker; `kept` and `slack` are handed in.

    `kept` has a database for each framework.
    """

    kept: ClassVar[Mapping[str, KeptDatabase]]
    slack: ClassVar[LocalSlack]

    @initialize(
        framework=st.sampled_from([one.name for one in FRAMEWORKS]),
        pile=st.lists(FAILURE, min_size=4, max_size=9),
    )
    def begin(self, framework: str, pile: list[tuple[str, str, datetime]]) -> None:
        """Start with a queue of some failed jobs and no replica at work."""
        self.queue: TestQueue = self.kept[framework].emptied()
        self.slack.faults.clear()
        self.clock, self.people = StandingClock(step=TICK), People()
        self.setups: dict[str, Setup] = {
            name: make_setup(
                self.queue,
                name,
                clock=self.clock,
                directory=self.people,
                alerting=Alerting(mention=MENTION),
                alerts_per_minute=2,
                failed_count=6,
            )
            for name in ("a", "b")
        }
        self.runners = {
            name: Runner(setup, 2, lanes=1, seconds=0) for name, setup in self.setups.items()
        }
        self.born, self.worked = Counter[str](), Counter[str]()
        self.requests: list[tuple[str, Callable[[Setup], Outcome], Outcome | None]] = []
        self.confirmed: list[str] = []
        self.plans: list[Plan] = []
        self.frozen: dict[int, set[int]] = {}
        self.begins: dict[int, dict[int, int]] = {}
        self.is_off = False
        self.number = 0
        self.observer, self.leases = StepObserver(), dict[str, Lease]()
        for like in pile:
            self.insert_job(failed=True, like=like)

    # ---- workers

    @rule(failed=st.booleans(), like=FAILURE)
    def insert_job(self, failed: bool, like: tuple[str, str, datetime]) -> None:  # noqa: FBT001 drawn by Hypothesis
        """Insert a job, or a failed job."""
        queue, exception, failed_at = like
        self.number += 1
        body = self.queue.framework.payload(self.number)
        self.born[body] += 1
        if failed:
            self.queue.fail(queue=queue, body=body, exception=exception, failed_at=failed_at)
        else:
            self.queue.push(queue=queue, body=body)

    @rule(
        pick=PICK,
        how=st.sampled_from(["done", "done", "failed", "reserved", "released"]),
        jobs=st.sampled_from([1, 1, 3]),
    )
    def work(self, pick: int, how: str, jobs: int) -> None:
        """A worker takes jobs, and finishes, fails, keeps or releases them."""
        for _ in range(jobs):
            self._work(pick, how)

    def _work(self, pick: int, how: str) -> None:
        rows = self.queue.jobs
        if not rows:
            return
        row = rows[pick % len(rows)]
        jobs = self.queue.queue.jobs
        with self.queue.engine.begin() as connection:
            if how == "reserved":
                # In Laravel's layout, the reservation of 1970 has expired.
                at = unix(self.clock(connection)) if pick % 2 else 1
                values = self.queue.framework.reserved(at)
                connection.execute(update(jobs).where(jobs.c.id == row.id).values(values))
                return
            connection.execute(delete(jobs).where(jobs.c.id == row.id))
            if how == "failed":
                values = {
                    "queue": row.queue,
                    "payload": row.payload,
                    "exception": "E: again",
                    "failed_at": FAILED_AGAIN_AT,
                }
                failed = self.queue.queue.failed
                connection.execute(self.queue.framework.insert_failed(failed, values))
            elif how == "released":
                values = {name: value for name, value in row._asdict().items() if name != "id"}
                released = self.queue.framework.reserved(None)
                connection.execute(insert(jobs).values({**values, **released}))
        if how == "done":
            self.worked[row.payload] += 1

    # ---- people

    def send(
        self, name: str, send: Callable[[Setup, str], Outcome], step: str | None
    ) -> Outcome | None:
        """Send a person's request to a replica, which may crash at a step."""
        self.number += 1
        key = f"k{self.number}"
        outcome: Outcome | None = None
        with crashing(step):
            outcome = send(self.setups[name], key)
        self.requests.append((key, lambda setup: send(setup, key), outcome))
        if outcome is not None:
            self.note(key, outcome)
        return outcome

    def note(self, key: str, outcome: Outcome) -> None:
        """Record a request that was answered with success."""
        if outcome.result is not None and outcome.command is not None:
            extra = outcome.result.extra
            if not isinstance(extra, BulkExtra) or extra.progress is not None:
                self.confirmed.append(request_id("test", key))

    # ---- what runs by itself

    @rule(seconds=st.sampled_from([1, 5, 11, 16, 61]))
    def wait(self, seconds: int) -> None:
        """Move the clock."""
        self.clock.move(seconds=seconds)

    @rule(faults=st.lists(st.sampled_from(FAULTS), max_size=3))
    def make_slack_fail(self, faults: list[Any]) -> None:
        """Slack refuses the next posts."""
        self.slack.script("chat.postMessage", faults)

    @rule(
        name=REPLICAS,
        step=st.none() | st.sampled_from(TELL_STEPS),
        rounds=st.sampled_from([1, 1, 3]),
    )
    def run_leader_steps(self, name: str, step: str | None, rounds: int) -> None:
        """A replica runs the leader's steps, if the lease is free; it may crash at a step."""
        setup = self.setups[name]
        for _ in range(rounds):
            try:
                lease = self.hold(name)
            except AssertionError:
                return  # another replica has the lease
            with crashing(step):
                self.observer.run_all_steps(setup, lease)
                deliver(setup, poster_of(self.slack), lease, rounds=3)
            self.clock.move(seconds=5 * (rounds - 1))

    def hold(self, name: str) -> Lease:
        """Acquire the leader's lease for this replica."""
        self.leases[name] = hold(self.setups[name])
        return self.leases[name]

    # ---- what must hold

    @invariant()
    def invariants_hold(self) -> None:
        """Check all invariants after every step."""
        if hasattr(self, "queue"):
            violations = broken(self.queue, self.born, worked=self.worked, confirmed=self.confirmed)
            assert violations == [], violations

    @invariant()
    def operations_move_only_previewed_rows(self) -> None:
        """I7: no operation takes a row that the test itself did not see at the preview."""
        for row in self.queue.rows(failures) if hasattr(self, "queue") else ():
            for by in {row.operation, row.restored_by} & self.frozen.keys():
                assert row.seq in self.frozen[by], f"{row.seq} was not in the preview of {by}"

    def teardown(self) -> None:
        """Without faults and after some time, every operation has ended and all is posted."""
        if not hasattr(self, "queue"):
            return
        self.slack.faults.clear()
        self.people.gone.clear()
        setup = self.setups["a"]
        if self.is_off:
            ask(setup, "unfreeze")
        for _ in range(60):
            self.clock.by += TAKEN_OVER_AFTER + timedelta(seconds=5)
            while self.runners["a"].run_once():
                pass
            lease = self.hold("a")
            self.observer.run_all_steps(setup, lease)
            deliver(setup, poster_of(self.slack), lease)
            if self._is_quiet():
                break
        violations = broken(
            self.queue, self.born, worked=self.worked, confirmed=self.confirmed, drained=True
        )
        assert violations == [], violations

    def _is_quiet(self) -> bool:
        with self.queue.engine.begin() as connection:
            active = connection.execute(
                select(operations_table.c.id).where(operations_table.c.state.in_(ACTIVE))
            ).first()
        return active is None and not broken(self.queue, drained=True)
