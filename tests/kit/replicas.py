"""Replicas of the bot for tests of the road below Slack: set up by hand, with a movable clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import uuid4

from bot.access.roles import Profile, Rules, Unreachable
from bot.app.command import Setup, find_commands
from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.responses import Outcome
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
    """A workspace in which everybody is a member, until `gone` says otherwise."""

    gone: set[str] = field(default_factory=set)

    def profile(self, user: str) -> Profile:
        """A member, or somebody who was deactivated."""
        return Profile(user, TEAM, is_deleted=user in self.gone)

    def locale(self, user: str) -> str | None:  # noqa: ARG002 the protocol's
        """No language but the configured one."""
        return None

    def time_zone(self, user: str) -> str | None:  # noqa: ARG002 the protocol's
        """No zone but the configured one."""
        return None

    def members(self, group: str, max_age: float) -> frozenset[str]:  # noqa: ARG002 the protocol's
        """No groups here."""
        raise Unreachable(f"no group {group}")

    def is_shared(self, channel: str) -> bool:  # noqa: ARG002 the protocol's
        """No channel is shared."""
        return False


def make_setup(queue: TestQueue, replica: str = "a", **values: Any) -> Setup:
    """One replica on this queue: Ana is an admin, Omar an operator, Sam nobody."""
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
        "commands": find_commands(),
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
    """Say something to a replica, as from Slack; the same `key` is the same click."""
    invocation = Invocation(
        Actor(by, TEAM, Source.SLASH),
        request_id("test", key or uuid4()),
        monotonic() + seconds,
        channel,
        message_ts,
    )
    return dispatch(setup, invocation, request)


def confirm(setup: Setup, action: str, plan: int, **values: Any) -> Outcome:
    """Confirm the preview of a bulk change; `by` and `key` as for `ask`."""
    options = {name: values.pop(name) for name in ("by", "key") if name in values}
    return ask(setup, Request(action, {"plan": plan, **values}), **options)


def hold(setup: Setup, name: str = "watcher") -> Lease:
    """The lease, which nobody else may hold now."""
    lease = changing(
        setup.engine,
        monotonic() + 30,
        lambda connection: leases.take(connection, name, setup.replica, setup.clock(connection)),
    )
    assert lease is not None, "somebody else holds the lease"
    return lease


def codes(outcomes: Iterable[Outcome]) -> list[str]:
    """How each ended: `ok`, or the refusal's code."""
    return [outcome.refusal.code if outcome.refusal else "ok" for outcome in outcomes]
