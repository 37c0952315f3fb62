"""A storm of failures on three replicas, whose leader is killed again and again."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import monotonic, sleep

from sqlalchemy import func, select

from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.bench.bots import CONNECT_SECONDS, bot_process, crowded, team_of
from tests.bench.failing import Storm, failing
from tests.bench.storm import checked, left, untold, wait_until
from tests.kit.concurrency import until as wait_for
from tests.kit.queues import GRACE, TestQueue, make_queue
from tests.services.galera import provider, running_cluster
from tests.services.mariadb import MariaDB

REPLICAS = 3
ROWS, SECONDS, CAUSES = 10_000, 60.0, 10
FIRST_WITHIN = 10.0
"""Seconds from the first failure to its alert; no replica is killed before."""
LAG_WITHIN = 30.0
"""Seconds from a failure to its incident: a takeover (15 s), the next check (5 s), its duration."""
KILL_EVERY = 20.0
START_SECONDS = 60.0


@dataclass
class _Replicas:
    """Bots on one queue; each has the address of a database node."""

    slack: LocalSlack
    urls: Sequence[str]
    running: ExitStack
    pids: dict[int, int] = field(default_factory=dict)

    def start(self, number: int) -> None:
        """Start the replica with this number and wait until it is connected."""
        connected = self.slack.hub.connected
        settings = team_of(self.urls[number % len(self.urls)])
        self.pids[number] = self.running.enter_context(bot_process(self.slack, settings))
        self.slack.wait_for(lambda: self.slack.hub.connected > connected, CONNECT_SECONDS)

    def kill_leader(self, queue: TestQueue) -> None:
        """Kill the replica that holds the lease, and start it again."""
        wait_for(lambda: _leader(queue) in self.pids.values(), START_SECONDS)
        pid = _leader(queue)
        number = next(number for number, one in self.pids.items() if one == pid)
        connected = self.slack.hub.connected
        os.kill(pid, signal.SIGKILL)
        self.slack.wait_for(lambda: self.slack.hub.connected < connected, CONNECT_SECONDS)
        self.start(number)


def storm(server: MariaDB, until: float) -> str:
    """10,000 failures in a minute; three replicas, the leader is killed; MariaDB, then Galera."""
    results = []
    with server.database() as name:
        results.append(f"MariaDB: {_storm([server.url(name)])}")
    if provider() is None:
        return f"{results[0]}; Galera is not installed"
    if monotonic() < until:
        with running_cluster() as cluster, cluster.nodes[0].database() as name:
            cluster.settle()
            results.append(f"Galera: {_storm([node.url(name) for node in cluster.nodes])}")
    return "; ".join(results)


def _storm(urls: Sequence[str]) -> str:
    """Run one storm; return its measurements."""
    queue = make_queue(urls[0], GRACE)
    with LocalSlack(workspace=crowded()) as slack, ExitStack() as running:
        replicas = _Replicas(slack, urls, running)
        for number in range(REPLICAS):
            replicas.start(number)
        wait_for(lambda: _leader(queue) in replicas.pids.values(), START_SECONDS)
        lags: list[float] = []
        kills = 0
        with failing(urls[0], Storm(ROWS, SECONDS, CAUSES)) as written:
            slack.wait_for(lambda: _alerts(queue), LAG_WITHIN)
            first = monotonic() - written.began
            while monotonic() < written.began + SECONDS:
                kills_due = int((monotonic() - written.began) / KILL_EVERY)
                if kills_due > kills:
                    kills += 1
                    with _lag(queue, lags):
                        replicas.kill_leader(queue)
                with _lag(queue, lags):
                    sleep(0.5)
        with _lag(queue, lags):
            wait_until(lambda: left(queue, ROWS) == 0)
        wait_until(lambda: untold(queue) == 0)
        ended = monotonic() - written.began - written.took
        incidents = checked(queue, slack, ROWS)
    queue.engine.dispose()
    assert first < FIRST_WITHIN, f"the first alert came after {first:.1f} s"
    assert max(lags) < LAG_WITHIN, f"a failure waited {max(lags):.0f} s for its incident"
    return (
        f"{kills} leaders killed, first alert after {first:.1f} s, longest wait for an incident "
        f"{max(lags):.0f} s, all posted {ended:.0f} s after the end, incidents: {incidents}"
    )


def _leader(queue: TestQueue) -> int:
    """Return the process id of the leader, or 0."""
    owners = [row.owner for row in queue.rows(tables.leases) if row.name == "watcher"]
    return int(owners[0].split("-")[-2]) if owners and owners[0] else 0


def _alerts(queue: TestQueue) -> bool:
    return any(row.posted_at is not None for row in queue.rows(tables.incidents))


@contextmanager
def _lag(queue: TestQueue, lags: list[float]) -> Iterator[None]:
    """Add the age of the oldest failure without an incident, at the end of the block."""
    yield
    f, failed = tables.failures.c, queue.queue.failed.c
    grouped = select(f.seq).where(f.failed_id == failed.id, f.incident > 0).exists()
    oldest = select(func.min(failed.failed_at), func.utc_timestamp()).where(~grouped)
    with queue.engine.connect() as connection:
        since, now = connection.execute(oldest).one()
    lags.append(0.0 if since is None else (now - since).total_seconds())
