"""The health for terminals and monitoring: whether a replica leads, and whether messages arrive."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, insert

from bot.database.engine import connect
from bot.database.transactions import now_of
from bot.models.health import Health
from bot.models.requests import Message
from bot.store import delivery, leases, outbox
from bot.store.reports.health import health
from bot.store.tables import background_steps
from bot.terminal.health import report_health
from bot.text import Mrkdwn
from tests.kit.broken_tables import without_column
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, AUDIT, make_setup


def seen(queue: TestQueue, **ahead: float) -> Health:
    """Return the health at a later time; `ahead` are arguments of `timedelta`."""
    with queue.engine.begin() as connection:
        return health(connection, queue.queue, now_of(connection) + timedelta(**ahead))


def say(connection: Connection, channel: str) -> None:
    """Put a message into the outbox."""
    outbox.post(connection, channel, "incident:1", Message(Mrkdwn("x"), []), now_of(connection))


def test_a_replica_counts_as_monitoring_until_its_lease_ends(queue: TestQueue) -> None:
    assert seen(queue).watcher.replica is None
    with queue.engine.begin() as connection:
        assert leases.take(connection, "watcher", "a-1", now_of(connection))
    assert seen(queue).is_good
    assert seen(queue).watcher.replica == "a-1"
    assert seen(queue, seconds=30).watcher.replica is None


def test_undelivered_messages_are_reported_by_channel_with_the_error_of_slack(
    queue: TestQueue,
) -> None:
    with queue.engine.begin() as connection:
        for channel in (ALERTS, ALERTS, AUDIT):
            say(connection, channel)
        (message, *_) = delivery.due(connection, now_of(connection))
        lease = leases.take(connection, "watcher", "a-1", now_of(connection))
        assert lease is not None
        assert delivery.claim(connection, message, lease, now_of(connection))
        again = now_of(connection) + timedelta(seconds=30)
        delivery.put_off(connection, message, "is_archived", again, in_doubt=False)

    assert seen(queue, seconds=60).undelivered == ()
    late = seen(queue, seconds=180).undelivered
    assert [(one.channel, one.count, one.error) for one in late] == [
        (ALERTS, 2, "is_archived"),
        (AUDIT, 1, None),
    ]


def run(queue: TestQueue, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `queue-bot health` as a monitoring system does."""
    environ = {"PATH": os.environ["PATH"], "DATABASE_URL": queue.url}
    return subprocess.run(
        [sys.executable, "-m", "bot", "health", *words],
        env=environ,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_health_in_a_terminal_exits_with_1_if_no_replica_monitors(queue: TestQueue) -> None:
    bad = run(queue)
    assert bad.returncode == 1
    assert "No replica monitors the queue" in bad.stdout

    with queue.engine.begin() as connection:
        # The lease starts in the future, so that it does not expire before the program starts.
        leases.take(connection, "watcher", "a-1", now_of(connection) + timedelta(minutes=2))
    good = run(queue, "--json")
    assert (good.returncode, json.loads(good.stdout)["watcher"]["replica"]) == (0, "a-1")


def in_terminal(queue: TestQueue, *, as_json: bool = False) -> tuple[int, str]:
    """Return the exit code and the output of `queue-bot health`, run in this process."""
    lines: list[str] = []
    code = report_health(make_setup(queue, clock=now_of), lines.append, as_json=as_json)
    return code, "\n".join(lines)


def test_each_problem_is_printed_and_health_exits_with_1(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        now = now_of(connection)
        leases.take(connection, "watcher", "a-1", now)
        row = {"name": "index", "period_seconds": 5, "failures": 3, "error": "busy"}
        failing = insert(background_steps).values(**row, succeeded_at=now - timedelta(minutes=4))
        connection.execute(failing)

    code, printed = in_terminal(queue)
    assert code == 1
    assert "Indexing new failures fails" in printed
    assert "New failures may trigger no alert" in printed
    code, printed = in_terminal(queue, as_json=True)
    (problem,) = json.loads(printed)["problems"]
    assert code == 1
    assert (problem["code"], problem["step"], problem["error"]) == ("step-failing", "index", "busy")

    with queue.engine.begin() as connection:
        connection.execute(background_steps.delete())
    assert in_terminal(queue)[0] == 0


def test_a_database_that_cannot_be_read_fails_health_with_a_sentence(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        leases.take(connection, "watcher", "a-1", now_of(connection))
    with without_column(queue, "failed_jobs", "exception"):
        code, printed = in_terminal(queue)
        json_code, json_text = in_terminal(queue, as_json=True)
    assert code == 1
    assert printed.startswith("The health could not be read: ")
    assert "exception" in printed
    assert (json_code, json.loads(json_text)["problems"][0]["code"]) == (1, "unseen")


def test_a_server_that_cannot_be_reached_fails_health_with_a_sentence(queue: TestQueue) -> None:
    away = connect("mysql+pymysql://nobody@127.0.0.1:1/nothing")
    lines: list[str] = []
    assert report_health(make_setup(replace(queue, engine=away)), lines.append) == 1
    away.dispose()
    (line,) = lines
    assert line.startswith("The health could not be read: ")


def test_health_names_a_setting_that_weakens_the_bot_and_exits_with_0(queue: TestQueue) -> None:
    for as_json in (False, True):
        lines: list[str] = []
        report_health(make_setup(queue), lines.append, as_json=as_json, notes=["DATABASE_TLS=off"])
        assert "DATABASE_TLS=off" in lines[0]
