"""Delivery without Socket Mode: signed requests to the manifest's addresses.

https://docs.slack.dev/apis/events-api/using-http-request-urls and
https://docs.slack.dev/authentication/verifying-requests-from-slack.
"""

import asyncio
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from bot.localslack.blocks.specs import Json
from bot.localslack.credentials import Credentials
from bot.localslack.delivery import http_client
from bot.localslack.delivery.envelopes import (
    FIRST,
    AckRecord,
    Attempt,
    EnvelopeKind,
    NotDeliveredError,
)
from bot.localslack.delivery.socket_mode import Hub
from bot.localslack.manifest import Manifest
from bot.localslack.payloads import VERIFICATION_TOKEN

FORM = "application/x-www-form-urlencoded"
AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class NotVerifiedError(Exception):
    """The address did not answer the challenge correctly; the message quotes its answer."""


@dataclass(frozen=True)
class Addresses:
    """The app's addresses for events, for interactions and for each slash command."""

    events: str
    interactivity: str
    command: Callable[[str], str]

    def of(self, kind: EnvelopeKind, payload: Json) -> str:
        """Return the address to which a payload is sent."""
        if kind == "slash_commands":
            return self.command(str(payload["command"]))
        return self.events if kind == "events_api" else self.interactivity


def addresses(manifest: Manifest, url: str = "") -> Addresses:
    """Return the manifest's addresses, or `url` as the address for all payloads."""

    def command(word: str) -> str:
        slash_command = manifest.command(word)
        return url or (slash_command.url if slash_command is not None else "")

    return Addresses(url or manifest.events_url, url or manifest.interactivity_url, command)


class RequestUrls:
    """A route that sends each payload as one POST; an answer within 3 s is the ack.

    `hub` records these acks together with the sockets' acks.
    """

    def __init__(
        self, addresses: Addresses, credentials: Credentials, clock: Callable[[], float], hub: Hub
    ) -> None:
        self._addresses = addresses
        self._credentials = credentials
        self._clock = clock
        self._hub = hub
        self._under_way: set[asyncio.Task[http_client.HttpResponse]] = set()
        self._newest: tuple[str, dict[str, str], bytes] | None = None

    @property
    def has_events(self) -> bool:
        """Whether the manifest has an address for events."""
        return bool(self._addresses.events)

    async def verify(self) -> None:
        """Send `url_verification` to the events' address.

        https://docs.slack.dev/reference/events/url_verification; raises `NotVerifiedError`.
        """
        challenge = secrets.token_hex(24)
        verification = {
            "token": VERIFICATION_TOKEN,
            "challenge": challenge,
            "type": "url_verification",
        }
        try:
            body = json.dumps(verification).encode()
            signed_headers = self._signed("application/json", body)
            post = http_client.post(self._addresses.events, signed_headers, body)
            response = await asyncio.wait_for(post, self._hub.ack_timeout)
        except (OSError, TimeoutError) as error:
            raise NotVerifiedError(f"no answer: {type(error).__name__}") from error
        if response.status != 200 or challenge.encode() not in response.body:
            raise NotVerifiedError(f"HTTP {response.status} without the challenge")

    async def deliver(
        self,
        kind: EnvelopeKind,
        payload: Json,
        *,
        accepts: bool,  # noqa: ARG002 - every response may have a payload
        attempt: Attempt = FIRST,
    ) -> AckRecord:
        """Post the payload and wait for the answer; raises `NotDeliveredError`."""
        content_type, body = _encoded(kind, payload)
        headers = {}
        if attempt.number:
            headers["x-slack-retry-num"] = str(attempt.number)
            headers["x-slack-retry-reason"] = attempt.reason
        url = self._addresses.of(kind, payload)
        if not url:
            raise NotDeliveredError("dispatch_failed")
        envelope_id, start = str(uuid.uuid4()), time.perf_counter()
        request = self._newest = (url, self._signed(content_type, body) | headers, body)
        copies = self._hub.faults.copies()
        task = self._task(*request)
        for _ in range(1, copies):
            self._task(*request).add_done_callback(self._note_repeated)
        response = await self._in_time(task, envelope_id, kind)
        if response.status != 200:
            retryable = response.headers.get("x-slack-no-retry") != "1"
            raise NotDeliveredError("dispatch_failed", "http_error", retryable=retryable)
        elapsed = round((time.perf_counter() - start) * 1000, 3)
        record = AckRecord(envelope_id, kind, elapsed, _decoded(response))
        self._hub.acks.append(record)
        return record

    async def redeliver(self) -> None:
        """Send the newest request again with the same signature; the second answer is counted."""
        if self._newest is not None:
            await http_client.post(*self._newest)
            self._hub.repeated_acks += 1

    def _task(
        self, url: str, headers: dict[str, str], body: bytes
    ) -> "asyncio.Task[http_client.HttpResponse]":
        task = asyncio.create_task(http_client.post(url, headers, body))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _in_time(
        self, task: "asyncio.Task[http_client.HttpResponse]", envelope_id: str, kind: EnvelopeKind
    ) -> http_client.HttpResponse:
        done, _ = await asyncio.wait({task}, timeout=self._hub.ack_timeout)
        if not done:
            task.add_done_callback(self._note_late)
            self._hub.acks.append(AckRecord(envelope_id, kind, None))
            raise NotDeliveredError("operation_timeout", "http_timeout")
        try:
            return task.result()
        except OSError as error:
            raise NotDeliveredError("dispatch_failed", "connection_failed") from error

    def _note_late(self, task: "asyncio.Task[http_client.HttpResponse]") -> None:
        if not task.cancelled() and task.exception() is None:
            self._hub.late_acks += 1

    def _note_repeated(self, task: "asyncio.Task[http_client.HttpResponse]") -> None:
        if not task.cancelled() and task.exception() is None:
            self._hub.repeated_acks += 1

    def _signed(self, content_type: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        return {
            "content-type": content_type,
            "user-agent": AGENT,
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": self._credentials.signature(timestamp, body),
        }

    def stop(self) -> None:
        """Close the connections of unanswered requests."""
        for task in self._under_way:
            task.cancel()


def _encoded(kind: EnvelopeKind, payload: Json) -> tuple[str, bytes]:
    """Return a payload's content type and body: JSON for events, a form for other payloads."""
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return FORM, urlencode(fields).encode()


def _decoded(response: http_client.HttpResponse) -> Json | None:
    """Return the ack's payload: a JSON object, or a plain text for display."""
    if not response.body.strip():
        return None
    if response.headers.get("content-type", "").startswith("application/json"):
        try:
            document = json.loads(response.body)
        except ValueError as error:
            raise NotDeliveredError("dispatch_failed", "http_error") from error
        return document if isinstance(document, dict) else None
    return {"text": response.body.decode(errors="replace")}
