"""Values of requests and messages that all packages use. No I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

Block: TypeAlias = dict[str, Any]

_SLACK_USER = re.compile(r"[UW][A-Z0-9]{7,}")


class Source(StrEnum):
    """Where a request came from."""

    SLASH = "slash"
    BUTTON = "button"
    MODAL = "modal"
    HOME = "home"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who asks: a Slack user (id `user`, workspace `team`) or a terminal's name.

    For the terminal, `detail` is the operating-system user and the host.
    """

    user: str
    team: str | None = None
    source: Source = Source.SLASH
    detail: str | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the request was typed in a terminal, where no Slack role applies."""
        return self.source is Source.TERMINAL


@dataclass(frozen=True, slots=True)
class Invocation:
    """One request: who sent it, from where, and its deadline.

    `request_id` (64 hex digits) is the same for every delivery of one click or command. `deadline`
    is in seconds of `time.monotonic()`. `message_ts` is the ts of the clicked message.
    """

    actor: Actor
    request_id: str
    deadline: float
    channel: str | None = None
    message_ts: str | None = None

    @property
    def source(self) -> Source:
        """Where the request came from."""
        return self.actor.source


@dataclass(frozen=True, slots=True)
class Person:
    """A person named in a message: a Slack user id, or a name from a terminal."""

    user: str

    @property
    def in_slack(self) -> bool:
        """Whether Slack can show the name for the id."""
        return _SLACK_USER.fullmatch(self.user) is not None


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment in naive UTC that each reader sees in their own time zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A Slack message: Block Kit blocks, and the same content as text.

    Notifications and terminals show the text. `more` are the messages that follow with what Slack's
    limits leave out of this one.
    """

    text: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    more: Sequence["Message"] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Modal:
    """A dialog; its submission returns `metadata`. Without `submit` it has no fields to submit."""

    title: str
    blocks: Sequence[Block]
    close: str
    submit: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
