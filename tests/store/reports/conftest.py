"""A replica in Lima that started long ago, at noon of the day that its digest reports."""

from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot.app.setup import Setup
from tests.kit.clock import SetClock, moment
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup
from tests.kit.yesterday import LIMA, LONG_AGO, began


@pytest.fixture
def clock() -> SetClock:
    return SetClock(moment("2026-03-09 12:00", LIMA))


@pytest.fixture
def setup(queue: TestQueue, clock: SetClock) -> Iterator[Setup]:
    """A replica in Lima that started long ago and has indexed the earlier failed jobs."""
    began(queue, LONG_AGO)
    zone = ZoneInfo(LIMA)
    here = replace(queue, queue=replace(queue.queue, zone=zone))
    made = make_setup(here, clock=clock, zone=zone)
    watch(made, hold(made))
    yield made
    began(queue, LONG_AGO)
