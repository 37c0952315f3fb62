"""The side panel's endpoints: the wire, faults, and what the app's owner shows beside Slack."""

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.playground.block_specs import Json
from bot.playground.control import endpoint
from bot.playground.faults import (
    Answer,
    LostAnswer,
    RateLimited,
    Refused,
    Reset,
    Script,
    ServerError,
)
from bot.playground.forms import WrongValueError
from bot.playground.people import CannotError
from bot.playground.traffic import ACK_MS, Traffic

MOST = 100
"""Answers that one request may script."""

JSON = "application/json"
ANSWERS: dict[str, Callable[[Json], Answer]] = {
    "error": lambda body: Refused(_code(body)),
    "429": lambda body: RateLimited(_number(body, "retry_after", 3, 1, 300)),
    "500": lambda _body: ServerError(500, '{"ok": false, "error": "internal_error"}', JSON),
    "html": lambda _body: ServerError(503),
    "timeout": lambda body: LostAnswer(_number(body, "seconds", 0, 0, 60)),
    "reset": lambda _body: Reset(),
}
"""What a call may be answered instead of the truth; "timeout" happens after it took effect."""


@dataclass(frozen=True)
class Backstage:
    """What the owner of the app shows beside Slack; a part that is None is not there.

    `look` reads the database and the worker as they are now, in a thread of its own; `steer`
    takes what a visitor wants of the worker and tells how it works then (`WrongValueError` for a
    value that cannot be); `guide` is the first minute, step by step.
    """

    look: Callable[[], Json] | None = None
    steer: Callable[[Json], Json] | None = None
    guide: Sequence[Json] = ()


class Connections(Protocol):
    """How many sockets the app holds."""

    @property
    def connected(self) -> int:
        """The number of open sockets."""
        ...


class Switches(Protocol):
    """What the panel switches: a `LocalSlack`, asked from a thread that is not its own."""

    faults: Script

    @property
    def hub(self) -> Connections:
        """Its sockets."""
        ...

    def script(self, method: str, answers: Iterable[Answer | str | int]) -> None:
        """The next answers of a method."""

    def duplicate_next(self, count: int = 1) -> None:
        """The next envelopes twice."""

    def silence_sockets(self) -> None:
        """Sockets open, and deaf."""

    def kill_sockets(self) -> None:
        """Sockets cut."""

    def refresh_sockets(self) -> None:
        """The app asked to connect anew."""


class Panel:
    """The endpoints over one local Slack and what went over its wire."""

    def __init__(self, slack: Switches, traffic: Traffic, backstage: Backstage) -> None:
        self._slack = slack
        self._traffic = traffic
        self._backstage = backstage
        # One reading at a time: several pages share what the database can bear.
        self._looking = threading.Lock()
        self._session = secrets.token_hex(4)

    def routes(self) -> list[BaseRoute]:
        """Where everything is."""
        return [
            Route("/_local/panel", self._panel),
            Route("/_local/faults", endpoint(self._faults), methods=["POST"]),
            Route("/_local/worker", endpoint(self._worker), methods=["POST"]),
        ]

    async def _panel(self, _request: Request) -> Response:
        shown = self._wire() | {
            "session": self._session,
            "guide": list(self._backstage.guide),
        }
        if self._backstage.look is not None:
            shown |= await run_in_threadpool(self._look, self._backstage.look)
        return JSONResponse(shown)

    def _look(self, look: Callable[[], Json]) -> Json:
        with self._looking:
            return look()

    def _wire(self) -> Json:
        return {
            "requests": self._traffic.newest_first(),
            "faults": self._slack.faults.waiting(),
            "connections": self._slack.hub.connected,
            "ack_limit_ms": ACK_MS,
        }

    async def _worker(self, body: Json) -> Json:
        if self._backstage.steer is None:
            raise CannotError("there is no simulated worker here")
        return await run_in_threadpool(self._backstage.steer, body)

    async def _faults(self, body: Json) -> Json:
        """One fault a request: answers of a method, something about the sockets, or none more."""
        if body.get("clear"):
            self._slack.faults.clear()
        else:
            await run_in_threadpool(self._socket_fault(body) or self._scripted(body))
        wire = self._wire()
        return {name: wire[name] for name in ("faults", "connections")}

    def _scripted(self, body: Json) -> Callable[[], None]:
        method, kind = body.get("method"), body.get("answer")
        if not isinstance(method, str) or not method or kind not in ANSWERS:
            raise WrongValueError(f"needs a method, and an answer of {', '.join(ANSWERS)}")
        answers = [ANSWERS[kind](body)] * _number(body, "count", 1, 1, MOST)
        return partial(self._slack.script, method, answers)

    def _socket_fault(self, body: Json) -> Callable[[], None] | None:
        match body.get("sockets"):
            case None:
                return None
            case "duplicate":
                return partial(self._slack.duplicate_next, _number(body, "count", 1, 1, MOST))
            case "silence":
                return self._slack.silence_sockets
            case "kill":
                return self._slack.kill_sockets
            case "refresh":
                return self._slack.refresh_sockets
            case other:
                raise WrongValueError(f"sockets can duplicate, silence, kill, refresh; not {other}")


def _code(body: Json) -> str:
    code = body.get("code", "internal_error")
    if not isinstance(code, str) or not code:
        raise WrongValueError("code must be an error's word")
    return code


def _number(body: Json, name: str, otherwise: int, least: int, most: int) -> int:
    found = body.get(name, otherwise)
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        raise WrongValueError(f"{name} must be a whole number from {least} to {most}")
    return found
