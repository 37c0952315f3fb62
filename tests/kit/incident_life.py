"""Incidents that are posted to a local Slack, with a clock that the test moves."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select

from bot.app.setup import Alerting, Setup
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
    """A queue, the replica that posts its incidents, and a clock that only the test moves."""

    queue: TestQueue
    slack: LocalSlack
    setup: Setup
    clock: Clock

    def tick(self, **length: float) -> None:
        """Advance the clock, then run the watcher and the delivery two or three times.

        A second round that sends nothing is the last one, because the clock stands.
        """
        self.clock.move(**length)
        for number in range(3):
            lease = hold(self.setup)
            watch(self.setup, lease)
            if not deliver(self.setup, poster_of(self.slack), lease) and number:
                break

    def storm(self, *causes: str, each: int = 1, queue: str = "netsuite") -> None:
        """Insert `each` failed jobs of each cause at once."""
        row = {"queue": queue, "payload": "{}"}
        with self.queue.engine.begin() as connection:
            # The table stores whole seconds.
            at = self.setup.clock(connection).replace(microsecond=0)
            new = [{**row, "exception": cause, "failed_at": at} for cause in causes] * each
            connection.execute(insert(self.queue.queue.failed), new)

    def take(self, *failed_ids: int) -> None:
        """Delete failed jobs without the bot."""
        failed = self.queue.queue.failed
        with self.queue.engine.begin() as connection:
            connection.execute(delete(failed).where(failed.c.id.in_(failed_ids)))

    def work(self) -> None:
        """Process every waiting job, as workers would."""
        with self.queue.engine.begin() as connection:
            connection.execute(delete(self.queue.queue.jobs))

    @property
    def incidents(self) -> list[Any]:
        """The incidents, oldest first."""
        return list(self.queue.rows(tables.incidents))

    @property
    def incident(self) -> Any:
        """The only incident."""
        (one,) = self.incidents
        return one

    @property
    def failures(self) -> list[Any]:
        """The index of failures."""
        return list(self.queue.rows(tables.failures))

    def messages(self, channel: str = ALERTS) -> list[str]:
        """The texts of the channel's messages, without replies."""
        return [one["text"] for one in self.slack.messages(channel) if "thread_ts" not in one]

    def replies(self, channel: str = ALERTS) -> list[str]:
        """The texts of the replies in threads."""
        return [one["text"] for one in self.slack.messages(channel) if "thread_ts" in one]

    def waiting(self) -> int:
        """How many outbox messages are not sent yet."""
        c = tables.outbox.c
        with self.queue.engine.begin() as connection:
            return len(connection.execute(select(c.id).where(c.sent_at.is_(None))).all())


def causes(number: int) -> list[str]:
    """Return `number` causes, each of which has its own error group."""
    return ["".join(chr(97 + int(digit)) for digit in f"{n:04}") * 3 for n in range(number)]


def make_life(queue: TestQueue, slack: LocalSlack, **values: Any) -> Life:
    """Return a queue that was empty when the bot started to monitor it."""
    clock = StandingClock()
    setup = make_setup(queue, clock=clock, alerting=Alerting(mention=MENTION))
    life = Life(queue, slack, replace(setup, **values), clock)
    life.tick()
    return life
