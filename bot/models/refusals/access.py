"""Refusals because of the person, the channel or the queue."""

from dataclasses import dataclass

from bot.models.refusals.base import Refusal
from bot.models.roles import Role


class NotAllowed(Refusal):
    """The person, the channel or the queue does not allow the request."""

    outcome = "denied"


@dataclass(eq=False, kw_only=True)
class Denied(NotAllowed):
    """The person needs the role `needed` and has `has`; `holders` are the ids that have it.

    `most` is set if `has` allows that many rows at once, but not `total`.
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
    """Changes are not allowed in this channel; `channels` are those that allow changes.

    `why` is `shared` for a channel that another company shares.
    """

    code = "wrong-channel"

    channels: tuple[str, ...]
    why: str | None = None


@dataclass(eq=False, kw_only=True)
class WrongQueue(NotAllowed):
    """The bot may change only `queues`, and `queue` is not one of them; `*` stands for all."""

    code = "wrong-queue"

    queue: str
    queues: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class Unverifiable(NotAllowed):
    """Slack did not answer, so the role could not be checked; `reason` is for the log."""

    code = "unverifiable"

    reason: str
