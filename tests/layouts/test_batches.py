"""Laravel's batches of jobs, and the edits of payloads in the last message of a bulk retry."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.app.responses import envelope
from bot.app.setup import Setup
from bot.background.failures import index_once
from bot.database.transactions import reading
from bot.queue.layouts import fitted
from bot.queue.layouts.job_batches import BATCH_SUBJECT, batches_table
from bot.store import tables
from bot.terminal.do import TerminalRequest, do
from tests.kit.bulk import carried_out, previewed
from tests.kit.changed_rows import run
from tests.kit.frameworks import laravel_payload
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, hold, make_setup

IMPORT = "9d1f0b6e-0000-4000-8000-0000000000aa"
CANCELLED = "9d1f0b6e-0000-4000-8000-0000000000bb"
PASSED = 1_600_000_000
TABLE = """CREATE TABLE IF NOT EXISTS job_batches (
    id VARCHAR(255) NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, total_jobs INT NOT NULL,
    pending_jobs INT NOT NULL, failed_jobs INT NOT NULL, failed_job_ids LONGTEXT NOT NULL,
    options TEXT NULL, cancelled_at INT NULL, created_at INT NOT NULL, finished_at INT NULL)"""
ROWS = f"""INSERT INTO job_batches VALUES
    ('{IMPORT}', 'Import users', 10, 2, 3, '[]', NULL, NULL, 1762537376, NULL),
    ('{CANCELLED}', 'Old import', 5, 5, 1, '[]', NULL, 1762537400, 1762537376, NULL)"""


def new_payload(order: int, batch: str) -> str:
    """A payload of a new version, which has the batch's id beside the command."""
    return laravel_payload(order).replace('"data":{', f'"data":{{"batchId":"{batch}",', 1)


def old_payload(order: int, batch: str) -> str:
    """A payload whose serialized command has the batch's id."""
    member = f':2:{{s:7:\\"batchId\\";s:36:\\"{batch}\\";s:8:'
    return laravel_payload(order).replace(":1:{s:8:", member, 1)


def batched(queue: TestQueue) -> Setup:
    """Four indexed failed jobs: 1 and 2 of one batch, 3 of a cancelled batch, 4 of none."""
    for number, text in enumerate(
        [
            new_payload(1, IMPORT),
            old_payload(2, IMPORT),
            new_payload(3, CANCELLED),
            laravel_payload(4),
        ],
        1,
    ):
        queue.fail(number, body=text)
    layout = queue.queue.layout
    assert layout.batches is batches_table
    configured = replace(
        queue.queue, subjects=layout.subjects, batches=layout.batches("job_batches", None)
    )
    with reading(queue.engine) as connection:
        setup = make_setup(replace(queue, queue=fitted(connection, configured)))
    index_once(setup, hold(setup))
    return setup


@pytest.fixture
def with_batches(laravel: TestQueue) -> TestQueue:
    """A queue with Laravel's table of batches."""
    run(laravel, TABLE, "DELETE FROM job_batches", ROWS)
    return laravel


def terminal(setup: Setup, words: str) -> str:
    """Return the terminal's answer."""
    lines: list[str] = []
    do(setup, TerminalRequest(words, "ana"), lines.append, lambda _: None)
    return "\n".join(lines)


def test_a_batch_is_shown_and_retried(with_batches: TestQueue) -> None:
    setup = batched(with_batches)
    progress = "Batch `Import users` · done: 8 of 10 · failures: 3"
    assert progress in terminal(setup, "failed-job 2")
    story = terminal(setup, f"find batch={IMPORT}")
    assert progress in story
    assert "Now: 2 failed" in story
    details = envelope(setup, ask(setup, "failed-job 1"))["data"]
    assert (details["batch"]["total"], details["batch"]["pending"]) == (10, 2)
    assert previewed(setup).batches is not None
    carried_out(setup, f"retry batch={IMPORT}")
    assert [row.id for row in with_batches.failed] == [3, 4]


def test_a_preview_and_an_answer_warn_of_a_batch(with_batches: TestQueue) -> None:
    setup = batched(with_batches)
    assert "1 of these jobs belongs to a cancelled batch" in terminal(setup, "retry queue=netsuite")
    assert "cancelled batch" not in terminal(setup, f"retry batch={IMPORT}")
    clear = terminal(setup, "clear-failed")
    assert "3 of these jobs belong to batches that are not finished" in clear
    assert "The batch of 3 is cancelled" in terminal(setup, "retry 3 4")
    assert "is cancelled" not in terminal(setup, "retry 1")
    assert "The batch of 2 is not finished" in terminal(setup, "delete-failed 2")


def test_without_the_table_of_batches_only_the_progress_is_missing(laravel: TestQueue) -> None:
    run(laravel, "DROP TABLE IF EXISTS job_batches")
    setup = batched(laravel)
    assert setup.queue.batches is None
    assert "batch" not in envelope(setup, ask(setup, "failed-job 1"))["data"]
    assert previewed(setup, f"retry batch={IMPORT}").total == 2
    assert setup.queue.subjects == (BATCH_SUBJECT,)


def test_the_last_message_of_a_bulk_retry_names_the_edits_of_payloads(laravel: TestQueue) -> None:
    more: list[dict[str, Any]] = [
        {"retryUntil": PASSED, "createdAt": PASSED - 600},
        {"retryUntil": PASSED, "createdAt": PASSED - 60, "attempts": 4},
        {"retryUntil": PASSED},
        {},
    ]
    for order, values in enumerate(more):
        laravel.fail(body=laravel_payload(order, **values))
    setup = make_setup(laravel)
    index_once(setup, hold(setup))
    carried_out(setup, "retry-all")
    counts = {(row.kind, row.rows) for row in laravel.rows(tables.payload_edits)}
    assert counts == {("deadline-moved", 2), ("attempts", 1), ("deadline-removed", 1)}
    last = json.loads(laravel.rows(tables.outbox)[-1].body)["text"]
    assert "The deadlines (retryUntil) of 2 jobs had passed. The retry set new" in last
    assert "The deadline (retryUntil) of 1 job had passed. The retry removed it" in last
    assert "The attempts in the payload of 1 job are 0 again." in last
