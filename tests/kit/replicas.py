"""Replicas of the bot for tests without Slack's transport, with a clock that the test moves."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import uuid4

from bot.access.roles import READ_AGE, Profile, Rules, Unreachable
from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.responses import Outcome
from bot.app.setup import Setup
from bot.app.subjects import commands_of
from bot.database.transactions import changing
from bot.models.requests import Actor, Invocation, Source
from bot.models.roles import Role
from bot.store import leases
from bot.store.leases import Lease
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue

TEAM = "T07QUEUETEAM"
OPS, ALERTS, AUDIT = "C07QUEUEOPS1", "C07QALERTS01", "C07QAUDIT001"
ANA, OMAR, SAM = "U07ADMINANA1", "U07OPERATOR1", "U07STRANGER1"


@dataclass
class People:
    """A workspace in which everybody is a member, except the people in `gone`."""

    gone: set[str] = field(default_factory=set)

    def profile(self, user: str, max_age: float = READ_AGE) -> Profile:  # noqa: ARG002 the protocol's
        """Return the profile of a member, or of a deactivated person."""
        return Profile(user, TEAM, is_deleted=user in self.gone)

    def locale(self, user: str) -> str | None:  # noqa: ARG002 the protocol's
        """Return None, so that the configured language applies."""
        return None

    def time_zone(self, user: str) -> str | None:  # noqa: ARG002 the protocol's
        """Return None, so that the configured time zone applies."""
        return None

    def members(self, group: str, max_age: float) -> frozenset[str]:  # noqa: ARG002 the protocol's
        """Return no members; this workspace has no user groups."""
        raise Unreachable(f"no group {group}")

    def is_shared(self, channel: str) -> bool:  # noqa: ARG002 the protocol's
        """Return False; no channel is shared."""
        return False

    def prefetch(
        self, user: str, channel: str | None, groups: Sequence[str], max_age: float
    ) -> None:
        """Do nothing; nothing is cached."""

    def forget(self) -> None:
        """Do nothing; nothing is cached."""


def make_setup(queue: TestQueue, replica: str = "a", **values: Any) -> Setup:
    """Return a replica on this queue: Ana is an admin, Omar an operator, Sam has no role."""
    given: dict[str, Any] = {
        "engine": queue.engine,
        "queue": queue.queue,
        "rules": Rules(
            operators=(OMAR,),
            admins=(ANA,),
            change_channels=(OPS, ALERTS),
            team=TEAM,
            terminal_role=Role.ADMIN,
        ),
        "directory": People(),
        "replica": replica,
        "version": "test",
        "audit_channel": AUDIT,
        "alert_channel": ALERTS,
        "fallback_channel": OPS,
        "commands": commands_of(queue.queue),
        "clock": Clock(),
    }
    return Setup(**(given | values))


def ask(
    setup: Setup,
    request: str | Request,
    *,
    by: str = ANA,
    key: str | None = None,
    seconds: float = 30.0,
    message_ts: str | None = None,
    channel: str | None = OPS,
) -> Outcome:
    """Send a request to a replica, as Slack does; the same `key` is the same click."""
    invocation = Invocation(
        Actor(by, TEAM, Source.SLASH),
        request_id("test", key or uuid4()),
        monotonic() + seconds,
        channel,
        message_ts,
    )
    return dispatch(setup, invocation, request)


def confirm(setup: Setup, action: str, plan: int, **values: Any) -> Outcome:
    """Confirm an operation's preview; `by` and `key` go to `ask`, other values to the request."""
    options = {name: values.pop(name) for name in ("by", "key") if name in values}
    return ask(setup, Request(action, {"plan": plan, **values}), **options)


def hold(setup: Setup, name: str = "watcher") -> Lease:
    """Acquire and return the lease, which no other replica may hold now."""
    lease = changing(
        setup.engine,
        monotonic() + 30,
        lambda connection: leases.take(connection, name, setup.replica, setup.clock(connection)),
    )
    assert lease is not None, "another replica holds the lease"
    return lease


def codes(outcomes: Iterable[Outcome]) -> list[str]:
    """Return `ok` or the refusal's code of each outcome."""
    return [outcome.refusal.code if outcome.refusal else "ok" for outcome in outcomes]
