"""The side panel's endpoints: the traffic, the faults, and the owner's data."""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.localslack.blocks.block_rules import BLOCKS
from bot.localslack.blocks.forms import WrongValueError
from bot.localslack.blocks.specs import Json
from bot.localslack.control import endpoint, texts
from bot.localslack.faults import Answer, LostAnswer, RateLimited, Refused, Reset, ServerError
from bot.localslack.interactivity.people import CannotError
from bot.localslack.switches import Switches
from bot.localslack.traffic import ACK_MS, Traffic

MOST = 100
"""The maximum number of answers that one request may script."""

JSON = "application/json"
ANSWERS: dict[str, Callable[[Json], Answer]] = {
    "error": lambda body: Refused(_code(body)),
    "429": lambda body: RateLimited(_number(body, "retry_after", 3, 1, 300)),
    "500": lambda _body: ServerError(500, '{"ok": false, "error": "internal_error"}', JSON),
    "html": lambda _body: ServerError(503),
    "timeout": lambda body: LostAnswer(_number(body, "seconds", 0, 0, 60)),
    "reset": lambda _body: Reset(),
}
"""The scripted answers that the panel offers; "timeout" comes after the call had its effect."""

SOCKETS: dict[str, Callable[[Switches, Json], None]] = {
    "duplicate": lambda slack, body: slack.duplicate_next(_number(body, "count", 1, 1, MOST)),
    "delay": lambda slack, body: slack.delay_next(_number(body, "seconds", 2, 0, 60)),
    "refuse": lambda slack, body: slack.refuse_sockets(on=bool(body.get("on", True))),
    "silence": lambda slack, _body: slack.silence_sockets(),
    "kill": lambda slack, _body: slack.kill_sockets(),
    "refresh": lambda slack, _body: slack.refresh_sockets(),
}
"""The faults that the panel offers for the next envelopes, new sockets or open sockets."""


@dataclass(frozen=True)
class Backstage:
    """The data that the app's owner shows beside Slack; a part that is None is not shown.

    `look` reads the state of the database and the worker, in a separate thread. `steer` applies a
    visitor's settings of the worker and returns all settings; it raises `WrongValueError` for an
    impossible value. `guide` is a list of steps for a visitor.
    """

    look: Callable[[], Json] | None = None
    steer: Callable[[Json], Json] | None = None
    guide: Sequence[Json] = ()


class Panel:
    """The side panel's endpoints for one local Slack and its recorded traffic."""

    def __init__(self, slack: Switches, traffic: Traffic, backstage: Backstage) -> None:
        self._slack = slack
        self._traffic = traffic
        self._backstage = backstage
        # Only one page at a time reads the database, so that several pages do not overload it.
        self._looking = threading.Lock()
        self._session = secrets.token_hex(4)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of all endpoints."""
        return [
            Route("/_local/panel", self._panel),
            Route("/_local/faults", endpoint(self._faults), methods=["POST"]),
            Route("/_local/worker", endpoint(self._worker), methods=["POST"]),
        ]

    async def _panel(self, _request: Request) -> Response:
        body = self._wire() | {
            "session": self._session,
            "guide": list(self._backstage.guide),
        }
        if self._backstage.look is not None:
            body |= await run_in_threadpool(self._look, self._backstage.look)
        return JSONResponse(body)

    def _look(self, look: Callable[[], Json]) -> Json:
        with self._looking:
            return look()

    def _wire(self) -> Json:
        self._traffic.record_http_acks(self._slack.hub.acks)
        return {
            "requests": self._traffic.newest_first(),
            "faults": self._slack.faults.waiting(),
            "connections": self._slack.hub.connected,
            "refusing": self._slack.hub.faults.refusing,
            "refused_blocks": sorted(self._slack.faults.refused_blocks),
            "ack_limit_ms": ACK_MS,
        }

    async def _worker(self, body: Json) -> Json:
        if self._backstage.steer is None:
            raise CannotError("there is no simulated worker here")
        return await run_in_threadpool(self._backstage.steer, body)

    async def _faults(self, body: Json) -> Json:
        """Set one fault: a method's answers or a socket fault; or remove all faults."""
        if body.get("clear"):
            await run_in_threadpool(self._slack.clear_faults)
        else:
            await run_in_threadpool(self._fault_of(body), body)
        wire = self._wire()
        names = ("faults", "connections", "refusing", "refused_blocks")
        return {name: wire[name] for name in names}

    def _fault_of(self, body: Json) -> Callable[[Json], None]:
        if "blocks" in body:
            return self._blocks
        return self._sockets if "sockets" in body else self._scripted

    def _blocks(self, body: Json) -> None:
        (kind,) = texts(body, "blocks")
        if kind not in BLOCKS:
            raise WrongValueError(f"there is no block {kind}")
        self._slack.refuse_blocks(kind, on=bool(body.get("on", True)))

    def _scripted(self, body: Json) -> None:
        method, kind = texts(body, "method", "answer")
        if kind not in ANSWERS:
            raise WrongValueError(f"an answer is one of {', '.join(ANSWERS)}; not {kind}")
        answers = [ANSWERS[kind](body)] * _number(body, "count", 1, 1, MOST)
        self._slack.script(method, answers)

    def _sockets(self, body: Json) -> None:
        (kind,) = texts(body, "sockets")
        if kind not in SOCKETS:
            raise WrongValueError(f"sockets can {', '.join(SOCKETS)}; not {kind}")
        SOCKETS[kind](self._slack, body)


def _code(body: Json) -> str:
    code = body.get("code", "internal_error")
    if not isinstance(code, str) or not code:
        raise WrongValueError("code must be an error code")
    return code


def _number(body: Json, name: str, otherwise: int, least: int, most: int) -> int:
    number = body.get(name, otherwise)
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise WrongValueError(f"{name} must be a whole number from {least} to {most}")
    return number
