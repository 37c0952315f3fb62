"""The local Slack as one server on 127.0.0.1, in a thread of its own."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp

from bot.playground import faults
from bot.playground.block_specs import Json
from bot.playground.control import WAIT, Asked, Commands, Control, Guard, Roles, state_json
from bot.playground.demo import IDS, demo_workspace
from bot.playground.grants import Grants
from bot.playground.panel import Backstage, Panel
from bot.playground.people import Click, People
from bot.playground.runner import Runner
from bot.playground.socket_mode import Hub
from bot.playground.traffic import Meter, Traffic
from bot.playground.web_api import Call, Desk, Tokens
from bot.playground.wire import Wire
from bot.playground.workspace import Workspace


class LocalSlack:
    """A Slack of one workspace and one app; `with LocalSlack() as slack:` runs it.

    `clock` tells the wall time in seconds (message times, 30 minutes, 3 s of a trigger);
    `ack_timeout` is in real seconds; `seed` chooses which socket gets which envelope; `roles`
    names a person's roles, `commands` lists slash commands and `backstage` is what the page
    shows beside Slack, all for the page only. Every method may be called from any thread.
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
        commands: Commands = list,
        backstage: Backstage | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self.bot_token = f"xoxb-local-{secrets.token_hex(12)}"
        self.app_token = f"xapp-1-local-{secrets.token_hex(12)}"
        self.workspace = workspace or demo_workspace(clock)
        self.faults = faults.Script()
        self._hub = Hub(self.workspace.identity.app_id, seed=seed, ack_timeout=ack_timeout)
        self._desk = Desk(self.workspace, Grants(clock), lambda: self.url, self._socket_url)
        self._people = People(self._desk, self._hub, self._response_url)
        self._asked = Asked(roles, commands)
        self._traffic = Traffic()
        self._panel = Panel(self, self._traffic, backstage or Backstage())
        self._wanted_port = port
        self._runner = Runner()
        self._changed = threading.Condition()
        self.workspace.listeners.append(self._note_change)

    # ---- running

    @property
    def url(self) -> str:
        """Where the page is; it ends with a slash, as the `url` of `auth.test`."""
        return f"http://127.0.0.1:{self._runner.port}/"

    @property
    def base_url(self) -> str:
        """What `slack_sdk.WebClient(base_url=…)` wants."""
        return f"{self.url}api/"

    def __enter__(self) -> Self:
        """Start the server and return when it takes requests."""
        self._runner.start(self._app, self._wanted_port)
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
        if self._runner.is_running:
            self._runner.ask(self._hub.kill)
            self._runner.stop()

    def _app(self) -> ASGIApp:
        closing = self._runner.closing
        wire = Wire(self._desk, Tokens(self.bot_token, self.app_token), self.faults, closing)
        control = Control(self._desk, self._hub, self._people, self._asked, closing)
        return Starlette(
            routes=[
                *wire.routes(),
                WebSocketRoute("/link/", self._hub.serve),
                *self._panel.routes(),
                *control.routes(),
            ],
            middleware=[
                Middleware(Guard, port=self._runner.port),
                Middleware(Meter, traffic=self._traffic),
            ],
        )

    def _socket_url(self) -> str:
        app, ticket = self.workspace.identity.app_id, self._hub.new_ticket()
        return f"ws://127.0.0.1:{self._runner.port}/link/?ticket={ticket}&app_id={app}"

    def _response_url(self, kind: str, name: str) -> str:
        return f"{self.url}hooks/{kind}/{self.workspace.identity.team_id}/{name}"

    # ---- what tests and the playground ask for

    def command(self, user: str, channel: str, text: str, *, wait: float = WAIT) -> Json:
        """Type a slash command; the answer is that of `POST /_local/command`."""
        return self._runner.wait_for(self._people.command(user, channel, text, wait))

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
        return self._runner.wait_for(self._people.click(user, channel, ts, click, wait))

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
        return self._runner.wait_for(self._people.click_in_view(user, view_id, click, wait))

    def submit(self, user: str, view_id: str, values: Json, *, wait: float = WAIT) -> Json:
        """Submit a modal; the answer is that of `POST /_local/submit`."""
        return self._runner.wait_for(self._people.submit(user, view_id, values, wait))

    def close_view(self, user: str, view_id: str, *, everything: bool = False) -> Json:
        """Close a modal; the answer is that of `POST /_local/close`."""
        return self._runner.wait_for(self._people.close(user, view_id, everything=everything))

    def open_home(self, user: str, *, wait: float = WAIT) -> Json:
        """Open the Home tab; the answer is that of `POST /_local/home`."""
        return self._runner.wait_for(self._people.open_home(user, wait))

    def state(self) -> Json:
        """The same as `GET /_local/state`."""
        return self._runner.ask(lambda: state_json(self._desk, self._hub, self._asked.roles))

    def messages(self, channel: str) -> list[Json]:
        """All messages of a channel, by name or id, oldest first, ephemerals among them."""

        def read() -> list[Json]:
            found = self.workspace.find_channel(channel)
            if found is None:
                raise KeyError(channel)
            kept = self.workspace.messages[found.id]
            return [json.loads(json.dumps(message.as_json())) for message in kept]

        return self._runner.ask(read)

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
        every = self._runner.ask(lambda: list(self._desk.calls))
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
        self._runner.ask(lambda: self.faults.add(method, long))

    def duplicate_next(self, count: int = 1) -> None:
        """Send each of the next envelopes twice, the second time to another socket if there is."""
        self._hub.duplicate_next = count

    def redeliver(self) -> None:
        """Send the newest envelope again; its ack is counted in `repeated_acks`."""
        self._runner.wait_for(self._hub.redeliver())

    def kill_sockets(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self._runner.ask(self._hub.kill)

    def silence_sockets(self) -> None:
        """Leave the connections open, but deaf and dumb."""
        self._runner.ask(self._hub.silence)

    def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Send a disconnect frame to every connection."""
        self._runner.wait_for(self._hub.ask_to_leave(reason))

    @property
    def hub(self) -> Hub:
        """Counters of Socket Mode: `connected`, `acks`, `late_acks`, `repeated_acks`."""
        return self._hub

    def _note_change(self) -> None:
        with self._changed:
            self._changed.notify_all()
