"""Authorization by role, from user ids and user groups.

Every request is checked. If a role cannot be verified, the request is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Protocol

from bot.models.refusals import Denied, NotMember, Unverifiable, WrongChannel, WrongQueue
from bot.models.requests import Actor, Invocation, Source
from bot.models.roles import Role

READ_AGE = 900.0
CHANGE_AGE = 60.0
FRESH_AGE = 10.0
"""The maximum age of Slack's answers about a person, in seconds.

`READ_AGE` applies to reads, and `CHANGE_AGE` to changes. `FRESH_AGE` applies to bulk and
destructive changes, to the end of a change freeze, and to the check for shared channels.
"""

EVERYONE = "*"


class Unreachable(Exception):
    """Slack gave no usable answer: timeout, rate limit, missing scope, unknown or empty group."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An account as Slack describes it."""

    user: str
    team: str
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    is_deleted: bool = False
    locale: str | None = None
    time_zone: str | None = None
    names: tuple[str, ...] = ()


class Directory(Protocol):
    """The people of the workspace; a method that calls Slack may raise `Unreachable`."""

    def profile(self, user: str, max_age: float = READ_AGE) -> Profile:
        """The account with this user id; Slack's answer is at most `max_age` seconds old."""

    def locale(self, user: str) -> str | None:
        """The person's cached language, or None; never calls Slack and never raises."""

    def time_zone(self, user: str) -> str | None:
        """The name of the person's cached time zone, or None; never calls Slack."""

    def members(self, group: str, max_age: float) -> frozenset[str]:
        """The user ids in a user group, from a list at most `max_age` seconds old."""

    def is_shared(self, channel: str) -> bool:
        """Whether the channel is shared with another company; the answer is at most 10 s old."""

    def prefetch(
        self, user: str, channel: str | None, groups: Sequence[str], max_age: float
    ) -> None:
        """Start all calls for these answers, so that the calls run at the same time."""

    def forget(self) -> None:
        """Discard all answers, because roles changed."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings about roles.

    The settings name users (`U…`, `W…`), user groups (`S…`), channels and queues.
    """

    viewers: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    change_channels: tuple[str, ...] = ()
    changes_in_home: bool = True
    team: str | None = None
    terminal_role: Role = Role.ADMIN
    allowed_queues: tuple[str, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """The ids of the user groups that give a role."""
        ids = (*self.viewers, *self.operators, *self.admins)
        return tuple(dict.fromkeys(id_ for id_ in ids if id_.startswith("S")))

    def holders(self, role: Role) -> tuple[str, ...]:
        """Return the ids that have at least this role, the least powerful role first."""
        by_role = ((Role.VIEWER, self.viewers), (Role.OPERATOR, self.operators))
        lower = [id_ for listed_role, ids in by_role if listed_role >= role for id_ in ids]
        return tuple(dict.fromkeys([*lower, *self.admins]))


@dataclass(frozen=True, slots=True)
class Grant:
    """A person's role, and the rule that grants the role."""

    role: Role
    rule: str


@dataclass(frozen=True, slots=True)
class Need:
    """The requirements of a request: the lowest role, and whether the request is a change.

    `fresh`: the request changes many rows or cannot be undone, so Slack's answers must be new.
    """

    role: Role
    changes: bool = False
    fresh: bool = False

    @property
    def max_age(self) -> float:
        """The maximum age of Slack's answers, in seconds."""
        if self.fresh:
            return FRESH_AGE
        return CHANGE_AGE if self.changes else READ_AGE


def authorize(rules: Rules, directory: Directory, invocation: Invocation, need: Need) -> Grant:
    """Return the person's grant, or raise `NotAllowed`.

    The checks run in this order: team, account, channel, role.
    """
    actor = invocation.actor
    if actor.is_terminal:
        grant = Grant(rules.terminal_role, "terminal")
    else:
        try:
            _prefetch(rules, directory, invocation, need)
            check_account(rules, directory, actor, need.max_age)
            _check_time(invocation.deadline)
            if need.changes:
                _check_channel(rules, directory, invocation)
                _check_time(invocation.deadline)
            grant = role_of(rules, directory, actor.user, need, invocation.deadline)
        except Unreachable as error:
            raise Unverifiable(reason=str(error)) from error
    if grant.role < need.role:
        raise Denied(needed=need.role, has=grant.role, holders=rules.holders(need.role))
    return grant


def _check_time(deadline: float) -> None:
    """Raise `Unreachable` after the deadline, so that Slack is not called again."""
    if monotonic() > deadline:
        raise Unreachable("Slack answered too slowly")


def _prefetch(rules: Rules, directory: Directory, invocation: Invocation, need: Need) -> None:
    """Start the calls for a change at the same time; calls in sequence would delay the answer."""
    if not need.changes or monotonic() > invocation.deadline:
        return
    user = invocation.actor.user
    is_listed = _listed_role(rules, user).role >= need.role
    ids = () if is_listed else rules.holders(need.role)
    groups = [group for group in rules.groups if group in ids]
    directory.prefetch(user, invocation.channel, groups, need.max_age)


def check_account(
    rules: Rules, directory: Directory, actor: Actor, max_age: float = READ_AGE
) -> None:
    """Raise `NotMember` unless the account is a full member of the team."""
    if rules.team is not None and actor.team != rules.team:
        raise NotMember(why="foreign")
    profile = directory.profile(actor.user, max_age)
    if rules.team is not None and profile.team != rules.team:
        raise NotMember(why="foreign")
    if profile.is_deleted:
        raise NotMember(why="deactivated")
    if profile.is_bot:
        raise NotMember(why="bot")
    if profile.is_guest or profile.is_stranger:
        raise NotMember(why="guest")


def allows_changes(rules: Rules, invocation: Invocation) -> bool:
    """Whether the settings allow changes from the request's channel, App Home or terminal."""
    if invocation.actor.is_terminal:
        return True
    if invocation.source is Source.HOME:
        return rules.changes_in_home
    # Some dialogs do not name their channel. Without a channel, no change is allowed.
    return invocation.channel in rules.change_channels


def _check_channel(rules: Rules, directory: Directory, invocation: Invocation) -> None:
    if not allows_changes(rules, invocation):
        raise WrongChannel(channels=rules.change_channels)
    if invocation.channel is not None and directory.is_shared(invocation.channel):
        raise WrongChannel(channels=rules.change_channels, why="shared")


def role_of(
    rules: Rules, directory: Directory, user: str, need: Need, deadline: float = inf
) -> Grant:
    """Return the highest role that the person's id or groups give.

    If the settings list the user id, Slack is not called for that role. After the deadline, no
    further group is read. If a group cannot be read, a lower role is returned if the role is
    verified and sufficient. Otherwise the function raises `Unreachable`.
    """
    listed = _listed_role(rules, user)
    doubt: Unreachable | None = None
    for role, ids in (
        (Role.ADMIN, rules.admins),
        (Role.OPERATOR, rules.operators),
        (Role.VIEWER, rules.viewers),
    ):
        if listed.role >= role:
            break
        for group in (id_ for id_ in ids if id_.startswith("S")):
            try:
                _check_time(deadline)
                if user in directory.members(group, need.max_age):
                    return Grant(role, f"{role.word}s: {group}")
            except Unreachable as error:
                doubt = error
    if listed.role < need.role and doubt is not None:
        raise doubt
    return listed


def _listed_role(rules: Rules, user: str) -> Grant:
    for role, ids in (
        (Role.ADMIN, rules.admins),
        (Role.OPERATOR, rules.operators),
        (Role.VIEWER, rules.viewers),
    ):
        if user in ids:
            return Grant(role, f"{role.word}s: {user}")
    if EVERYONE in rules.viewers:
        return Grant(Role.VIEWER, "viewers: *")
    return Grant(Role.NONE, "none")


def check_queue(rules: Rules, queue: str) -> None:
    """Raise `WrongQueue` if the settings do not allow changes to this queue."""
    if rules.allowed_queues and queue not in rules.allowed_queues:
        raise WrongQueue(queue=queue, queues=rules.allowed_queues)
