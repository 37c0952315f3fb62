"""Delivery of an envelope to the app: by a socket or a signed request, with retries of events.

https://docs.slack.dev/apis/events-api#retries: an event without acknowledgement is sent again at
once, after a minute and after five. Commands, clicks and submissions are sent only once.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.localslack.blocks.specs import Json

EnvelopeKind = Literal["slash_commands", "interactive", "events_api"]

ACK_SECONDS = 3.0
"""How long Slack waits for an ack: docs.slack.dev/interactivity/handling-user-interaction."""
RETRY_WAITS = (0.0, 60.0, 300.0)  # seconds before each further attempt


class NotDeliveredError(Exception):
    """The app did not answer: `operation_timeout` after 3 s, `dispatch_failed` without a route.

    `reason` is the word of `X-Slack-Retry-Reason`; `retryable` says whether an event is sent again.
    """

    def __init__(self, code: str, reason: str = "", *, retryable: bool = True) -> None:
        super().__init__(code)
        self.reason = reason or ("timeout" if code == "operation_timeout" else "connection_failed")
        self.retryable = retryable


@dataclass(frozen=True)
class AckRecord:
    """How one envelope was answered; `ms` since it was sent, None after a timeout."""

    envelope_id: str
    kind: EnvelopeKind
    ms: float | None
    payload: Json | None = None


@dataclass(frozen=True)
class Attempt:
    """The number of an event's delivery, and why the one before failed."""

    number: int = 0
    reason: str = ""


FIRST = Attempt()


class Route(Protocol):
    """A route to the app."""

    async def deliver(
        self, kind: EnvelopeKind, payload: Json, *, accepts: bool, attempt: Attempt = FIRST
    ) -> AckRecord:
        """Deliver and wait for the ack; raises `NotDeliveredError`."""
        ...


class Courier:
    """Delivers all envelopes by the current route; `retry_waits` in seconds, for events."""

    def __init__(self, route: Route, *, interactivity: bool = True) -> None:
        self.route = route
        self._interactivity = interactivity
        self.retry_waits: tuple[float, ...] = RETRY_WAITS
        self._retrying: set[asyncio.Task[None]] = set()

    async def deliver(self, kind: EnvelopeKind, payload: Json) -> AckRecord:
        """Deliver a command, click or submission once; repeat an event after a failure.

        If the manifest has `interactivity` off, a click fails with `dispatch_failed`.
        """
        if kind == "interactive" and not self._interactivity:
            raise NotDeliveredError("dispatch_failed")
        try:
            return await self.route.deliver(kind, payload, accepts=kind != "events_api")
        except NotDeliveredError as error:
            if kind == "events_api" and error.retryable:
                task = asyncio.create_task(self._retry(payload, error.reason))
                self._retrying.add(task)
                task.add_done_callback(self._retrying.discard)
            raise

    async def _retry(self, payload: Json, reason: str) -> None:
        for number, wait in enumerate(self.retry_waits, start=1):
            await asyncio.sleep(wait)
            attempt = Attempt(number, reason)
            try:
                await self.route.deliver("events_api", payload, accepts=False, attempt=attempt)
            except NotDeliveredError as error:
                reason = error.reason
                if not error.retryable:
                    return
            else:
                return

    def stop(self) -> None:
        """Stop all deliveries."""
        for task in self._retrying:
            task.cancel()
