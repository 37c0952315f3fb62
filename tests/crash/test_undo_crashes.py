"""An undo killed at any step runs once when the click is delivered again."""

from typing import Any

import pytest

from tests.crash import jobs
from tests.crash.processes import replica
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, ask, codes, hold, make_setup

STEPS = [
    "claimed",
    "undo-locked",
    "undo-taken-back",
    "undo-put-back",
    "undo-marked",
    "settled",
    "committed",
]


@pytest.mark.parametrize("step", STEPS)
def test_an_undo_killed_at_any_step_is_made_once_when_the_click_is_repeated(
    mariadb_queue: TestQueue, step: str
) -> None:
    queue = mariadb_queue
    queue.fail(45)
    setup = make_setup(queue)
    watch(setup, hold(setup))
    before, born = queue.failed, payloads(queue)
    ask(setup, "retry 45")
    values: dict[str, Any] = {"words": "undo", "by": ANA, "key": "click"}

    with replica(queue, jobs.say, die=step, **values) as process:
        process.assert_killed()

    committed = step == "committed"
    assert (len(queue.jobs), len(queue.failed)) == ((0, 1) if committed else (1, 0))
    assert broken(queue, born) == []
    again = ask(make_setup(queue, "restarted"), "undo", key="click")
    assert codes([again]) == ["ok"]
    assert again.repeated is committed
    assert (queue.jobs, queue.failed) == ([], before)
    assert broken(queue, born) == []
