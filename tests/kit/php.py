"""Workers in PHP, and people on two replicas who retry their failed jobs at once."""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest

from bot.background.operations.runner import Runner
from tests.kit.bulk import preview_of, run_out
from tests.kit.concurrency import at_once
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, codes, confirm, hold, make_setup

SECONDS = 60.0


def require(*, present: bool, sentence: str) -> None:
    """Skip the test if a program is not present; in the CI, fail."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def running(command: Sequence[str], first_line: str = "") -> Iterator[None]:
    """Run a worker until the block ends and its input is closed; it must not have failed."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdin is not None
    try:
        process.stdin.write(first_line)
        process.stdin.flush()
        yield
        output, _ = process.communicate(timeout=SECONDS)
        assert (process.returncode, output) == (0, "")
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()


def retry_each_as_two_people(queue: TestQueue) -> None:
    """Two people on two replicas retry every job by id at once; each job is retried once."""
    ids = [row.id for row in queue.failed]

    def retry(replica: str, person: str) -> list[str]:
        setup = make_setup(queue, replica)
        return codes(ask(setup, f"retry {failed_id}", by=person) for failed_id in ids)

    steps: list[Callable[[], list[str]]] = [partial(retry, "a", ANA), partial(retry, "b", OMAR)]
    ends = at_once(*steps, seconds=SECONDS)
    for failed_id, *both in zip(ids, *ends, strict=True):
        assert sorted(both) == ["failed-job-not-found", "ok"], (failed_id, both)


def retry_all_beside_a_person(queue: TestQueue, rows: int) -> None:
    """One person retries all jobs in batches of `rows`, while another retries them by id."""
    ids = [row.id for row in queue.failed]
    first, second = make_setup(queue, "a"), make_setup(queue, "b")
    watch(first, hold(first))
    plan = preview_of(ask(first, "retry-all")).plan

    def in_bulk() -> None:
        assert confirm(first, "retry-all", plan).refusal is None
        run_out(Runner(first, rows, lanes=1, seconds=0))

    def by_hand() -> None:
        ends = codes(ask(second, f"retry {failed_id}", by=OMAR) for failed_id in reversed(ids))
        assert set(ends) <= {"ok", "failed-job-not-found"}, ends

    at_once(in_bulk, by_hand, seconds=SECONDS)
