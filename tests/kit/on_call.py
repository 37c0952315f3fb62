"""Incidents, and the answers to what people on call do with them, without Slack."""

import json
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.app.dispatch import request_id
from bot.app.responses import Outcome, answer
from bot.app.setup import Setup
from bot.database.transactions import changing
from bot.models.requests import Actor, Invocation, Message, Source
from bot.store import tables
from bot.store.incidents import transitions
from bot.store.incidents.transitions import Subject
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, OPS, TEAM

T = TypeVar("T")


def within(setup: Setup, work: Callable[[Connection], T]) -> T:
    """Run the work in one transaction."""
    return changing(setup.engine, monotonic() + 10, work)


def opened(setup: Setup, subject: Subject) -> int:
    """Trigger an incident of this subject and return its id."""
    return within(setup, lambda c: transitions.trigger(c, subject, setup.clock(c)).id)


def text_of(setup: Setup, outcome: Outcome) -> str:
    """Return the text of the answer."""
    asked = Invocation(Actor(OMAR, TEAM, Source.SLASH), request_id("x"), 0.0, OPS)
    shown = answer(setup, asked, outcome)
    assert isinstance(shown, Message)
    return shown.text


def posted_bodies(queue: TestQueue) -> list[str]:
    """Return the bodies of the messages for the channel of the change."""
    return [row.body for row in queue.rows(tables.outbox) if row.subject.startswith("request:")]


def records(queue: TestQueue) -> list[tuple[str, str, dict[str, Any]]]:
    """Return action, outcome and arguments of each audit record."""
    rows = queue.rows(tables.audit)
    return [(row.action, row.outcome, json.loads(row.arguments)) for row in rows]
