"""How an envelope reaches the app: by a socket or by a signed request; events also again.

https://docs.slack.dev/apis/events-api#retries: an event that was not acknowledged comes again
at once, after a minute and after five. Commands, clicks and submissions come only once.
"""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.localslack.blocks.specs import Json

EnvelopeKind = Literal["slash_commands", "interactive", "events_api"]

RETRY_WAITS = (0.0, 60.0, 300.0)  # seconds before each further attempt


class NotDeliveredError(Exception):
    """The app did not answer: `operation_timeout` after 3 s, `dispatch_failed` without a way.

    `reason` is the word of `X-Slack-Retry-Reason`, `again` whether an event may come again.
    """

    def __init__(self, code: str, reason: str = "", *, retryable: bool = True) -> None:
        super().__init__(code)
        self.reason = reason or ("timeout" if code == "operation_timeout" else "connection_failed")
        self.retryable = retryable


@dataclass(frozen=True)
class AckRecord:
    """How one envelope was answered; `ms` since it was sent, None when the time was over."""

    envelope_id: str
    kind: EnvelopeKind
    ms: float | None
    payload: Json | None = None


@dataclass(frozen=True)
class Attempt:
    """Which delivery of an event this is, and why the one before failed."""

    number: int = 0
    reason: str = ""


FIRST = Attempt()


class Route(Protocol):
    """One way to the app."""

    async def deliver(
        self, kind: EnvelopeKind, payload: Json, *, accepts: bool, attempt: Attempt = FIRST
    ) -> AckRecord:
        """Deliver and wait for the ack; raises `NotDeliveredError`."""
        ...


class Courier:
    """Delivers everything by the route of the day; `retry_waits` in seconds, for events."""

    def __init__(self, route: Route, *, interactivity: bool = True) -> None:
        self.route = route
        self._interactivity = interactivity
        self.retry_waits: tuple[float, ...] = RETRY_WAITS
        self._retrying: set[asyncio.Task[None]] = set()

    async def deliver(self, kind: EnvelopeKind, payload: Json) -> AckRecord:
        """A command, a click or a submission, once; an event again where it failed.

        Where the manifest has `interactivity` off, nothing can be clicked: `dispatch_failed`.
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
        """Deliver nothing more."""
        for task in self._retrying:
            task.cancel()
