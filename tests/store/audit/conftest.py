"""Fixtures of the audit log's tests."""

import pytest

from bot.app.setup import Setup
from bot.background import audit
from tests.kit.audit_chain import KEYED, change, problems, violations
from tests.kit.clock import Clock
from tests.kit.order_story import Shop
from tests.kit.queues import TestQueue
from tests.kit.replicas import hold, make_setup


@pytest.fixture
def shop(queue: TestQueue) -> Shop:
    """A shop with an empty queue."""
    return Shop(queue)


@pytest.fixture
def keyed(queue: TestQueue) -> Setup:
    """A replica with a key, and three sealed records: that of the key, and two of changes."""
    setup = make_setup(queue, audit_keys=KEYED, clock=Clock())
    assert change(setup, 2) == ["ok", "ok"]
    assert audit.seal_once(setup, hold(setup)) == 3
    assert violations(queue) == []
    assert problems(queue) == []
    return setup
