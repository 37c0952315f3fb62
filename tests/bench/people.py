"""A bot without Slack, for measurements below the socket: a setup and a person's requests."""

from collections.abc import Sequence
from time import monotonic
from typing import Any
from uuid import uuid4

from bot.access.roles import READ_AGE, Profile, Rules
from bot.app.command import find_commands
from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.models.operations import Preview, Progress
from bot.models.requests import Actor, Invocation, Source
from tests.kit.queues import TestQueue

ADMIN = "U07ADMINANA1"
TEAM = "T07QUEUETEAM"
CHANNEL = "C07QUEUEOPS1"
AUDIT_CHANNEL = "C07QAUDIT001"
SECONDS = 60.0


class OnePerson:
    """The directory of a workspace with one admin."""

    def profile(self, user: str, max_age: float = READ_AGE) -> Profile:
        """Return a full member for every user."""
        del max_age
        return Profile(user=user, team=TEAM)

    def locale(self, user: str) -> str | None:
        """Return no language, so that the configured one applies."""
        del user
        return None

    def time_zone(self, user: str) -> str | None:
        """Return no zone, so that the configured one applies."""
        del user
        return None

    def members(self, group: str, max_age: float) -> frozenset[str]:
        """Return no members."""
        del group, max_age
        return frozenset()

    def is_shared(self, channel: str) -> bool:
        """Return that the channel is not shared."""
        del channel
        return False

    def prefetch(
        self, user: str, channel: str | None, groups: Sequence[str], max_age: float
    ) -> None:
        """Do nothing; nothing is cached."""

    def forget(self) -> None:
        """Do nothing; nothing is cached."""


def make_setup(test: TestQueue) -> Setup:
    """Return a bot's setup on a database, with one admin."""
    return Setup(
        engine=test.engine,
        queue=test.queue,
        rules=Rules(admins=(ADMIN,), change_channels=(CHANNEL,), team=TEAM),
        directory=OnePerson(),
        replica="bench",
        version="0",
        audit_channel=AUDIT_CHANNEL,
        commands=find_commands(),
    )


def ask(setup: Setup, request: str | Request, seconds: float = SECONDS) -> Outcome:
    """Return the outcome of the admin's command, or raise its refusal."""
    actor = Actor(ADMIN, TEAM, Source.SLASH)
    key = request_id("bench", uuid4())
    outcome = dispatch(setup, Invocation(actor, key, monotonic() + seconds, CHANNEL), request)
    if outcome.refusal is not None:
        raise outcome.refusal
    return outcome


def preview(setup: Setup, words: str, seconds: float = SECONDS) -> Preview:
    """Return the frozen scope of a bulk change."""
    scope = _extra(ask(setup, words, seconds)).preview
    assert scope is not None
    return scope


def confirm(setup: Setup, frozen: Preview) -> Progress:
    """Confirm the previewed operation."""
    values: dict[str, Any] = {"plan": frozen.plan, "typed": frozen.total}
    started = _extra(ask(setup, Request(frozen.action, values))).progress
    assert started is not None
    return started


def _extra(outcome: Outcome) -> BulkExtra:
    assert outcome.result is not None
    extra = outcome.result.extra
    assert isinstance(extra, BulkExtra)
    return extra
