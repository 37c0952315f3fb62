"""Who may do what: a role out of ids and user groups, checked each time, closed on any doubt."""

from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Protocol

from bot.models.refusals import Denied, NotMember, Unverifiable, WrongChannel, WrongQueue
from bot.models.requests import Actor, Invocation, Source
from bot.models.roles import Role

READ_AGE = 900.0
CHANGE_AGE = 60.0
DESTRUCTIVE_AGE = 10.0
"""How old, in seconds, what is known of a group may be: for reads, changes, destructive changes."""

EVERYONE = "*"


class Unreachable(Exception):
    """Slack could not say: no answer, rate limit, missing scope, unknown or empty group."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What Slack says of an account."""

    user: str
    team: str
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    is_deleted: bool = False
    locale: str | None = None
    time_zone: str | None = None


class Directory(Protocol):
    """The people of the workspace; every answer may raise `Unreachable`."""

    def profile(self, user: str) -> Profile:
        """The account behind a user id."""

    def locale(self, user: str) -> str | None:
        """The person's language, if it is known already: never asks, never raises."""

    def time_zone(self, user: str) -> str | None:
        """The person's time zone, by its name, likewise."""

    def members(self, group: str, max_age: float) -> frozenset[str]:
        """The user ids in a user group, as known at most `max_age` seconds ago."""

    def is_shared(self, channel: str) -> bool:
        """Whether people of another company are in the channel."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings about roles: ids of users (U…, W…) and user groups (S…), channels, queues."""

    viewers: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    change_channels: tuple[str, ...] = ()
    changes_in_home: bool = True
    team: str | None = None
    terminal_role: Role = Role.ADMIN
    allowed_queues: tuple[str, ...] = ()

    def holders(self, role: Role) -> tuple[str, ...]:
        """Ids of those who have at least this role, the least powerful first."""
        by_role = ((Role.VIEWER, self.viewers), (Role.OPERATOR, self.operators))
        lower = [id_ for listed_role, ids in by_role if listed_role >= role for id_ in ids]
        return tuple(dict.fromkeys([*lower, *self.admins]))


@dataclass(frozen=True, slots=True)
class Grant:
    """The role a person has, and the rule that gave it."""

    role: Role
    rule: str


@dataclass(frozen=True, slots=True)
class Need:
    """What a command asks for: the least role, and whether it changes or destroys something."""

    role: Role
    changes: bool = False
    destructive: bool = False

    @property
    def max_age(self) -> float:
        """How old the answer about a group may be, in seconds."""
        if self.destructive:
            return DESTRUCTIVE_AGE
        return CHANGE_AGE if self.changes else READ_AGE


def authorize(rules: Rules, directory: Directory, invocation: Invocation, need: Need) -> Grant:
    """The person's grant, or a `NotAllowed`: team, account, channel, role, in this order."""
    actor = invocation.actor
    if actor.is_terminal:
        grant = Grant(rules.terminal_role, "terminal")
    else:
        try:
            _check_account(rules, directory, actor)
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
    """Ask Slack no more where its answers already took all the time there was."""
    if monotonic() > deadline:
        raise Unreachable("Slack answered too slowly")


def _check_account(rules: Rules, directory: Directory, actor: Actor) -> None:
    if rules.team is not None and actor.team != rules.team:
        raise NotMember(why="foreign")
    profile = directory.profile(actor.user)
    if rules.team is not None and profile.team != rules.team:
        raise NotMember(why="foreign")
    if profile.is_deleted:
        raise NotMember(why="deactivated")
    if profile.is_bot:
        raise NotMember(why="bot")
    if profile.is_guest or profile.is_stranger:
        raise NotMember(why="guest")


def allows_changes(rules: Rules, invocation: Invocation) -> bool:
    """Whether changes are allowed where the request comes from, as far as the settings say."""
    if invocation.actor.is_terminal:
        return True
    if invocation.source is Source.HOME:
        return rules.changes_in_home
    # A dialog without the channel it came from is in none.
    return invocation.channel in rules.change_channels


def _check_channel(rules: Rules, directory: Directory, invocation: Invocation) -> None:
    if not allows_changes(rules, invocation):
        raise WrongChannel(channels=rules.change_channels)
    if invocation.channel is not None and directory.is_shared(invocation.channel):
        raise WrongChannel(channels=rules.change_channels, why="shared")


def role_of(
    rules: Rules, directory: Directory, user: str, need: Need, deadline: float = inf
) -> Grant:
    """The highest role that ids and groups give; a group that cannot be read counts as doubt.

    An id listed by itself needs no call; after the deadline no more groups are read. Doubt about
    a higher role does not take away a lower one that is certain and enough; otherwise it raises
    `Unreachable`.
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
    """Raise `WrongQueue` where the bot may not change this queue."""
    if rules.allowed_queues and queue not in rules.allowed_queues:
        raise WrongQueue(queue=queue, queues=rules.allowed_queues)
