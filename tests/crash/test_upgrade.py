"""A rolling upgrade: the old and the new version work side by side on migrated tables."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot import __version__
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.migrate import MIGRATIONS
from tests.kit.balancer import Balancer, balancing
from tests.kit.invariants import broken, payloads
from tests.kit.processes import PATIENCE, ROOT, SLACK_WAITS, behind, environ, running
from tests.kit.queues import make_queue

NEXT = "99.0.0"
ADDED_STEP = """
def _add_note(connection: Connection, now: datetime) -> None:
    connection.execute(text("ALTER TABLE queue_bot_outbox ADD COLUMN note VARCHAR(64)"))


MIGRATIONS"""


def next_version(folder: Path) -> Path:
    """Return a copy of the bot with another version, whose next migration adds a column."""
    shutil.copytree(ROOT / "bot", folder / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    replace(folder / "bot/__init__.py", re.escape(__version__), NEXT)
    outbox = folder / "bot/store/tables/outbox.py"
    replace(outbox, r"\n    Index", '\n    Column("note", String(64)),\n    Index')
    migrate = folder / "bot/store/migrate.py"
    replace(migrate, r"\n\)\n\"\"\"The migrations", '\n    _add_note,\n)\n"""The migrations')
    replace(migrate, r"\nMIGRATIONS", ADDED_STEP)
    return folder


def replace(file: Path, pattern: str, text: str) -> None:
    """Replace the first match of the pattern in a file."""
    changed, count = re.subn(pattern, text, file.read_text(), count=1)
    assert count == 1, f"{file.name} has no {pattern}"
    file.write_text(changed)


@contextmanager
def replica(
    slack: LocalSlack, url: str, balancer: Balancer | None, root: Path = ROOT
) -> Iterator[subprocess.Popen[str]]:
    """Run the version of the bot in a tree, behind the balancer or in Socket Mode."""
    settings = {} if balancer is None else behind(balancer)
    with running(slack, url, settings, root) as process:
        if balancer is not None:
            slack.deliver_by_http(balancer.url)
        yield process


@pytest.mark.parametrize("mode", ["socket", "http"])
def test_a_rolling_upgrade_loses_and_repeats_nothing(
    mariadb_url: str, tmp_path: Path, mode: str
) -> None:
    queue = make_queue(mariadb_url)
    ids = [queue.fail(order=number) for number in range(6)]
    before = payloads(queue)
    tree = next_version(tmp_path)
    with LocalSlack(ack_timeout=SLACK_WAITS) as slack, balancing() as running_balancer:
        balancer = running_balancer if mode == "http" else None

        def retry(id_: int) -> None:
            answer = slack.command("operator", "queue-ops", f"/queue retry {id_}", wait=30)
            assert "back in the queue" in answer["replies"][0]["text"], answer

        def announced() -> list[str]:
            texts = [message["text"] for message in slack.messages("queue-audit")]
            return [text for text in texts if "retried" in text]

        with replica(slack, queue.url, balancer) as old:
            retry(ids[0])
            migrated = subprocess.run(
                [sys.executable, "-m", "bot", "migrate"],
                cwd=tree, env=environ(slack, queue.url), capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert migrated.stdout == "Migrations applied: 1.\n"
            retry(ids[1])
            with replica(slack, queue.url, balancer, tree):
                for id_ in ids[2:5]:
                    # Each version gets one of the two copies.
                    slack.duplicate_next()
                    retry(id_)
                old.terminate()
                if mode == "socket":
                    assert old.wait(PATIENCE) == 0
                # Behind a balancer, nobody has to wait for the end of the old version.
                retry(ids[5])
                old.communicate(timeout=PATIENCE)
                assert old.returncode == 0
                slack.wait_for(lambda: len(announced()) >= len(ids), 30)
        assert len(announced()) == len(ids)

    assert queue.failed == []
    assert payloads(queue) == before
    assert broken(queue) == []
    records = queue.rows(tables.audit)
    assert [record.outcome for record in records] == ["ok"] * len(ids)
    assert [records[0].version, records[1].version] == [__version__] * 2
    assert records[5].version == NEXT
    assert queue.rows(tables.migrations)[-1].version == len(MIGRATIONS) + 1
    queue.engine.dispose()
