"""The real program, started and asked to stop while somebody waits for an answer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select, text

from bot.ledger import tables
from bot.playground.demo import IDS
from bot.playground.server import LocalSlack
from tests.queues import TestQueue

ROOT = Path(__file__).parents[2]


@contextmanager
def running(slack: LocalSlack, url: str) -> Iterator[subprocess.Popen[str]]:
    """`queue-bot run` with a team's settings, connected; killed at the end if it is still there."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {
        **kept,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.base_url,
        "DATABASE_URL": url,
        "QUEUE_BOT_VIEWERS": IDS.viewer,
        "QUEUE_BOT_OPERATORS": IDS.oncall,
        "QUEUE_BOT_ADMINS": IDS.admin,
        "QUEUE_BOT_CHANGE_CHANNELS": IDS.queue_ops,
        "QUEUE_BOT_AUDIT_CHANNEL": IDS.queue_audit,
        "QUEUE_BOT_ALERT_CHANNEL": IDS.queue_alerts,
    }
    command = [sys.executable, "-m", "bot", "run"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True)
    try:
        slack.wait_for(lambda: slack.hub.connected == 1, 20)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def waits_for_a_lock(queue: TestQueue) -> bool:
    """Whether a statement of somebody else is waiting for a row."""
    with queue.engine.connect() as connection:
        at_work = text(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
            "WHERE ID <> CONNECTION_ID() AND DB = DATABASE() "
            "AND INFO LIKE '%FROM failed_jobs%FOR UPDATE'"
        )
        return bool(connection.execute(at_work).scalar())


def test_sigterm_answers_what_is_open_tells_what_was_done_and_ends_with_0(
    kept_queue: TestQueue,
) -> None:
    kept_queue.fail(45)
    failed = kept_queue.queue.failed
    with (
        LocalSlack() as slack,
        running(slack, kept_queue.url) as process,
        ThreadPoolExecutor(1) as person,
    ):
        with kept_queue.engine.begin() as worker:
            worker.execute(select(failed.c.id).where(failed.c.id == 45).with_for_update())
            waiting = person.submit(slack.command, "operator", "queue-ops", "/queue retry 45")
            slack.wait_for(lambda: waits_for_a_lock(kept_queue))
            process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        answer = waiting.result(10)
        _, log = process.communicate(timeout=20)

    assert process.returncode == 0
    assert time.monotonic() - began < 15
    assert "back in the queue" in answer["replies"][0]["text"]
    assert len(kept_queue.jobs) == 1
    assert '"event": "stopped"' in log
    for secret in (slack.bot_token, slack.app_token, kept_queue.engine.url.password or "-"):
        assert secret not in log
    (lease,) = [row for row in kept_queue.rows(tables.leases) if row.name == "watcher"]
    assert lease.owner == ""
