"""Incidents by a clock of the test's own, told to a local Slack."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select

from bot.app.command import Alerting, Setup
from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.clock import Clock, StandingClock
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, hold, make_setup

MENTION = "S07ONCALL001"
CALL = f"<!subteam^{MENTION}>"


@dataclass
class Life:
    """A queue whose failures are watched and told; nothing but the test moves its clock."""

    queue: TestQueue
    slack: LocalSlack
    setup: Setup
    clock: Clock

    def tick(self, **length: float) -> None:
        """Let time pass, look, and tell what there is to tell."""
        self.clock.move(**length)
        for _ in range(3):
            watch(self.setup, hold(self.setup))
            deliver(self.setup, poster_of(self.slack), hold(self.setup))

    def storm(self, *causes: str, each: int = 1, queue: str = "netsuite") -> None:
        """So many failures of each cause at once."""
        row = {"queue": queue, "payload": "{}"}
        with self.queue.engine.begin() as connection:
            # To the second, as the table has it.
            at = self.setup.clock(connection).replace(microsecond=0)
            new = [{**row, "exception": cause, "failed_at": at} for cause in causes] * each
            connection.execute(insert(self.queue.queue.failed), new)

    def take(self, *failed_ids: int) -> None:
        """Rows go without the bot."""
        failed = self.queue.queue.failed
        with self.queue.engine.begin() as connection:
            connection.execute(delete(failed).where(failed.c.id.in_(failed_ids)))

    def work(self) -> None:
        """Workers process every job that waits."""
        with self.queue.engine.begin() as connection:
            connection.execute(delete(self.queue.queue.jobs))

    @property
    def incidents(self) -> list[Any]:
        """The incidents, the oldest first."""
        return list(self.queue.rows(tables.incidents))

    @property
    def incident(self) -> Any:
        """The only one."""
        (one,) = self.incidents
        return one

    @property
    def failures(self) -> list[Any]:
        """The index of failures."""
        return list(self.queue.rows(tables.failures))

    def messages(self, channel: str = ALERTS) -> list[str]:
        """What stands in the channel itself."""
        return [one["text"] for one in self.slack.messages(channel) if "thread_ts" not in one]

    def replies(self, channel: str = ALERTS) -> list[str]:
        """What was said in threads."""
        return [one["text"] for one in self.slack.messages(channel) if "thread_ts" in one]

    def waiting(self) -> int:
        """How many messages Slack does not have."""
        c = tables.outbox.c
        with self.queue.engine.begin() as connection:
            return len(connection.execute(select(c.id).where(c.sent_at.is_(None))).all())


def causes(number: int) -> list[str]:
    """So many causes, each an error group of its own."""
    return ["".join(chr(97 + int(digit)) for digit in f"{n:04}") * 3 for n in range(number)]


def make_life(queue: TestQueue, slack: LocalSlack, **values: Any) -> Life:
    """A queue that was empty when the bot began to watch it."""
    clock = StandingClock()
    setup = make_setup(queue, clock=clock, alerting=Alerting(mention=MENTION))
    life = Life(queue, slack, replace(setup, **values), clock)
    life.tick()
    return life
