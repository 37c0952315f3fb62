"""Load of an idle bot on the database: statements a second, by kind."""

import os
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.store.tables import leases
from tests.bench.bots import bot_process, crowded
from tests.bench.figures import kind, say, say_kinds
from tests.bench.tables import QUEUES
from tests.kit.processes import free_port
from tests.kit.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

SETTLE_SECONDS = 130.0
"""The leader is at rest two minutes after the last change; see `REST_AFTER`."""
STANDBY_SETTLES = 30.0
SECONDS = 120.0
LEADER_BUDGET, STANDBY_BUDGET = 5.0, 1.0
"""Statements a second; see docs/speed.md."""
CORE_BUDGET = 0.01
SCRAPED_EVERY = 15.0
SCRAPED = ("/livez", "/readyz", "/metrics")


@dataclass(frozen=True)
class Idle:
    """The measurement of `seconds`: statements by kind, and CPU shares of bots and server."""

    seconds: float
    kinds: Mapping[str, int]
    bot_cpu: float
    server_cpu: float

    @property
    def rate(self) -> float:
        """Statements a second."""
        return sum(self.kinds.values()) / self.seconds


def bench_idle(server: MariaDB, *, quick: bool) -> None:
    """Idle queues: five queues with jobs delayed for an hour, with probes and scrapes."""
    part = 4 if quick else 1
    with server.database() as database, LocalSlack(workspace=crowded()) as slack:
        url = server.url(database)
        test = make_queue(url)
        _delay(test)
        with ExitStack() as bots:
            leader = bots.enter_context(_bot(slack, url))
            _wait_for_leader(test)
            sleep(SETTLE_SECONDS / part)
            alone = _measure(server, [leader], SECONDS / part)
            standby = bots.enter_context(_bot(slack, url))
            sleep(STANDBY_SETTLES / part)
            both = _measure(server, [leader, standby], SECONDS / part)
        test.engine.dispose()
    say("statements a second of the leader", f"{alone.rate:.1f} (at most {LEADER_BUDGET:.0f})")
    second = both.rate - alone.rate
    say("  of a second replica", f"{max(0.0, second):.1f} (at most {STANDBY_BUDGET:.0f})")
    say("of one core", f"bot {alone.bot_cpu:.2%}, server {alone.server_cpu:.2%} (bot at most 1 %)")
    say_kinds(alone.kinds, alone.seconds)
    if quick:
        # The leader is not at rest yet.
        return
    assert alone.rate <= LEADER_BUDGET, f"{alone.rate:.1f} statements a second"
    assert second <= STANDBY_BUDGET, f"{second:.1f} statements a second of the second replica"
    assert alone.bot_cpu <= CORE_BUDGET, f"{alone.bot_cpu:.2%} of a core"


def _delay(test: TestQueue) -> None:
    """Add to each queue 20 jobs that become available in an hour."""
    due = int(time.time()) + 3_600
    for queue in QUEUES:
        for number in range(20):
            test.push(queue=queue, order=number, available_at=due)


def _wait_for_leader(test: TestQueue) -> None:
    deadline = monotonic() + SETTLE_SECONDS
    while not any(row.owner for row in test.rows(leases)):
        assert monotonic() < deadline, "no replica became the leader"
        sleep(0.1)


@contextmanager
def _bot(slack: LocalSlack, url: str) -> Iterator[int]:
    connected = slack.hub.connected
    settings = {
        "DATABASE_URL": url,
        "QUEUE_BOT_ADMINS": IDS.admin,
        "QUEUE_BOT_AUDIT_CHANNEL": IDS.queue_audit,
        "QUEUE_BOT_ALERT_CHANNEL": IDS.queue_alerts,
        "QUEUE_BOT_DIGEST_AT": "08:00",
        "QUEUE_BOT_MONITORING_PORT": str(port := free_port()),
    }
    with bot_process(slack, settings) as pid:
        slack.wait_for(lambda: slack.hub.connected > connected, SETTLE_SECONDS)
        with _scraping(port):
            yield pid


@contextmanager
def _scraping(port: int) -> Iterator[None]:
    """Read the probes and the metrics every 15 s, as Kubernetes and Prometheus do."""
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(SCRAPED_EVERY):
            for path in SCRAPED:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                    answer.read()

    scraping = threading.Thread(target=scrape, name="scrapes")
    scraping.start()
    try:
        yield
    finally:
        ended.set()
        scraping.join()


def _measure(server: MariaDB, bots: list[int], seconds: float) -> Idle:
    """Return the statements in the server's general log and the CPU use of these seconds."""
    server.execute(
        "SET GLOBAL general_log = OFF",
        "TRUNCATE TABLE mysql.general_log",
        "SET GLOBAL log_output = 'TABLE'",
        "SET GLOBAL general_log = ON",
    )
    began, bot_cpu, server_cpu = monotonic(), sum(map(_cpu, bots)), _cpu(server.pid)
    sleep(seconds)
    took = monotonic() - began
    bot_cpu, server_cpu = sum(map(_cpu, bots)) - bot_cpu, _cpu(server.pid) - server_cpu
    server.execute("SET GLOBAL general_log = OFF")
    connection = server.connect_as_root()
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT CONVERT(argument USING utf8mb4) FROM mysql.general_log "
            "WHERE command_type = 'Query' AND user_host LIKE 'tests%'"
        )
        kinds = Counter(kind(statement) for (statement,) in cursor.fetchall())
    return Idle(took, kinds, bot_cpu / took, server_cpu / took)


def _cpu(pid: int) -> float:
    """Return the seconds of CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
