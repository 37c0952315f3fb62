"""Socket Mode: connections, envelopes, and acks within 3 seconds.

https://docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import json
import random
import secrets
import time
import uuid
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.localslack.blocks.specs import Json
from bot.localslack.delivery.envelopes import (
    FIRST,
    AckRecord,
    Attempt,
    EnvelopeKind,
    NotDeliveredError,
)
from bot.localslack.faults import SocketFaults

CONNECTIONS = 10  # Slack's maximum for an app, from the page above
REMEMBERED = 1_000  # number of envelopes whose late or second ack is still recognised


@dataclass
class _Connection:
    socket: WebSocket
    silent: bool = False

    def abort(self) -> None:
        transport(self.socket).abort()


def transport(request: WebSocket) -> asyncio.Transport:
    """Return a request's TCP connection, which `server.Protocol` stored in the request."""
    tcp_connection: asyncio.Transport = request.scope["state"]["transport"]
    return tcp_connection


class Hub:
    """All open sockets of the app; a seeded random choice selects the socket for each envelope."""

    def __init__(self, app_id: str, *, seed: int, ack_timeout: float) -> None:
        self._app_id = app_id
        self._choice = random.Random(seed)  # noqa: S311 - a choice of a socket, not a secret
        self.ack_timeout = ack_timeout
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._pending_acks: dict[str, asyncio.Future[Json | None]] = {}
        self._sent_envelopes: OrderedDict[str, Json] = OrderedDict()
        self.acks: list[AckRecord] = []
        self.late_acks = 0
        self.repeated_acks = 0
        self.unknown_acks = 0
        self.faults = SocketFaults()
        self._late: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> int:
        """Return how many sockets are open."""
        return len(self._connections)

    def new_ticket(self) -> str:
        """Return a new secret part for a socket's address."""
        ticket = secrets.token_hex(16)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection: hello, then acks, until either side closes."""
        ticket = socket.query_params.get("ticket", "")
        if self.faults.refusing or ticket not in self._tickets:
            await socket.close()
            return
        self._tickets.remove(ticket)
        await socket.accept()
        if len(self._connections) >= CONNECTIONS:
            await socket.send_text(_disconnect("too_many_websockets"))
            await socket.close()
            return
        connection = _Connection(socket)
        self._connections.append(connection)
        try:
            await socket.send_text(self._hello())
            async for text in socket.iter_text():
                self._received(text)
        except WebSocketDisconnect:
            pass  # the app disconnected before the hello arrived
        finally:
            self._connections.remove(connection)

    def _hello(self) -> str:
        return json.dumps(
            {
                "type": "hello",
                "num_connections": len(self._connections),
                "debug_info": {
                    "host": "applink-local-1",
                    "build_number": 1,
                    "approximate_connection_time": 18060,
                },
                "connection_info": {"app_id": self._app_id},
            }
        )

    def _received(self, text: str) -> None:
        try:
            ack = json.loads(text)
            envelope_id = str(ack["envelope_id"])
        except (ValueError, KeyError, TypeError):
            self.unknown_acks += 1
            return
        pending_ack = self._pending_acks.get(envelope_id)
        if pending_ack is not None and not pending_ack.done():
            pending_ack.set_result(ack.get("payload"))
        elif pending_ack is not None or any(
            record.envelope_id == envelope_id and record.ms is not None for record in self.acks
        ):
            self.repeated_acks += 1
        elif envelope_id in self._sent_envelopes:
            self.late_acks += 1
        else:
            self.unknown_acks += 1

    async def deliver(
        self, kind: EnvelopeKind, payload: Json, *, accepts: bool, attempt: Attempt = FIRST
    ) -> AckRecord:
        """Send an envelope to one socket and wait for its ack; raises `NotDeliveredError`."""
        envelope_id = str(uuid.uuid4())
        envelope: Json = {
            "envelope_id": envelope_id,
            "payload": payload,
            "type": kind,
            "accepts_response_payload": accepts,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt.number, "retry_reason": attempt.reason}
        self._sent_envelopes[envelope_id] = envelope
        while len(self._sent_envelopes) > REMEMBERED:
            self._sent_envelopes.popitem(last=False)
        pending_ack: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._pending_acks[envelope_id] = pending_ack
        start = time.perf_counter()
        try:
            await self._send_in_time(envelope)
            ack_payload = await asyncio.wait_for(pending_ack, self.ack_timeout)
        except TimeoutError as error:
            self.acks.append(AckRecord(envelope_id, kind, None))
            raise NotDeliveredError("operation_timeout") from error
        finally:
            del self._pending_acks[envelope_id]
        elapsed = round((time.perf_counter() - start) * 1000, 3)
        record = AckRecord(envelope_id, kind, elapsed, ack_payload)
        self.acks.append(record)
        return record

    async def _send_in_time(self, envelope: Json) -> None:
        """Send the envelope now, or later if a fault delays it; the 3 s always begin now."""
        copies, delay = self.faults.copies(), self.faults.delay()
        if not delay:
            await self._send(envelope, copies)
            return

        async def later() -> None:
            await asyncio.sleep(delay)
            with suppress(NotDeliveredError):  # without a socket, Slack does not send the copies
                await self._send(envelope, copies)

        task = asyncio.create_task(later())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _send(self, envelope: Json, copies: int) -> None:
        if not self._connections:
            raise NotDeliveredError("dispatch_failed")
        first = self._choice.randrange(len(self._connections))
        # The second copy goes to the next socket if one exists, as if to another replica.
        for index in range(first, first + copies):
            connection = self._connections[index % len(self._connections)]
            if not connection.silent:
                await connection.socket.send_text(json.dumps(envelope))

    async def redeliver(self) -> None:
        """Send the newest envelope again; the second ack is counted and has no other effect."""
        if self._sent_envelopes:
            await self._send(next(reversed(self._sent_envelopes.values())), copies=1)

    async def ask_to_leave(self, reason: str) -> None:
        """Send every socket a disconnect frame, as Slack does before it closes one."""
        for connection in list(self._connections):
            await connection.socket.send_text(_disconnect(reason))

    def kill(self) -> None:
        """Cut every socket without a disconnect frame."""
        for task in self._late:
            task.cancel()
        for connection in list(self._connections):
            connection.abort()

    def silence(self) -> None:
        """Keep every current socket open, but neither read from it nor send to it."""
        for connection in self._connections:
            connection.silent = True
            transport(connection.socket).pause_reading()


def _disconnect(reason: str) -> str:
    return json.dumps(
        {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-local-1"}}
    )
