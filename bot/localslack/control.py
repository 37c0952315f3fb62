"""The control endpoints below `/_local/` and the page, for people and scripts on this machine.

Every request must name this machine in its Host header. A request with an Origin header must come
from the page itself. A foreign web page can therefore neither read nor change anything here.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.localslack.blocks.forms import WrongValueError
from bot.localslack.blocks.specs import Json
from bot.localslack.delivery.socket_mode import Hub
from bot.localslack.interactivity.people import CannotError, Click, People
from bot.localslack.state import Roles, state_json
from bot.localslack.web_api.calls import Backend
from bot.localslack.workspace import Workspace

PAGE = Path(__file__).parent / "page"
WAIT = 1.0  # seconds to wait for replies after an ack without a reply

Commands = Callable[[], list[Json]]


@dataclass(frozen=True)
class AppInfo:
    """Facts that only the app's owner knows: people's roles, and slash commands to suggest.

    `roles` is None if the app has no roles.
    """

    roles: Roles | None
    commands: Commands


class Control:
    """The control endpoints of one workspace; `closing` ends the event streams."""

    def __init__(
        self, backend: Backend, hub: Hub, people: People, app_info: AppInfo, closing: asyncio.Event
    ) -> None:
        self._backend = backend
        self._hub = hub
        self._people = people
        self._app_info = app_info
        self._closing = closing

    def routes(self) -> list[BaseRoute]:
        """Return the routes of all endpoints."""
        actions: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "command": self._command,
            "click": self._click,
            "submit": self._submit,
            "close": self._close,
            "leave": self._leave,
            "home": self._home,
            "message": self._message,
        }
        return [
            Route("/_local/state", self._state),
            Route("/_local/events", self._events),
            Route("/_local/commands", self._commands),
            *(
                Route(f"/_local/{name}", endpoint(action), methods=["POST"])
                for name, action in actions.items()
            ),
            Route("/archives/{channel}/{message}", _permalink),
            Mount("/", StaticFiles(directory=PAGE, html=True, check_dir=False)),
        ]

    async def _state(self, _request: Request) -> Response:
        return JSONResponse(state_json(self._backend, self._hub, self._app_info.roles))

    async def _commands(self, _request: Request) -> Response:
        return JSONResponse({"commands": self._app_info.commands()})

    async def _command(self, body: Json) -> Json:
        user, channel, text = texts(body, "user", "channel", "text")
        return await self._people.command(user, channel, text, _wait(body))

    async def _click(self, body: Json) -> Json:
        user, action_id = texts(body, "user", "action_id")
        click = Click(action_id, body.get("block_id"), _selection(body))
        if "view_id" in body:
            (view_id,) = texts(body, "view_id")
            return await self._people.click_in_view(user, view_id, click, _wait(body))
        channel, ts = texts(body, "channel", "ts")
        return await self._people.click(user, channel, ts, click, _wait(body))

    async def _submit(self, body: Json) -> Json:
        user, view_id = texts(body, "user", "view_id")
        values = body.get("values", {})
        if not isinstance(values, dict):
            raise CannotError("values must be an object")
        return await self._people.submit(user, view_id, values, _wait(body))

    async def _close(self, body: Json) -> Json:
        user, view_id = texts(body, "user", "view_id")
        return await self._people.close(user, view_id, everything=bool(body.get("clear")))

    async def _leave(self, body: Json) -> Json:
        (user,) = texts(body, "user")
        return await self._people.leave(user)

    async def _home(self, body: Json) -> Json:
        (user,) = texts(body, "user")
        return await self._people.open_home(user, _wait(body))

    async def _message(self, body: Json) -> Json:
        user, text = texts(body, "user", "text")
        return await self._people.write(user, text, _wait(body))

    async def _events(self, _request: Request) -> Response:
        return StreamingResponse(
            change_events(self._backend.workspace, self._closing), media_type="text/event-stream"
        )


async def change_events(workspace: Workspace, closing: asyncio.Event) -> AsyncIterator[str]:
    """Yield the event `change` with the workspace's version, at once and after every change."""
    loop = asyncio.get_running_loop()
    changed = asyncio.Event()

    def notify() -> None:
        loop.call_soon_threadsafe(changed.set)

    workspace.listeners.append(notify)
    try:
        while not closing.is_set():
            yield f"event: change\ndata: {workspace.version}\n\n"
            waits = {asyncio.create_task(event.wait()) for event in (changed, closing)}
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
            changed.clear()
    finally:
        workspace.listeners.remove(notify)


def endpoint(action: Callable[[Json], Awaitable[Json]]) -> Callable[..., Awaitable[Response]]:
    """Return an endpoint that calls the action with the JSON body and answers with its result."""

    async def respond(request: Request) -> Response:
        try:
            return JSONResponse(await action(await _body(request)))
        except CannotError as error:
            return JSONResponse({"error": str(error)}, 404)
        except WrongValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return respond


def _selection(body: Json) -> object:
    """Return a click's choice: an option, an option's value, or a list of options or values."""
    for name in ("selected_option", "selected_options", "value"):
        value = body.get(name)
        if isinstance(value, list):
            return [_value_of(item) for item in value]
        if value is not None:
            return _value_of(value)
    return None


def _value_of(choice: object) -> object:
    return choice.get("value") if isinstance(choice, dict) else choice


async def _body(request: Request) -> Json:
    """Return the JSON body; require JSON's content type, because a foreign form cannot send it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        raise HTTPException(415)
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400) from error
    if not isinstance(body, dict):
        raise HTTPException(400)
    return body


def texts(body: Json, *names: str) -> list[str]:
    """Return the texts of a body by their names; raises `WrongValueError`."""
    values = [body.get(name) for name in names]
    strings = [value for value in values if isinstance(value, str)]
    if len(strings) < len(names):
        raise WrongValueError(f"these must be texts: {', '.join(names)}")
    return strings


def _wait(body: Json) -> float:
    """Return `wait_ms` in seconds, between 0 and 60."""
    wait_ms = body.get("wait_ms")
    return min(max(wait_ms, 0), 60_000) / 1000 if isinstance(wait_ms, int | float) else WAIT


async def _permalink(request: Request) -> Response:
    return RedirectResponse(f"/#{request.url.path}")
