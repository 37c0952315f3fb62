"""The values of requests and messages for all packages. This module does no I/O."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

Block: TypeAlias = dict[str, Any]

SYSTEM = "queue-bot"
"""The bot's name in the audit records that no person caused."""

SLASH_COMMAND = "/queue"
"""The slash command, unless the settings name another."""

_SLACK_USER = re.compile(r"[UW][A-Z0-9]{7,}")


class Source(StrEnum):
    """The origin of a request."""

    SLASH = "slash"
    BUTTON = "button"
    MODAL = "modal"
    HOME = "home"
    MESSAGE = "message"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a request: a Slack user (id `user`, workspace `team`) or a terminal user.

    For a terminal user, `detail` is the operating-system user and the host.
    """

    user: str
    team: str | None = None
    source: Source = Source.SLASH
    detail: str | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether the request came from a terminal, where no Slack role applies."""
        return self.source is Source.TERMINAL


@dataclass(frozen=True, slots=True)
class Invocation:
    """One request with its author, origin and deadline.

    `request_id` has 64 hex digits. Slack may deliver a click or command several times, and each
    delivery has the same `request_id`. `deadline` is in seconds of `time.monotonic()`.
    `message_ts` is the ts of the clicked message.
    """

    actor: Actor
    request_id: str
    deadline: float
    channel: str | None = None
    message_ts: str | None = None

    @property
    def source(self) -> Source:
        """Return the origin of the request."""
        return self.actor.source


@dataclass(frozen=True, slots=True)
class Person:
    """A person named in a message: a Slack user id, or a name from a terminal."""

    user: str

    @property
    def in_slack(self) -> bool:
        """Whether the person has a Slack user id, which Slack shows as a name."""
        return _SLACK_USER.fullmatch(self.user) is not None

    @property
    def in_terminal(self) -> bool:
        """Whether the name was typed in a terminal, where anybody can use any name."""
        return bool(self.user) and not self.in_slack and self.user != SYSTEM


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in naive UTC. Each reader sees it in the reader's own time zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A Slack message: its Block Kit blocks, and their content as text.

    Notifications and terminals show the text. `more` are the messages after this message. They
    have the content that exceeds Slack's limits for one message.
    """

    text: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    more: Sequence["Message"] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Modal:
    """A dialog. Its submission returns `metadata`. A dialog without `submit` has no fields."""

    title: str
    blocks: Sequence[Block]
    close: str
    submit: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
