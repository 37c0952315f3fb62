"""The local Slack as one server on 127.0.0.1, in a thread of its own."""

import asyncio
import concurrent.futures
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.playground import faults
from bot.playground.block_specs import Json
from bot.playground.control import WAIT, Control, Guard, Roles, state_json
from bot.playground.demo import IDS, demo_workspace
from bot.playground.grants import Grants
from bot.playground.methods import METHODS
from bot.playground.people import Click, People
from bot.playground.refusals import SlackRefusal
from bot.playground.replies import use_response_url
from bot.playground.socket_mode import Hub
from bot.playground.web_api import Call, Desk, Entry, Tokens, answer, arguments
from bot.playground.workspace import Workspace

PATIENCE = 30.0  # seconds that a call from another thread may take before it is a defect
STOPPING = 5.0  # seconds for the server to end

T = TypeVar("T")


class Protocol(H11Protocol):
    """Hands the TCP connection on to the request, so that a fault can cut it."""

    def connection_made(  # type: ignore[override]  # uvicorn narrows asyncio's parameter likewise
        self, transport: asyncio.Transport
    ) -> None:
        """Remember the connection in the state of every request on it."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class LocalSlack:
    """A Slack of one workspace and one app; `with LocalSlack() as slack:` runs it.

    `clock` tells the wall time in seconds (message times, 30 minutes, 3 s of a trigger);
    `ack_timeout` is in real seconds; `seed` chooses which socket gets which envelope; `roles`
    names a person's roles for the page. Every method may be called from any thread.
    """

    ids = IDS

    def __init__(
        self,
        *,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        ack_timeout: float = 3.0,
        seed: int = 0,
        roles: Roles = lambda _user: [],
        workspace: Workspace | None = None,
    ) -> None:
        self.bot_token = f"xoxb-local-{secrets.token_hex(12)}"
        self.app_token = f"xapp-1-local-{secrets.token_hex(12)}"
        self.workspace = workspace or demo_workspace(clock)
        self.faults = faults.Script()
        self._hub = Hub(self.workspace.identity.app_id, seed=seed, ack_timeout=ack_timeout)
        self._desk = Desk(self.workspace, Grants(clock), lambda: self.url, self._socket_url)
        self._people = People(self._desk, self._hub, self._response_url)
        self._roles = roles
        self._tokens = Tokens(self.bot_token, self.app_token)
        self._wanted_port = port
        self._changed = threading.Condition()
        self.workspace.listeners.append(self._note_change)
        self._closing: asyncio.Event | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.port = 0

    # ---- running

    @property
    def url(self) -> str:
        """Where the page is; it ends with a slash, as the `url` of `auth.test`."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def base_url(self) -> str:
        """What `slack_sdk.WebClient(base_url=…)` wants."""
        return f"{self.url}api/"

    def __enter__(self) -> Self:
        """Start the server and return when it takes requests."""
        listening = socket.create_server(("127.0.0.1", self._wanted_port))
        self.port = listening.getsockname()[1]
        started: concurrent.futures.Future[_Server] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=self._run, args=(listening, started), name="local-slack", daemon=True
        )
        self._thread.start()
        self._server = started.result(STOPPING)
        if not self._server.ready.wait(STOPPING):
            raise TimeoutError("the local Slack did not start")
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Cut the sockets and stop, within seconds."""
        self.close()

    def close(self) -> None:
        """Stop the server; calling it again does nothing."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = None
        self._ask(self._end_streams)
        server.should_exit = True
        thread.join(STOPPING)
        if thread.is_alive():
            raise TimeoutError("the local Slack did not stop")

    def _end_streams(self) -> None:
        assert_open(self._closing).set()
        self.workspace.touched()
        self._hub.kill()

    def _run(self, listening: socket.socket, started: "concurrent.futures.Future[_Server]") -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._closing = asyncio.Event()
            server = _Server(self._config(self._closing))
            started.set_result(server)
            await server.serve(sockets=[listening])

        with listening:
            asyncio.run(serve())

    def _config(self, closing: asyncio.Event) -> uvicorn.Config:
        control = Control(self._desk, self._hub, self._people, self._roles, closing)
        app = Starlette(
            routes=[
                Route("/api/{method}", self._api, methods=["GET", "POST"]),
                Route("/hooks/{kind}/{team}/{name}", self._hook, methods=["POST"]),
                WebSocketRoute("/link/", self._hub.serve),
                *control.routes(),
            ],
            middleware=[Middleware(Guard, port=self.port)],
        )
        return uvicorn.Config(
            app,
            http=Protocol,
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            ws_per_message_deflate=False,
        )

    # ---- the wire

    def _socket_url(self) -> str:
        app = self.workspace.identity.app_id
        ticket = self._hub.new_ticket()
        return f"ws://127.0.0.1:{self.port}/link/?ticket={ticket}&app_id={app}"

    def _response_url(self, kind: str, name: str) -> str:
        return f"{self.url}hooks/{kind}/{self.workspace.identity.team_id}/{name}"

    async def _api(self, request: Request) -> Response:
        method = request.path_params["method"]
        body = await request.body()
        try:
            args, token = arguments(request.headers, request.url.query, body)
        except SlackRefusal as refusal:
            return JSONResponse(refusal.body())

        def check(entry: Entry) -> None:
            self._tokens.check(token, entry.caller)

        def run() -> Response:
            return JSONResponse(answer(self._desk, METHODS, method, args, check))

        return await self._scripted(request, method, args, run)

    async def _hook(self, request: Request) -> Response:
        """https://docs.slack.dev/interactivity/handling-user-interaction#message_responses."""
        try:
            args = json.loads(await request.body())
        except ValueError:
            args = None
        if not isinstance(args, dict):
            return PlainTextResponse("invalid_payload", 400)

        def run() -> Response:
            try:
                use_response_url(self._desk, request.path_params["name"], args)
            except SlackRefusal as refusal:
                gone = refusal.code in {"expired_url", "used_url"}
                return JSONResponse(refusal.body(), 404 if gone else 400)
            return PlainTextResponse("ok")

        return await self._scripted(request, "response_url", args, run)

    async def _scripted(
        self, request: Request, method: str, args: Json, run: Callable[[], Response]
    ) -> Response:
        """The scripted answer of a call, or its own."""
        scripted = self.faults.next(method)
        if isinstance(scripted, faults.Answered):
            return run()
        if isinstance(scripted, faults.LostAnswer):
            run()
            await _held(assert_open(self._closing), scripted.hold)
            return await _cut(request)
        error, response = _fault(scripted)
        failed = {"ok": False, "error": error}
        self._desk.calls.append(Call(method, args, failed, self.workspace.clock()))
        return response or await _cut(request)

    # ---- what tests and the playground ask for

    def command(self, user: str, channel: str, text: str, *, wait: float = WAIT) -> Json:
        """Type a slash command; the answer is that of `POST /_local/command`."""
        return self._wait_for(self._people.command(user, channel, text, wait))

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        chosen: object = None,
        wait: float = WAIT,
    ) -> Json:
        """Click on a message; the answer is that of `POST /_local/click`."""
        click = Click(action_id, block_id, chosen)
        return self._wait_for(self._people.click(user, channel, ts, click, wait))

    def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        chosen: object = None,
        wait: float = WAIT,
    ) -> Json:
        """Click in a modal or on Home; the answer is that of `POST /_local/click`."""
        click = Click(action_id, block_id, chosen)
        return self._wait_for(self._people.click_in_view(user, view_id, click, wait))

    def submit(self, user: str, view_id: str, values: Json, *, wait: float = WAIT) -> Json:
        """Submit a modal; the answer is that of `POST /_local/submit`."""
        return self._wait_for(self._people.submit(user, view_id, values, wait))

    def close_view(self, user: str, view_id: str, *, everything: bool = False) -> Json:
        """Close a modal; the answer is that of `POST /_local/close`."""
        return self._wait_for(self._people.close(user, view_id, everything=everything))

    def open_home(self, user: str, *, wait: float = WAIT) -> Json:
        """Open the Home tab; the answer is that of `POST /_local/home`."""
        return self._wait_for(self._people.open_home(user, wait))

    def state(self) -> Json:
        """The same as `GET /_local/state`."""
        return self._ask(lambda: state_json(self._desk, self._hub, self._roles))

    def messages(self, channel: str) -> list[Json]:
        """All messages of a channel, by name or id, oldest first, ephemerals among them."""

        def read() -> list[Json]:
            found = self.workspace.find_channel(channel)
            if found is None:
                raise KeyError(channel)
            kept = self.workspace.messages[found.id]
            return [json.loads(json.dumps(message.as_json())) for message in kept]

        return self._ask(read)

    def views(self, user: str) -> list[Json]:
        """The open modals of a person, the lowest first."""
        found = self.workspace.find_user(user)
        every: list[Json] = self.state()["views"].get(found.id if found else "", [])
        return every

    def home(self, user: str) -> Json | None:
        """What a person's Home shows; None before the first publish."""
        found = self.workspace.find_user(user)
        shown: Json | None = self.state()["homes"].get(found.id if found else "")
        return shown

    def calls(self, method: str | None = None) -> list[Call]:
        """The calls the app made, of one method or of all, oldest first."""
        every = self._ask(lambda: list(self._desk.calls))
        return [call for call in every if method in {None, call.method}]

    def wait_for(self, predicate: Callable[[], object], timeout: float = 5.0) -> None:
        """Return once the predicate holds, asked after every change; `TimeoutError` after that."""
        deadline = time.monotonic() + timeout
        while not predicate():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("what the test waits for did not happen")
            with self._changed:
                # Not everything a predicate may look at announces its changes.
                self._changed.wait(min(left, 0.02))

    # ---- faults

    def script(self, method: str, answers: Iterable[faults.Answer | str | int]) -> None:
        """Script the next answers of a method: an error code, 429, a 5xx, or a `faults` value."""
        long = list(answers)
        self._ask(lambda: self.faults.add(method, long))

    def duplicate_next(self, count: int = 1) -> None:
        """Send each of the next envelopes twice, the second time to another socket if there is."""
        self._hub.duplicate_next = count

    def redeliver(self) -> None:
        """Send the newest envelope again; its ack is counted in `repeated_acks`."""
        self._wait_for(self._hub.redeliver())

    def kill_sockets(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self._ask(self._hub.kill)

    def silence_sockets(self) -> None:
        """Leave the connections open, but deaf and dumb."""
        self._ask(self._hub.silence)

    def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Send a disconnect frame to every connection."""
        self._wait_for(self._hub.ask_to_leave(reason))

    @property
    def hub(self) -> Hub:
        """Counters of Socket Mode: `connected`, `acks`, `late_acks`, `repeated_acks`."""
        return self._hub

    # ---- threads

    def _note_change(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        loop = assert_open(self._loop)
        return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)

    def _ask(self, question: Callable[[], T]) -> T:
        async def ask() -> T:
            return question()

        return self._wait_for(ask())


def assert_open(value: T | None) -> T:
    """The value, which is there from the server's start on."""
    if value is None:
        raise RuntimeError("the local Slack is not running: use it as a context manager")
    return value


def _fault(scripted: faults.Answer) -> tuple[str, Response | None]:
    """The error to remember and the answer to give; None stands for a reset connection."""
    if isinstance(scripted, faults.Refused):
        return scripted.code, JSONResponse({"ok": False, "error": scripted.code})
    if isinstance(scripted, faults.RateLimited):
        body = {"ok": False, "error": "ratelimited"}
        headers = {"Retry-After": str(scripted.retry_after)}
        return "ratelimited", JSONResponse(body, 429, headers=headers)
    if isinstance(scripted, faults.ServerError):
        kind = scripted.content_type
        return f"http_{scripted.status}", Response(scripted.body, scripted.status, media_type=kind)
    return "reset", None


async def _held(closing: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(closing.wait(), seconds)
    except TimeoutError:
        return


async def _cut(request: Request) -> Response:
    """Abort the TCP connection; the response is for the framework only, nobody gets it."""
    request.scope["state"]["transport"].abort()
    await asyncio.sleep(0.01)  # until the server has seen its connection go
    return Response()
