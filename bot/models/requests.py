"""The values that travel through the bot. No I/O."""

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
    """Who asks: a Slack user (`user` is an id, `team` their workspace) or, in the terminal, a name.

    `detail` says for the terminal which operating-system user on which host.
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
    """One request: by whom, from where, until when.

    `request_id` is the same for the same click or command however often it arrives (64 hex digits).
    `deadline` is in seconds of `time.monotonic()`. `message_ts` is the clicked message's.
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
    """Somebody named in a message: a Slack user id, or a terminal's free name."""

    user: str

    @property
    def in_slack(self) -> bool:
        """Whether Slack can show the name for the id."""
        return _SLACK_USER.fullmatch(self.user) is not None


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, naive UTC, that each reader sees in their own time zone."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack shows: Block Kit blocks, and the same as text for notifications and terminals."""

    text: str
    blocks: Sequence[Block] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Modal:
    """A dialog; `metadata` comes back with its submission. Without `submit` it only shows."""

    title: str
    blocks: Sequence[Block]
    close: str
    submit: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
