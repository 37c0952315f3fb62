"""`queue-bot reindex` rebuilds what an older version stored, and blanks what has no original."""

from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.store import tables
from bot.store.failures import rebuild
from bot.terminal.reindex import reindex
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, hold, make_setup

OLD = "leaked k4n4ryZx9Q"


def texts(queue: TestQueue) -> list[dict[str, Any]]:
    """The texts of the index by failed job."""
    names = ("failed_id", "queue", "error", "job_class", "order_id", "tienda_id")
    rows = queue.rows(tables.failures)
    return [{name: getattr(row, name) for name in names} for row in rows]


def group_names(queue: TestQueue) -> dict[int, str]:
    """The names of the error groups by id."""
    return {row.id: row.name for row in queue.rows(tables.error_groups)}


@pytest.fixture
def indexed(queue: TestQueue) -> Setup:
    """An index of six failures in three groups.

    Two were retried, one of these was the only failure of its group; one was removed without the
    bot.
    """
    queue.fail(8, exception="Third\\Exception: the label printer is offline")
    for failed_id in range(1, 5):
        queue.fail(failed_id)
    queue.fail(9, exception="Another\\Exception: no such courier")
    setup = make_setup(queue)
    index_once(setup, lease=hold(setup))
    assert codes([ask(setup, "retry 1"), ask(setup, "retry 8")]) == ["ok", "ok"]
    return setup


def test_an_interrupted_rebuild_resumes_and_restores_every_text(
    indexed: Setup, queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = texts(queue), group_names(queue)
    with queue.engine.begin() as connection:
        connection.execute(update(tables.failures).values(error=OLD, job_class=OLD, order_id=OLD))
        for id_ in names:
            renamed = update(tables.error_groups).where(tables.error_groups.c.id == id_)
            connection.execute(renamed.values(name=f"{OLD} {id_}"))
        failed = queue.queue.failed
        connection.execute(delete(failed).where(failed.c.id == 9))
    monkeypatch.setattr(rebuild, "PAGE", 2)
    lines: list[str] = []

    def interrupt(line: str) -> None:
        lines.append(line)
        if len(lines) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex(queue.engine, indexed.queue, interrupt)
    reindex(queue.engine, indexed.queue, lines.append)

    assert lines[0] == "2 of 6 failures: 2 rebuilt, 0 blanked."
    assert lines[1].startswith("Resuming after failure ")
    assert lines[-1] == "Done. 1 error groups without an original were blanked."
    after = texts(queue)
    lost = [row for row in after if row["failed_id"] == 9]
    assert [row for row in after if row not in lost] == [
        row for row in before if row["failed_id"] != 9
    ]
    assert (lost[0]["error"], lost[0]["job_class"], lost[0]["order_id"]) == (
        "[masked]",
        None,
        None,
    )
    assert OLD not in str([after, group_names(queue)])
    assert group_names(queue) == {
        id_: f"[masked] · E{id_}" if "no such courier" in name else name
        for id_, name in names.items()
    }
