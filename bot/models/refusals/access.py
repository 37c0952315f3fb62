"""Refusals because of the person, the channel or the queue."""

from dataclasses import dataclass

from bot.models.refusals.base import Refusal
from bot.models.roles import Role


class NotAllowed(Refusal):
    """The request is not allowed for this person, channel or queue."""

    outcome = "denied"


@dataclass(eq=False, kw_only=True)
class Denied(NotAllowed):
    """The person has the role `has` but needs `needed`. `holders` are the ids with `needed`.

    `most` is set if the role `has` allows at most `most` rows; the request has `total` rows.
    `recent` is set if the person has retried `recent` rows in the last `minutes`.
    """

    code = "denied"

    needed: Role
    has: Role
    holders: tuple[str, ...]
    total: int | None = None
    most: int | None = None
    recent: int | None = None
    minutes: int | None = None


@dataclass(eq=False, kw_only=True)
class NotMember(NotAllowed):
    """The account is foreign, deactivated, a bot or a guest. `why` names the case."""

    code = "not-member"

    why: str


@dataclass(eq=False, kw_only=True)
class WrongChannel(NotAllowed):
    """Changes are not allowed in this channel. `channels` are the channels that allow changes.

    `why` is `shared` if the channel is shared with another company.
    """

    code = "wrong-channel"

    channels: tuple[str, ...]
    why: str | None = None


@dataclass(eq=False, kw_only=True)
class WrongQueue(NotAllowed):
    """The bot may not change `queue`. It may change only `queues`; `*` means all queues."""

    code = "wrong-queue"

    queue: str
    queues: tuple[str, ...]


@dataclass(eq=False, kw_only=True)
class Unverifiable(NotAllowed):
    """Slack did not answer, so the bot could not check the role. `reason` is for the log."""

    code = "unverifiable"

    reason: str
