"""Deliver an envelope to the app by a socket or by a signed request, and retry events.

If the app does not acknowledge an event, Slack sends the event again at once, after 1 minute and
after 5 minutes: https://docs.slack.dev/apis/events-api#retries. Slack sends commands, clicks and
submissions only once.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.localslack.blocks.specs import Json

EnvelopeKind = Literal["slash_commands", "interactive", "events_api"]

ACK_SECONDS = 3.0
"""Slack's maximum wait for an ack: docs.slack.dev/interactivity/handling-user-interaction."""
RETRY_WAITS = (0.0, 60.0, 300.0)  # seconds before each further attempt


class NotDeliveredError(Exception):
    """The app did not answer: `operation_timeout` after 3 s, `dispatch_failed` without a route.

    `reason` is the value of `X-Slack-Retry-Reason`. If `retryable`, Slack sends an event again.
    """

    def __init__(self, code: str, reason: str = "", *, retryable: bool = True) -> None:
        super().__init__(code)
        self.reason = reason or ("timeout" if code == "operation_timeout" else "connection_failed")
        self.retryable = retryable


@dataclass(frozen=True)
class AckRecord:
    """The app's ack of one envelope; `ms` is the time to the ack, or None after a timeout."""

    envelope_id: str
    kind: EnvelopeKind
    ms: float | None
    payload: Json | None = None


@dataclass(frozen=True)
class Attempt:
    """The number of an event's delivery, and the reason why the previous delivery failed."""

    number: int = 0
    reason: str = ""


FIRST = Attempt()


class Route(Protocol):
    """A way of delivery to the app: sockets or signed requests."""

    async def deliver(
        self, kind: EnvelopeKind, payload: Json, *, accepts: bool, attempt: Attempt = FIRST
    ) -> AckRecord:
        """Deliver and wait for the ack; raises `NotDeliveredError`."""
        ...

    async def redeliver(self) -> None:
        """Send the newest envelope again; the second ack is counted and has no other effect."""
        ...


class Courier:
    """Delivers all envelopes by the current route; `retry_waits` (seconds) apply to events."""

    def __init__(self, route: Route, *, interactivity: bool = True) -> None:
        self.route = route
        self._interactivity = interactivity
        self.retry_waits: tuple[float, ...] = RETRY_WAITS
        self._retrying: set[asyncio.Task[None]] = set()

    async def deliver(self, kind: EnvelopeKind, payload: Json) -> AckRecord:
        """Deliver a command, click or submission once; repeat an event after a failure.

        A click fails with `dispatch_failed` if the manifest turns `interactivity` off.
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
