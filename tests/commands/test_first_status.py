"""The first status of a large queue: estimates that are called estimates."""

import pytest
from sqlalchemy import insert

from bot.commands.status import StatusResult
from bot.models.refusals import Busy
from bot.store.metrics import samples
from tests.kit.on_call import text_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup

pytestmark = pytest.mark.each_database

ROWS = {"mail": 3_000, "netsuite": 1_000}
ATTEMPTS = 50


def test_a_count_that_takes_too_long_is_estimated(
    queue: TestQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.status.EXACT_SECONDS", 0.0)
    row = {"payload": "{}", "attempts": 0, "available_at": 1, "created_at": 1}
    with queue.engine.begin() as connection:
        rows = [{**row, "queue": name} for name, count in ROWS.items() for _ in range(count)]
        connection.execute(insert(queue.queue.jobs), rows)
        assert samples.latest(connection) is None
    queue.fail()
    setup = make_setup(queue.in_haste)

    outcomes = [ask(setup, "status")]

    if queue.url.startswith("sqlite"):
        assert isinstance(outcomes[0].refusal, Busy)
        return
    # On a busy machine the estimates may exceed their time limit as well.
    while isinstance(outcomes[-1].refusal, Busy) and len(outcomes) < ATTEMPTS:
        outcomes.append(ask(setup, "status"))
    outcome = outcomes[-1]
    assert isinstance(outcome.result, StatusResult)
    assert outcome.result.extra.estimated
    assert "Estimated: the first exact count is not ready yet" in text_of(setup, outcome)
    estimated = {one.queue: one.pending for one in outcome.result.extra.queues}
    assert estimated.keys() == ROWS.keys()
    for name, count in ROWS.items():
        assert count / 3 < estimated[name] < 3 * count
