"""A watcher of a queue that posts to a local Slack, and the messages in the alert channel."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from bot.app.setup import Alerting
from bot.background.incidents import grouping, lifecycle, probe
from bot.background.incidents.readings import apply_readings
from bot.database.transactions import changing
from bot.localslack.server import LocalSlack
from bot.models.alert_rules import (
    BACKLOG_GROWTH,
    FAILED_COUNT,
    NO_WORKER_ACTIVITY,
    OLDEST_JOB,
    STUCK_JOBS,
    AlertRule,
)
from bot.store import tables
from bot.store.failures import index_scan
from bot.store.leases import Lease, fence
from tests.kit.posting import deliver, poster_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, hold
from tests.kit.watched_queue import EVERY, SECONDS, Watched, watched

GROUP = "S07ONCALL001"
MENTION = f"<!subteam^{GROUP}>"


@dataclass
class AlertChannel:
    """A queue, its watcher, and the messages about the queue."""

    team: Watched
    slack: LocalSlack
    lease: Lease = field(init=False)

    def __post_init__(self) -> None:
        self.lease = hold(self.team.setup)

    @property
    def queue(self) -> TestQueue:
        """The queue's tables."""
        return self.team.queue

    def look(self) -> None:
        """Run one pass: check the queue, advance the incidents, and deliver the outbox."""
        setup = self.team.setup
        self.lease = hold(setup)
        changing(setup.engine, monotonic() + SECONDS, self._observe)
        lifecycle.advance_once(setup, self.lease)
        while grouping.refresh_once(setup, self.lease):
            pass
        deliver(setup, poster_of(self.slack), self.lease)

    def _observe(self, connection: Any) -> None:
        """Do the same as `probe_once`, but with a longer time limit."""
        setup, now = self.team.setup, self.team.clock.at
        fence(connection, self.lease, setup.clock)
        readings = probe.check(setup, connection, now, SECONDS)
        apply_readings(setup, connection, readings, now)

    def watch(self, seconds: int, every: int = EVERY) -> None:
        """Advance the clock by `seconds`, with a pass every `every` seconds."""
        for _ in range(seconds // every):
            self.team.wait(every)
            self.look()

    def index(self) -> None:
        """Index the new failed jobs."""
        self.team.index()

    def scan(self) -> None:
        """Scan the index and mark failed jobs that no longer exist as removed."""
        team = self.team

        def work(connection: Any) -> object:
            return index_scan.scan(connection, team.queue.queue, team.clock.at)

        changing(team.setup.engine, monotonic() + SECONDS, work)

    @property
    def _messages(self) -> list[dict[str, Any]]:
        return [one for one in self.slack.messages(ALERTS) if "ephemeral_to" not in one]

    @property
    def alerts(self) -> list[str]:
        """The current texts of the messages in the channel, without replies."""
        return [one["text"] for one in self._messages if "thread_ts" not in one]

    @property
    def alert(self) -> str:
        """The text of the only alert."""
        (text,) = self.alerts
        return text

    @property
    def replies(self) -> list[str]:
        """The texts of the replies in threads, oldest first."""
        return [one["text"] for one in self._messages if "thread_ts" in one]

    @property
    def rows(self) -> list[Any]:
        """The incidents."""
        return list(self.queue.rows(tables.incidents))

    @property
    def row(self) -> Any:
        """The only incident."""
        (row,) = self.rows
        return row

    @property
    def calls(self) -> int:
        """How often the user group is mentioned in the current messages and replies."""
        return sum(text.count(MENTION) for text in (*self.alerts, *self.replies))


NEVER = 10**6


def make_alert_channel(
    queue: TestQueue, slack: LocalSlack, alerting: Alerting | None = None, **values: Any
) -> AlertChannel:
    """Return the alert channel of this queue; `values` are arguments of `make_setup`."""
    mentioned = replace(alerting or Alerting(), mention=GROUP, escalate_seconds=NEVER)
    return AlertChannel(watched(queue, alerting=mentioned, **values), slack)


@dataclass(frozen=True)
class Case:
    """One alert rule, and the functions that breach it, nearly end the breach, and end it.

    `hover` moves the value below its limit, but not far enough to recover; `worsen` moves it above
    the limit again. The alert's title contains `says` while the incident is active. With `quiet`,
    other rules are off, because the jobs that breach this rule would breach them too.
    """

    rule: AlertRule
    says: str
    begin: Callable[[AlertChannel], None]
    hover: Callable[[AlertChannel], None]
    worsen: Callable[[AlertChannel], None]
    end: Callable[[AlertChannel], None]
    quiet: bool = False

    @property
    def subject(self) -> str:
        """The subject of the rule's incident."""
        return self.rule if self.rule == FAILED_COUNT else f"{self.rule}:netsuite"


def _empty(channel: AlertChannel) -> None:
    channel.team.end(*[row.id for row in channel.queue.jobs])


def _wait_for(channel: AlertChannel, age: int) -> None:
    """Replace all jobs by one that has waited for `age` seconds; workers have taken the others."""
    _empty(channel)
    channel.team.push(ago=age)


def _held_for(channel: AlertChannel, age: int) -> None:
    _empty(channel)
    channel.team.push(reserved_at=channel.team.now - age)


def _fail(channel: AlertChannel, rows: int) -> None:
    with channel.queue.engine.begin() as connection:
        failed = channel.queue.queue.failed
        row = {"queue": "netsuite", "payload": "{}", "exception": "Boom: no", "failed_at": None}
        at = {**row, "failed_at": channel.team.clock.at}
        connection.execute(failed.insert(), [at for _ in range(rows)])
    channel.index()


def _delete(channel: AlertChannel, rows: int) -> None:
    with channel.queue.engine.begin() as connection:
        failed = channel.queue.queue.failed
        ids = [row.id for row in channel.queue.failed][:rows]
        connection.execute(failed.delete().where(failed.c.id.in_(ids)))
    channel.scan()


def _grow(channel: AlertChannel) -> None:
    """Add jobs faster than workers take them, until an incident is active."""
    for _ in range(20):
        channel.team.push()
        channel.team.push()
        channel.watch(60, every=30)
        if any(row.resolved_at is None for row in channel.rows):
            return


def _fewer(channel: AlertChannel) -> None:
    """Remove three jobs: fewer wait than five minutes ago, but more than ten minutes ago."""
    channel.team.end(*[row.id for row in channel.queue.jobs][:3])


def _fall_silent(channel: AlertChannel) -> None:
    """Add jobs that no worker takes, and wait 330 s."""
    if not channel.queue.jobs:
        channel.look()
        channel.team.wait(5)
        channel.team.push()
        channel.team.push()
    channel.watch(330, every=30)


def _take_one(channel: AlertChannel) -> None:
    """Let a worker finish the first job, while the next one still waits."""
    channel.team.end(min(row.id for row in channel.queue.jobs))
    channel.team.push()


CASES = (
    Case(
        OLDEST_JOB,
        "the oldest job has been waiting for",
        lambda channel: _wait_for(channel, 400),
        lambda channel: _wait_for(channel, 270),
        lambda channel: _wait_for(channel, 310),
        _empty,
    ),
    Case(
        STUCK_JOBS,
        "1 job has been reserved for more than 5 min",
        lambda channel: _held_for(channel, 400),
        lambda channel: _held_for(channel, 270),
        lambda channel: _held_for(channel, 310),
        _empty,
    ),
    Case(
        FAILED_COUNT,
        "failed jobs*; the limit",
        lambda channel: _fail(channel, 12),
        lambda channel: _delete(channel, 2),
        lambda channel: _fail(channel, 2),
        lambda channel: _delete(channel, 20),
    ),
    Case(BACKLOG_GROWTH, "the backlog still grows", _grow, _fewer, _grow, _empty, quiet=True),
    Case(
        NO_WORKER_ACTIVITY,
        "workers have stopped taking jobs",
        _fall_silent,
        _take_one,
        _fall_silent,
        _empty,
    ),
)


def make_case_channel(case: Case, queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """Return an alert channel with the limits that this case needs."""
    alerting = Alerting(backlog_count=25)
    if case.quiet:
        alerting = replace(alerting, no_worker_activity_seconds=NEVER)
        return make_alert_channel(queue, slack, alerting, failed_count=10, oldest_seconds=NEVER)
    return make_alert_channel(queue, slack, alerting, failed_count=10)
