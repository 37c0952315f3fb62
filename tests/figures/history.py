"""A random history of a queue: what workers and people did, counted by hand."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from bot.app.parsing import Request
from bot.app.setup import Setup
from bot.background import metrics
from bot.background.failures import aggregate_once
from bot.background.operations.canary import decide_once
from bot.background.retries.track import track_once
from bot.background.retries.track_bulk import outcomes_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.leases import TTL
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from tests.kit.bulk import previewed, small_batches
from tests.kit.clock import SetClock
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold
from tests.kit.worker import Worker

CAUSES = ("RuntimeException: no stock", "LogicException: no price", "TypeError: no customer")


@dataclass
class Failure:
    """One failure of a job: how it left `failed_jobs`, and what became of its retry."""

    id: int
    order: int
    cause: str
    at: datetime
    left: str | None = None
    then: "str | int | None" = None


def _nothing() -> None:
    return


@dataclass
class History:
    """The queue, two replicas by a clock of the test's own, and the count by hand.

    `setup` is the leader. `skew` is the application's clock minus the bot's, which is the
    database's. `during` is called between some batches of a bulk change.
    """

    queue: TestQueue
    setup: Setup
    clock: SetClock
    slack: LocalSlack
    dice: random.Random
    other: Setup
    during: Callable[[], None] = _nothing
    skew: timedelta = timedelta()
    failures: dict[int, Failure] = field(default_factory=dict)
    processed: list[datetime] = field(default_factory=list)
    orders: int = 0

    # ---- time

    def look(self, seconds: float = 5) -> None:
        """Let time pass, and let each part of the background work have its turn."""
        self.clock.move(seconds=seconds)
        lease = hold(self.setup)
        watch(self.setup, lease)
        track_once(self.setup, lease)
        outcomes_once(self.setup, lease)
        aggregate_once(self.setup, lease)
        metrics.sample_once(self.setup, lease, indexed=True)
        deliver(self.setup, poster_of(self.slack), lease)

    def rest(self) -> None:
        """Let workers process what waits, and wait until every outcome is known."""
        for order in list(self.queued()):
            self.end(order)
        for _ in range(14):
            self.look(25)

    def night(self) -> None:
        """Nobody works until the first failures are about 24 hours old."""
        for _ in range(3):
            self.look(self.dice.randint(27_000, 29_400))

    # ---- workers

    def queued(self) -> dict[int, int]:
        """The ids of the available jobs by order."""
        now = int((self.clock.at - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 naive UTC
        return {
            json.loads(row.payload)["data"]["order_id"]: row.id
            for row in self.queue.jobs
            if row.available_at <= now
        }

    def push(self, *, delay: int = 0) -> int:
        """A new job; returns its order."""
        self.orders += 1
        now = int((self.clock.at - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001 naive UTC
        self.queue.push(order=self.orders, created_at=now, available_at=now + delay)
        return self.orders

    def end(self, order: int) -> None:
        """A worker processes the job."""
        Worker(self.queue).end(self.queued()[order])
        self.processed.append(self.clock.at)
        self._became(order, "processed")

    def fail(self, order: int) -> None:
        """A worker fails the job, now."""
        Worker(self.queue).end(self.queued()[order])
        at = (self.clock.at + self.skew).replace(microsecond=0)
        cause = self.dice.choice(CAUSES)
        before = self._latest(order)
        if before is not None and self.dice.random() < 0.7:
            cause = before.cause
        wall = self.setup.queue.wall_clock(at)
        number = self.queue.fail(order=order, exception=cause, failed_at=wall)
        self._became(order, number)
        self.failures[number] = Failure(number, order, cause, at)

    def _latest(self, order: int) -> Failure | None:
        mine = [failure for failure in self.failures.values() if failure.order == order]
        return mine[-1] if mine else None

    def _became(self, order: int, outcome: "str | int") -> None:
        before = self._latest(order)
        if before is not None and before.left == "retried":
            before.then = outcome

    # ---- steps

    def step(self) -> None:
        """One thing that happens."""
        steps = [self.new_failures] * 4 + [self.new_jobs, self.work, self.work, self.downtime]
        steps += [self.retry, self.retry, self.delete, self.undo, self.remove, self.retry_group]
        steps += [self.change_clocks, self.fail_over]
        self.dice.choice(steps)()
        self.look(self.dice.randint(2, 20))

    def new_failures(self) -> None:
        """Some jobs come and fail."""
        for _ in range(self.dice.randint(1, 5)):
            self.fail(self.push())

    def new_jobs(self) -> None:
        """Some jobs come, one of them for later."""
        for _ in range(self.dice.randint(1, 3)):
            self.push()
        self.push(delay=100_000)

    def work(self) -> None:
        """Workers end some of what waits, well or badly."""
        for order in list(self.queued()):
            way = self.dice.choice([self.end, self.end, self.fail])
            way(order)

    def downtime(self) -> None:
        """Nobody watches, and jobs fail."""
        for _ in range(self.dice.randint(1, 4)):
            self.clock.move(minutes=self.dice.randint(4, 12))
            self.fail(self.push())
        self.clock.move(minutes=self.dice.randint(4, 12))

    def change_clocks(self) -> None:
        """The database's clock is set back, and the application's clock differs from it."""
        self.clock.move(seconds=-self.dice.randint(1, 30))
        self.skew = timedelta(seconds=self.dice.randint(-60, 60))

    def fail_over(self) -> None:
        """The leader stops, and the other replica takes over its lease and its bulk change."""
        self.clock.move(seconds=max(TTL, TAKEN_OVER_AFTER).total_seconds() + 1)
        self.setup, self.other = self.other, self.setup

    def retry(self) -> None:
        """A person retries some failed jobs by their ids."""
        self._by_ids("retry", "retried")

    def delete(self) -> None:
        """A person deletes some."""
        self._by_ids("delete-failed", "deleted")

    def undo(self) -> None:
        """A person takes back the last change by ids; where a worker was first, nothing."""
        before = self._ids()
        ask(self.setup, "undo")
        for number in self._ids() - before:
            self.failures[number].left = self.failures[number].then = None

    def remove(self) -> None:
        """A row is removed without the bot."""
        if ids := self._some():
            failed = self.queue.queue.failed
            with self.queue.engine.begin() as connection:
                connection.execute(delete(failed).where(failed.c.id == ids[0]))
            self.failures[ids[0]].left = "removed"

    def retry_group(self) -> None:
        """A person retries an error group after a canary, which may fail."""
        ids = self._some()
        if not ids:
            return
        c = tables.failures.c
        query = select(c.error_group).where(c.failed_id == ids[0], c.removed_at.is_(None))
        with self.queue.engine.begin() as connection:
            group = connection.execute(query).scalar_one()
        preview = previewed(self.setup, f"retry error=E{group}")
        canary = self.dice.choice([0, 2]) if preview.total > 3 else 0
        before = self._ids()
        arguments = {"plan": preview.plan, "canary": canary}
        assert ask(self.setup, Request("retry", arguments)).refusal is None
        self._run(before)
        if canary:
            self.work()
            for _ in range(6):
                self.look(3)
                decide_once(self.setup, hold(self.setup))
            self._run(self._ids())

    def retry_all(self) -> None:
        """A person retries everything in one bulk change, over all incidents."""
        watch(self.setup, hold(self.setup))
        if before := self._ids():
            preview = previewed(self.setup)
            request = Request("retry-all", {"plan": preview.plan, "typed": preview.total})
            assert ask(self.setup, request).refusal is None
            self._run(before)

    def _run(self, before: set[int]) -> None:
        """Run batches of three failures until no operation is left, in one replica or in both."""
        for _ in range(100):
            if not small_batches(self.setup, 3).run_once():
                states = {row.state for row in self.queue.rows(tables.operations)}
                if "running" not in states:
                    return
                self.clock.move(seconds=TAKEN_OVER_AFTER.total_seconds() + 1)
            self._left(before, "retried")
            match self.dice.randrange(6):
                case 0 | 1:
                    self.during()
                case 2:
                    self.fail_over()
        raise AssertionError("the operation does not end")

    def _by_ids(self, command: str, how: str) -> None:
        if ids := self._some():
            before = self._ids()
            words = f"{command} {' '.join(map(str, ids))}"
            assert ask(self.setup, words).refusal is None, words
            self._left(before, how)

    def _left(self, before: set[int], how: str) -> None:
        for number in before - self._ids():
            self.failures[number].left = how

    def _ids(self) -> set[int]:
        return {row.id for row in self.queue.failed}

    def _some(self) -> list[int]:
        ids = sorted(self._ids())
        return self.dice.sample(ids, min(len(ids), self.dice.randint(1, 3)))

    # ---- what is counted by hand

    @property
    def left(self) -> list[Failure]:
        """The failures that are failed jobs now."""
        return [failure for failure in self.failures.values() if failure.left is None]

    def hour(self, ago: int) -> datetime:
        """The beginning of the hour that was `ago` hours before the running hour."""
        return self.clock.at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=ago)

    def since(self, moment: datetime) -> list[Failure]:
        """The failures since this moment."""
        return [one for one in self.failures.values() if one.at >= moment]
