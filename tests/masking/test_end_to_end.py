"""Secrets in any part of a failing job, and in typed text, are shown and stored nowhere."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.tables.columns import metadata
from tests.kit.processes import PATIENCE, ROOT, environ, running
from tests.kit.queues import TestQueue
from tests.kit.team import Team, team_at_work
from tests.masking.corpus import HERE

CANARY = "k4n4ryZx9Q"
QUEUE = f"mail password={CANARY}"
TYPED = (
    f"find clave={CANARY}",
    f"find contraseña: {CANARY}",
    f"retry 1 token={CANARY}",
    f"jobs queue=password={CANARY}",
    f"errors queue='token: {CANARY}'",
    f"password={CANARY}",
    f"freeze reason='the password is {CANARY}'",
    "unfreeze",
    f"mute queue=password={CANARY} for=1h",
    f"retry-all queue=password={CANARY}",
    f"history actor=token={CANARY}",
    "find 803193 tienda=token:" + CANARY,
)
READS = ("status", "jobs", "failed", "errors", "error E1", "stuck", "history", "watch", "digest")


def forms() -> list[str]:
    """Return the texts that leaked once, with the canary."""
    lines = (HERE / "leaked_forms.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("CANARY", CANARY) for line in lines if line and not line.startswith("# ")]


def payload(form: str) -> str:
    """Return a Laravel job with secrets in its class, order, tags and data."""
    return json.dumps(
        {
            "displayName": f"App\\Jobs\\Sync password={CANARY}",
            "tags": [f"token:{CANARY}", f"user password={CANARY}"],
            "data": {"order_id": f"token={CANARY}", "tienda_id": f"clave={CANARY}", "note": form},
            "clave": CANARY,
        }
    )


def plant(queue: TestQueue) -> list[int]:
    """Insert a failed job for each form, and a job for some; return the failed ids."""
    ids = [
        queue.fail(
            queue=QUEUE, exception=f"RuntimeException: {form}\n#0 {{main}}", body=payload(form)
        )
        for form in forms()
    ]
    for form in forms()[:5]:
        queue.push(queue=QUEUE, body=payload(form))
    return ids


def leaks(name: str, text: str) -> list[str]:
    """Return each place of the canary in a text, with the text around it."""
    leaked = []
    at = text.find(CANARY)
    while at >= 0:
        leaked.append(f"{name}: …{text[max(0, at - 80) : at + 20]}…")
        at = text.find(CANARY, at + 1)
    return leaked


def table_leaks(queue: TestQueue) -> Iterator[str]:
    """Yield the leaks in the bot's tables, except the archive, which undo needs byte for byte."""
    for table in metadata.sorted_tables:
        if table.name != tables.archive.name:
            for row in queue.rows(table):
                yield from leaks(table.name, repr(tuple(row)))


def use(team: Team, ids: list[int]) -> list[str]:
    """Run commands and open Home as people do; return everything shown to them."""
    shown = [team.say(words, as_="admin").everything for words in (*TYPED, *READS)]
    shown += [team.say(f"failed-job {id_}", as_="admin").everything for id_ in ids]
    shown += [team.say(f"job {job.id}", as_="admin").everything for job in team.queue.jobs[:2]]
    shown.append(team.say(f"retry {ids[0]}", as_="admin").everything)
    shown.append(team.say(f"delete-failed {ids[1]}", as_="admin").everything)
    shown.append(team.say("undo", as_="admin").everything)
    team.slack.open_home("admin")
    shown.append(json.dumps(team.until(lambda: team.slack.home("admin"))))
    return shown


def test_secrets_are_neither_shown_nor_stored(mariadb_queue: TestQueue) -> None:
    with team_at_work(mariadb_queue, rates=False) as team:
        ids = plant(mariadb_queue)
        team.until(lambda: len(mariadb_queue.rows(tables.failures)) == len(ids), 60)
        shown = use(team, ids)
        team.until(lambda: all(row.sent_at for row in mariadb_queue.rows(tables.outbox)), 60)
        shown.append(json.dumps(team.slack.state(), ensure_ascii=False))
    leaked = [leak for text in shown for leak in leaks("Slack", text)]
    leaked += table_leaks(mariadb_queue)
    assert not leaked, "\n".join(leaked[:40])
    # A mistake in typed words is only in the log, which the next test reads.
    assert mariadb_queue.rows(tables.audit)


def test_the_terminal_and_the_log_have_no_secrets(mariadb_queue: TestQueue) -> None:
    ids = plant(mariadb_queue)
    with (
        LocalSlack(rates=False, ack_timeout=20.0) as slack,
        running(slack, mariadb_queue.url) as process,
    ):
        slack.wait_for(lambda: len(mariadb_queue.rows(tables.failures)) == len(ids), 60)
        texts = [
            _terminal(slack, mariadb_queue, words, *options)
            for words, *options in (
                (TYPED[0], "--json"),
                (f"failed-job {ids[0]}", "--json"),
                ("failed", "--json"),
                ("errors",),
            )
        ]
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=PATIENCE)
    texts.append(log)
    leaked = [leak for text in texts for leak in leaks("terminal or log", text)]
    assert not leaked, "\n".join(leaked[:40])
    assert '"event": "stopped"' in log


def _terminal(slack: LocalSlack, queue: TestQueue, words: str, *options: str) -> str:
    command = [sys.executable, "-m", "bot", "do", words, "--as", "ana", *options]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ(slack, queue.url),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr
