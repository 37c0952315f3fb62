"""The traffic between the app and the local Slack, with the time of each exchange."""

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.localslack.blocks.specs import Json
from bot.localslack.delivery.envelopes import ACK_SECONDS, AckRecord

MAX_EXCHANGES = 100
"""The maximum number of stored exchanges; the oldest are dropped."""
ACK_MS = ACK_SECONDS * 1_000
"""The maximum wait for an envelope's ack: docs.slack.dev/apis/events-api/using-socket-mode."""
MAX_ENVELOPES = 2_000
"""The number of newest envelopes whose acks are recognised."""
BODY = 65_536
"""The maximum bytes of an answer that are read to find `ok` and `error`."""

Kind = Literal["call", "envelope", "socket"]


@dataclass
class Exchange:
    """A call by the app, an envelope to the app, or a frame about the socket.

    `outcome` is "ok", an error code, or None before the answer. `ms` is the time until the answer,
    or None before the answer.
    """

    number: int
    kind: Kind
    name: str
    started_at: float
    ms: float | None = None
    outcome: str | None = None

    def as_json(self, now: float) -> Json:
        """Return the exchange as the panel shows it; a late envelope has the outcome "no ack"."""
        waited = (now - self.started_at) * 1000
        late = self.outcome is None and self.kind == "envelope" and waited > ACK_MS
        return {
            "number": self.number,
            "kind": self.kind,
            "name": self.name,
            "ago_ms": round(waited),
            "ms": None if self.ms is None else round(self.ms, 1),
            "outcome": "no ack" if late else self.outcome,
        }


class Traffic:
    """The newest exchanges; `clock` is monotonic and counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._exchanges: deque[Exchange] = deque(maxlen=MAX_EXCHANGES)
        self._awaited: dict[str, Exchange] = {}
        self._count = 0
        self._recorded_acks = 0

    def start(self, kind: Kind, name: str, outcome: str | None = None) -> Exchange:
        """Record a sent call, envelope or frame."""
        self._count += 1
        exchange = Exchange(self._count, kind, name, self._clock(), None, outcome)
        self._exchanges.append(exchange)
        return exchange

    def finish(self, exchange: Exchange, outcome: str) -> None:
        """Record the outcome of an exchange."""
        exchange.ms = (self._clock() - exchange.started_at) * 1000
        exchange.outcome = outcome

    def record_frame(self, frame: Json) -> None:
        """Record a frame that a socket sends to the app."""
        envelope = frame.get("envelope_id")
        if envelope is None:
            about = frame.get("reason") or f"{frame.get('num_connections', '')} connected"
            self.start("socket", f"{frame.get('type', '?')}: {about}", "ok")
            return
        again = " (again)" if envelope in self._awaited else ""
        exchange = self.start("envelope", _described(frame) + again)
        self._awaited[envelope] = exchange
        while len(self._awaited) > MAX_ENVELOPES:
            self._awaited.pop(next(iter(self._awaited)))

    def record_ack(self, envelope: object) -> None:
        """Record an ack; ignore an ack for which no envelope waits."""
        exchange = self._awaited.get(str(envelope))
        if exchange is not None and exchange.outcome is None:
            late = (self._clock() - exchange.started_at) * 1000 > ACK_MS
            self.finish(exchange, "late" if late else "ok")

    def record_http_acks(self, acks: Sequence[AckRecord]) -> None:
        """Record the deliveries by HTTP from the list of all acks, oldest first."""
        for ack in acks[max(self._recorded_acks, len(acks) - MAX_EXCHANGES) :]:
            if ack.envelope_id not in self._awaited:
                exchange = self.start("envelope", ack.kind)
                exchange.ms, exchange.outcome = ack.ms, "no ack" if ack.ms is None else "ok"
        self._recorded_acks = len(acks)

    def newest_first(self) -> list[Json]:
        """Return the stored exchanges as the panel shows them, newest first."""
        now = self._clock()
        return [exchange.as_json(now) for exchange in reversed(self._exchanges)]


def _described(frame: Json) -> str:
    """Return an envelope's command, click or event in a few words."""
    payload = frame.get("payload", {})
    if frame.get("type") == "slash_commands":
        return f"{payload.get('command', '')} {payload.get('text', '')}".strip()
    if frame.get("type") == "events_api":
        return f"event {payload.get('event', {}).get('type', '')}"
    actions = payload.get("actions") or [{}]
    about = actions[0].get("action_id") or payload.get("view", {}).get("callback_id") or ""
    return f"{payload.get('type', 'interactive')} {about}".strip()


class Meter:
    """Measures the time of requests and answers; it changes nothing and stores no arguments."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app, and record the request and the answer."""
        path = scope.get("path", "")
        if scope["type"] == "websocket":
            await self._app(scope, self._recording_receive(receive), self._recording_send(send))
        elif path.startswith("/api/"):
            await self._call(path.removeprefix("/api/"), scope, receive, send)
        elif path.startswith("/hooks/"):
            await self._call("response_url", scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _recording_receive(self, receive: Receive) -> Receive:
        async def receive_recorded() -> Message:
            message = await receive()
            self._traffic.record_ack(_frame(message).get("envelope_id"))
            return message

        return receive_recorded

    def _recording_send(self, send: Send) -> Send:
        async def send_recorded(message: Message) -> None:
            if message["type"] == "websocket.send":
                self._traffic.record_frame(_frame(message))
            await send(message)

        return send_recorded

    async def _call(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = self._traffic.start("call", name)
        answer = bytearray()
        status = 0

        async def send_recorded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            answer.extend(message.get("body", b"")[: BODY - len(answer)])
            await send(message)

        try:
            await self._app(scope, receive, send_recorded)
        finally:
            # The answer is lost if a fault cuts the connection first.
            cut = scope["state"]["transport"].is_closing() and not answer
            outcome = "no answer" if cut else _outcome(status, bytes(answer))
            self._traffic.finish(exchange, outcome)


def _frame(message: Message) -> Json:
    try:
        frame = json.loads(message.get("text") or "{}")
    except ValueError:
        return {}
    return frame if isinstance(frame, dict) else {}


def _outcome(status: int, body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and not answer.get("ok", True):
        return str(answer.get("error", "error"))
    return "ok" if status == 200 else f"HTTP {status}"
