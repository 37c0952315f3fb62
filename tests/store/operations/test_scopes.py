"""The scope of an operation is exactly the named queue and time."""

from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from zoneinfo import ZoneInfo

import pytest

from bot.database.transactions import changing
from bot.store.failures import index
from tests.kit.bulk import preview_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, make_setup

NOW = datetime(2025, 9, 7, 6, 0)  # noqa: DTZ001 naive UTC


@pytest.mark.parametrize("other", ["Mail", "MAIL", "mail ", "maíl", " mail"])
def test_a_queue_s_name_is_compared_exactly(queue: TestQueue, other: str) -> None:
    """The allowlist compares exactly, so the scope must not be wider than the name it passed."""
    queue.fail(1, queue="mail")
    queue.fail(2, queue=other)
    frozen = preview_of(ask(make_setup(queue), "clear-failed queue=mail"))
    assert (frozen.total, [share.name for share in frozen.queues]) == (1, ["mail"])


def test_an_age_is_counted_in_real_hours_when_the_clocks_change(queue: TestQueue) -> None:
    """In Santiago, clocks went from 24:00 to 01:00 that night: 03:00 was 3 hours after 23:00."""
    santiago = ZoneInfo("America/Santiago")
    setup = make_setup(queue, clock=lambda _connection: NOW)
    setup = replace(setup, queue=replace(queue.queue, zone=santiago))
    scope = preview_of(ask(setup, "clear-failed older=3h")).scope
    assert scope.failed_before == datetime(2025, 9, 6, 23, 0)  # noqa: DTZ001 wall clock
    assert setup.queue.utc(scope.failed_before) == NOW - timedelta(hours=3)


def test_names_of_queues_that_differ_in_case_are_two(queue: TestQueue) -> None:
    for name in ("mail", "Mail", "mail"):
        queue.fail(queue=name)
    changing(
        queue.engine,
        monotonic() + 20,
        lambda connection: index.catch_up(connection, queue.queue, NOW),
    )
    frozen = preview_of(ask(make_setup(queue), "retry-all"))
    assert [(share.name, share.count) for share in frozen.queues] == [("mail", 2), ("Mail", 1)]
