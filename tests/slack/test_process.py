"""The real program gets a request to stop while a person waits for an answer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.localslack.server import LocalSlack
from bot.slack.runtime import STOP_SECONDS
from bot.store import tables
from tests.kit.balancer import accepts_requests
from tests.kit.processes import (
    PATIENCE,
    ROOT,
    SLACK_WAITS,
    by_http,
    environ,
    free_port,
    running,
)
from tests.kit.queues import TestQueue
from tests.kit.team import sqlite_queue, team_at_work
from tests.services.mariadb import MariaDB

TRIES = 3


def waits_for_a_lock(queue: TestQueue) -> bool:
    """Return whether another connection's statement waits for a row."""
    with queue.engine.connect() as connection:
        at_work = text(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
            "WHERE ID <> CONNECTION_ID() AND DB = DATABASE() "
            "AND INFO LIKE '%FROM failed_jobs%FOR UPDATE'"
        )
        return bool(connection.execute(at_work).scalar())


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_the_program_answers_running_requests_after_sigterm_and_exits_with_0(
    kept_queue: TestQueue, mode: str
) -> None:
    kept_queue.fail(45)
    texts = ""
    for _ in range(TRIES):
        texts = stopped_amid_a_retry(kept_queue, by_http() if mode == "http" else {})
        if "busy" not in texts and "cannot be verified" not in texts:
            break
    assert "back in the queue" in texts
    assert len(kept_queue.jobs) == 1


def stopped_amid_a_retry(queue: TestQueue, mode: dict[str, str]) -> str:
    """Return the messages after a retry of job 45 that runs when the program gets SIGTERM.

    If a slow machine exceeds the two seconds of a change, the messages say that it was too slow.
    """
    failed = queue.queue.failed
    with (
        LocalSlack(ack_timeout=SLACK_WAITS) as slack,
        running(slack, queue.url, mode) as process,
        ThreadPoolExecutor(1) as person,
    ):
        with queue.engine.begin() as worker:
            worker.execute(select(failed.c.id).where(failed.c.id == 45).with_for_update())
            waiting = person.submit(slack.command, "operator", "queue-ops", "/queue retry 45")
            slack.wait_for(lambda: waiting.done() or waits_for_a_lock(queue), 20)
            process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        waiting.result(PATIENCE)
        _, log = process.communicate(timeout=PATIENCE)
        # If the acknowledgement says "not known yet", the result follows as a message.
        texts = "\n".join(message["text"] for message in slack.messages("queue-ops"))

    assert process.returncode == 0
    # The program would wait this long for a request that hangs.
    assert time.monotonic() - began < STOP_SECONDS
    assert '"event": "stopped"' in log
    for secret in (slack.bot_token, slack.app_token, queue.engine.url.password or "-"):
        assert secret not in log
    (lease,) = [row for row in queue.rows(tables.leases) if row.name == "watcher"]
    assert lease.owner == ""
    return texts


def test_requests_are_answered_until_balancers_know_that_the_program_ends(
    kept_queue: TestQueue,
) -> None:
    kept_queue.fail(45)
    failed = kept_queue.queue.failed
    monitoring = free_port()
    mode = by_http() | {
        "QUEUE_BOT_DRAIN_SECONDS": "2",
        "QUEUE_BOT_MONITORING_PORT": str(monitoring),
    }
    with (
        LocalSlack(ack_timeout=SLACK_WAITS) as slack,
        running(slack, kept_queue.url, mode) as process,
        ThreadPoolExecutor(1) as person,
    ):
        assert accepts_requests(monitoring)
        with kept_queue.engine.begin() as worker:
            worker.execute(select(failed.c.id).where(failed.c.id == 45).with_for_update())
            waiting = person.submit(slack.command, "operator", "queue-ops", "/queue retry 45")
            slack.wait_for(lambda: waiting.done() or waits_for_a_lock(kept_queue), 20)
            process.send_signal(signal.SIGTERM)
            slack.wait_for(lambda: not accepts_requests(monitoring), 20)
            while_red = slack.command("operator", "queue-ops", "/queue help", wait=20)
        answered = waiting.result(PATIENCE)
        process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert while_red["ack_ms"] is not None
    assert answered["ack_ms"] is not None


@contextmanager
def frozen(server: MariaDB) -> Iterator[None]:
    """Freeze the server: it neither answers nor closes a connection until the block ends."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_while_the_database_hangs_a_change_is_refused_by_its_deadline(
    mariadb_server: MariaDB, kept_queue: TestQueue
) -> None:
    kept_queue.fail(45)
    with team_at_work(kept_queue, grace=0) as team:
        team.slack.hub.ack_timeout = SLACK_WAITS
        team.say("status")
        with frozen(mariadb_server):
            # The acknowledgement comes while the database hangs, before anything was sent to it.
            assert "Nothing was changed" in team.say("retry 45").text
    assert [row.id for row in kept_queue.failed] == [45]
    assert kept_queue.jobs == []


def test_the_program_ends_after_sigterm_although_the_database_hangs(
    mariadb_server: MariaDB, kept_queue: TestQueue
) -> None:
    kept_queue.fail(45)
    with (
        LocalSlack(ack_timeout=SLACK_WAITS) as slack,
        running(slack, kept_queue.url) as process,
        ThreadPoolExecutor(1) as person,
    ):
        slack.command("operator", "queue-ops", "/queue status")
        with frozen(mariadb_server):
            waiting = person.submit(slack.command, "operator", "queue-ops", "/queue retry 45")
            waiting.result(PATIENCE)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert '"event": "stopped"' in log
    assert [row.id for row in kept_queue.failed] == [45]


def test_a_wrong_app_token_prints_one_sentence_and_exits_with_2(tmp_path: Path) -> None:
    queue = sqlite_queue(tmp_path)
    queue.engine.dispose()
    with LocalSlack() as slack:
        ended = subprocess.run(
            [sys.executable, "-m", "bot", "run"],
            cwd=ROOT,
            env=environ(slack, queue.url, SLACK_APP_TOKEN="xapp-1-wrong"),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "Slack does not open a connection for the app token: invalid_auth."
    )
    assert "SQLite is for one process only" in ended.stderr
