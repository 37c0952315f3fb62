"""Refusals of people, places and queues that may not do what was asked."""

from dataclasses import dataclass

from bot.models.refusals.base import Refusal
from bot.models.roles import Role


class NotAllowed(Refusal):
    """The request is refused because of who asks, where, or on which queue."""

    outcome = "denied"


@dataclass(eq=False, kw_only=True)
class Denied(NotAllowed):
    """The person needs the role `needed` and has `has`; `holders` are the ids that have it.

    `most` is set if `has` is enough for that many rows at once, but not for `total`.
    """

    code = "denied"

    needed: Role
    has: Role
    holders: tuple[str, ...]
    total: int | None = None
    most: int | None = None


@dataclass(eq=False, kw_only=True)
class NotMember(NotAllowed):
    """The account is foreign, deactivated, a bot or a guest; `why` says which."""

    code = "not-member"

    why: str


@dataclass(eq=False, kw_only=True)
class WrongChannel(NotAllowed):
    """Changes are not allowed in this channel; `channels` are those where they are.

    `why` is `shared` for a channel that another company shares.
    """

    code = "wrong-channel"

    channels: tuple[str, ...]
    why: str | None = None


@dataclass(eq=False, kw_only=True)
class WrongQueue(NotAllowed):
    """The bot may change only `queues`; `queue` is another one, `*` stands for all of them."""

    code = "wrong-queue"

    queue: str
    queues: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class Unverifiable(NotAllowed):
    """Slack did not answer, so the role could not be checked; `reason` is for the log."""

    code = "unverifiable"

    reason: str
