"""Whether a replica watches and whether messages arrive, as a terminal and a monitor ask it."""

import json
import os
import subprocess
import sys
from datetime import timedelta

from sqlalchemy import Connection

from bot.database.transactions import now_of
from bot.models.incidents import Health
from bot.models.requests import Message
from bot.store import leases, outbox
from bot.store.reports.health import health
from bot.text import Mrkdwn
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, AUDIT


def seen(queue: TestQueue, **ahead: float) -> Health:
    """The health as it is so much later."""
    with queue.engine.begin() as connection:
        return health(connection, queue.queue, now_of(connection) + timedelta(**ahead))


def say(connection: Connection, channel: str) -> None:
    """Put something into the outbox."""
    outbox.post(connection, channel, "incident:1", Message(Mrkdwn("x"), []), now_of(connection))


def test_somebody_watches_until_the_lease_ends(queue: TestQueue) -> None:
    assert seen(queue).watcher.replica is None
    with queue.engine.begin() as connection:
        assert leases.take(connection, "watcher", "a-1", now_of(connection))
    assert seen(queue).is_good
    assert seen(queue).watcher.replica == "a-1"
    assert seen(queue, seconds=30).watcher.replica is None


def test_what_slack_does_not_take_is_told_by_channel_with_its_words(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        for channel in (ALERTS, ALERTS, AUDIT):
            say(connection, channel)
        (letter, *_) = outbox.due(connection, now_of(connection))
        lease = leases.take(connection, "watcher", "a-1", now_of(connection))
        assert lease is not None
        assert outbox.claim(connection, letter, lease, now_of(connection))
        again = now_of(connection) + timedelta(seconds=30)
        outbox.put_off(connection, letter, "is_archived", again, in_doubt=False)

    assert seen(queue, seconds=60).undelivered == ()
    late = seen(queue, seconds=180).undelivered
    assert [(one.channel, one.count, one.error) for one in late] == [
        (ALERTS, 2, "is_archived"),
        (AUDIT, 1, None),
    ]


def test_a_terminal_says_it_and_exits_with_1_where_nobody_watches(queue: TestQueue) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": os.environ["PATH"], "DATABASE_URL": queue.url}
        return subprocess.run(
            [sys.executable, "-m", "bot", "health", *words],
            env=environ,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    bad = run()
    assert bad.returncode == 1
    assert "Nobody watches now" in bad.stdout

    with queue.engine.begin() as connection:
        # So late that it does not run out before the program has started.
        leases.take(connection, "watcher", "a-1", now_of(connection) + timedelta(minutes=2))
    good = run("--json")
    assert (good.returncode, json.loads(good.stdout)["watcher"]["replica"]) == (0, "a-1")
