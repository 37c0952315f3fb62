"""Deliver the messages of the outbox to the local Slack."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select

from bot.app.setup import Setup
from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.clock import Clock, StandingClock
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import OPS, hold, make_setup


def clocked(queue: TestQueue) -> tuple[Setup, Clock]:
    clock = StandingClock()
    return make_setup(queue, clock=clock), clock


def send(setup: Setup, slack: LocalSlack) -> int:
    """Deliver every due message, under a new lease because the clock has moved."""
    return deliver(setup, poster_of(slack), hold(setup))


def unsent(setup: Setup) -> list[Mapping[str, Any]]:
    with setup.engine.begin() as connection:
        waiting = (
            select(tables.outbox)
            .where(tables.outbox.c.sent_at.is_(None))
            .order_by(tables.outbox.c.id)
        )
        return [dict(row) for row in connection.execute(waiting).mappings()]


def shown(slack: LocalSlack, channel: str = OPS) -> list[str]:
    return [message["text"] for message in slack.messages(channel)]


def drain(setup: Setup, slack: LocalSlack, clock: Clock, *, minutes: int = 30) -> None:
    """Advance the clock and run all background steps until no message is left."""
    for _ in range(minutes * 4):
        watch(setup, hold(setup))
        sent = send(setup, slack)
        behind = any(row.stale for row in rows_of(setup, tables.incidents))
        if not sent and not unsent(setup) and not behind:
            return
        clock.move(seconds=15)
    raise AssertionError(f"still unsent: {unsent(setup)}")


def rows_of(setup: Setup, table: Table) -> Sequence[Any]:
    with setup.engine.begin() as connection:
        return connection.execute(select(table)).all()
