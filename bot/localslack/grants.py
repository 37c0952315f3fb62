"""Slack's short-lived grants: trigger ids and response urls."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.localslack.blocks.specs import Json
from bot.localslack.refusals import SlackRefusal
from bot.localslack.workspace import PostedMessage, View

TRIGGER_SECONDS = 3.0  # https://docs.slack.dev/interactivity/handling-user-interaction
RESPONSE_URL_SECONDS = 30 * 60.0  # from the page above
RESPONSE_URL_USES = 5  # from the page above


@dataclass
class Interaction:
    """One action of a person, with the app's replies to the action."""

    user: str
    channel: str | None = None
    source: PostedMessage | None = None
    view: View | None = None
    replies: list[Json] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def note_reply(self, message: PostedMessage) -> None:
        """Add a message that the person sees because of the action."""
        kind = "ephemeral" if message.ephemeral_to else "in_channel"
        entry = {**message.as_json(), "channel": message.channel, "response_type": kind}
        others = [reply for reply in self.replies if reply["ts"] != message.ts]
        self.replies = [*others, entry]
        self.arrived.set()

    def note_view(self, view: View) -> None:
        """Add a view that opened or changed because of the action."""
        self.views = [*(other for other in self.views if other.id != view.id), view]
        self.arrived.set()


@dataclass
class _Trigger:
    interaction: Interaction
    issued: float
    used: bool = False


@dataclass
class _ResponseUrl:
    interaction: Interaction
    issued: float
    uses: int = 0


class Grants:
    """Issues trigger ids and response urls, and limits their uses as Slack does."""

    def __init__(
        self, clock: Callable[[], float], trigger_seconds: float = TRIGGER_SECONDS
    ) -> None:
        self._clock = clock
        self._trigger_seconds = trigger_seconds
        self._triggers: dict[str, _Trigger] = {}
        self._urls: dict[str, _ResponseUrl] = {}

    def new_trigger(self, interaction: Interaction) -> str:
        """Return a `trigger_id`, valid once within 3 s."""
        name = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._triggers[name] = _Trigger(interaction, self._clock())
        return name

    def exchange_trigger(self, name: object) -> Interaction:
        """Consume a trigger id.

        Refusals (https://docs.slack.dev/reference/methods/views.open): `invalid_trigger_id`,
        `exchanged_trigger_id`, `expired_trigger_id`.
        """
        trigger = self._triggers.get(name) if isinstance(name, str) else None
        if trigger is None:
            raise SlackRefusal("invalid_trigger_id")
        if trigger.used:
            raise SlackRefusal("exchanged_trigger_id")
        if self._clock() - trigger.issued > self._trigger_seconds:
            raise SlackRefusal("expired_trigger_id")
        trigger.used = True
        return trigger.interaction

    def new_response_url(self, interaction: Interaction) -> str:
        """Return the secret end of a response url, which is valid for 5 uses within 30 minutes."""
        name = secrets.token_urlsafe(18)
        self._urls[name] = _ResponseUrl(interaction, self._clock())
        return name

    def use_response_url(self, name: str) -> Interaction:
        """Count one use; `expired_url` if unknown or after 30 minutes, `used_url` after 5 uses."""
        url = self._urls.get(name)
        if url is None or self._clock() - url.issued > RESPONSE_URL_SECONDS:
            raise SlackRefusal("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise SlackRefusal("used_url")
        url.uses += 1
        return url.interaction
