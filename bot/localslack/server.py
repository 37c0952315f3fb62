"""The local Slack as a server on 127.0.0.1 in a separate thread."""

import json
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.types import ASGIApp

from bot.localslack.blocks.specs import Json
from bot.localslack.control import WAIT, AppInfo, Commands, Control
from bot.localslack.credentials import Credentials
from bot.localslack.delivery.envelopes import ACK_SECONDS, Courier
from bot.localslack.delivery.request_urls import RequestUrls, addresses
from bot.localslack.delivery.socket_mode import Hub
from bot.localslack.demo import IDS, QUEUE_BOT, demo_workspace
from bot.localslack.grants import TRIGGER_SECONDS, Grants
from bot.localslack.guard import Guard
from bot.localslack.interactivity.people import Click, People
from bot.localslack.manifest import Manifest
from bot.localslack.panel import Backstage, Panel
from bot.localslack.state import Roles, state_json
from bot.localslack.switches import Switches
from bot.localslack.traffic import Meter, Traffic
from bot.localslack.web_api.calls import Backend, Call
from bot.localslack.web_api.endpoints import Wire
from bot.localslack.web_api.rates import Rates
from bot.localslack.web_server import ServerThread
from bot.localslack.workspace import Workspace


class LocalSlack(Switches):
    """A Slack with one workspace and one app; `with LocalSlack() as slack:` runs the server.

    `clock` returns the wall time in seconds. It applies to message times, the 30 minutes of a
    response url and the 3 s of a trigger. `ack_timeout` is in real seconds; a trigger is valid for
    at least `ack_timeout`. `seed` determines the socket for each envelope. Three arguments are only
    for the page. `roles` returns a person's roles; without `roles` the page shows no role.
    `commands` lists slash commands, and `backstage` is the data in the side panel. Every method
    may be called from any thread.
    """

    ids = IDS

    def __init__(
        self,
        *,
        port: int = 0,
        manifest: Manifest = QUEUE_BOT,
        rates: bool = True,
        clock: Callable[[], float] = time.time,
        ack_timeout: float = ACK_SECONDS,
        seed: int = 0,
        roles: Roles | None = None,
        commands: Commands | None = None,
        backstage: Backstage | None = None,
        workspace: Workspace | None = None,
    ) -> None:
        self.manifest = manifest
        self.workspace = workspace or demo_workspace(clock)
        app = self.workspace.identity.app_id
        hub = Hub(app, seed=seed, ack_timeout=ack_timeout)
        credentials, limits = Credentials(manifest.scopes, app), Rates(clock, on=rates)
        courier = Courier(hub, interactivity=manifest.interactivity)
        super().__init__(ServerThread(), hub, courier, credentials, limits)
        self.workspace.refused_blocks = self.faults.refused_blocks
        self._urls: RequestUrls | None = None
        self._backend = Backend(
            self.workspace,
            Grants(clock, max(TRIGGER_SECONDS, ack_timeout)),
            credentials,
            limits,
            lambda: self.url,
            self._socket_url,
        )
        self._people = People(self._backend, self._courier, manifest, self._response_url)
        self._app_info = AppInfo(roles, commands or manifest.suggestions)
        self._traffic = Traffic()
        self._panel = Panel(self, self._traffic, backstage or Backstage())
        self._requested_port = port
        self._changed = threading.Condition()
        self.workspace.listeners.append(self._note_change)

    # ---- start and stop

    @property
    def url(self) -> str:
        """Return the page's address; it ends with a slash, as the `url` of `auth.test` does."""
        return f"http://127.0.0.1:{self._server_thread.port}/"

    @property
    def bot_token(self) -> str:
        """Return the token for Web API methods."""
        return self.credentials.bot

    @property
    def app_token(self) -> str:
        """Return the token for opening sockets."""
        return self.credentials.app

    @property
    def base_url(self) -> str:
        """Return the address for `slack_sdk.WebClient(base_url=…)`."""
        return f"{self.url}api/"

    def __enter__(self) -> Self:
        """Start the server; return when the server accepts requests."""
        self._server_thread.start(self._app, self._requested_port)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Cut the sockets and stop within seconds."""
        self.close()

    def close(self) -> None:
        """Stop the server; calling it again does nothing."""
        if self._server_thread.is_running:
            self._server_thread.ask(self._hang_up)
            self._server_thread.stop()

    def _hang_up(self) -> None:
        self._courier.stop()
        if self._urls is not None:
            self._urls.stop()
        self._hub.kill()

    def _app(self) -> ASGIApp:
        closing = self._server_thread.closing
        wire = Wire(self._backend, self.faults, closing)
        control = Control(self._backend, self._hub, self._people, self._app_info, closing)
        return Starlette(
            routes=[
                *wire.routes(),
                WebSocketRoute("/link/", self._hub.serve),
                *self._panel.routes(),
                *control.routes(),
            ],
            middleware=[
                Middleware(Guard, port=self._server_thread.port),
                Middleware(Meter, traffic=self._traffic),
            ],
        )

    def deliver_by_http(self, url: str = "") -> None:
        """Verify the address for events, and deliver by signed requests from now on.

        All requests go to `url`, or to the manifest's addresses if `url` is empty. Raises
        `NotVerifiedError` if the address for events does not answer the challenge.
        """
        clock = self.workspace.clock
        routes = RequestUrls(addresses(self.manifest, url), self.credentials, clock, self._hub)
        if routes.has_events:
            self._server_thread.wait_for(routes.verify())
        self._urls = self._courier.route = routes

    def _socket_url(self) -> str:
        app, ticket = self.workspace.identity.app_id, self._hub.new_ticket()
        return f"ws://127.0.0.1:{self._server_thread.port}/link/?ticket={ticket}&app_id={app}"

    def _response_url(self, kind: str, name: str) -> str:
        return f"{self.url}hooks/{kind}/{self.workspace.identity.team_id}/{name}"

    # ---- for tests and the playground

    def command(self, user: str, channel: str, text: str, *, wait: float = WAIT) -> Json:
        """Type a slash command; return the answer of `POST /_local/command`."""
        return self._server_thread.wait_for(self._people.command(user, channel, text, wait))

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: object = None,
        wait: float = WAIT,
    ) -> Json:
        """Click on a message; return the answer of `POST /_local/click`."""
        click = Click(action_id, block_id, value)
        return self._server_thread.wait_for(self._people.click(user, channel, ts, click, wait))

    def click_in_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: object = None,
        wait: float = WAIT,
    ) -> Json:
        """Click in a modal or on Home; return the answer of `POST /_local/click`."""
        click = Click(action_id, block_id, value)
        return self._server_thread.wait_for(self._people.click_in_view(user, view_id, click, wait))

    def submit(self, user: str, view_id: str, values: Json, *, wait: float = WAIT) -> Json:
        """Submit a modal; return the answer of `POST /_local/submit`."""
        return self._server_thread.wait_for(self._people.submit(user, view_id, values, wait))

    def close_view(self, user: str, view_id: str, *, everything: bool = False) -> Json:
        """Close a modal; return the answer of `POST /_local/close`."""
        return self._server_thread.wait_for(
            self._people.close(user, view_id, everything=everything)
        )

    def leave(self, user: str) -> Json:
        """Close or reload the person's Slack; return the answer of `POST /_local/leave`."""
        return self._server_thread.wait_for(self._people.leave(user))

    def open_home(self, user: str, *, wait: float = WAIT) -> Json:
        """Open the Home tab; return the answer of `POST /_local/home`."""
        return self._server_thread.wait_for(self._people.open_home(user, wait))

    def write(self, user: str, text: str, *, wait: float = WAIT) -> Json:
        """Write a direct message to the app; return the answer of `POST /_local/message`."""
        return self._server_thread.wait_for(self._people.write(user, text, wait))

    def direct_messages(self, user: str) -> list[Json]:
        """Return the messages between a person and the app, oldest first."""
        person = self.workspace.find_user(user)
        return self.messages(self.workspace.direct_message(person.id if person else "").id)

    def edit_group(self, name: str, *members: str) -> Json:
        """Set the user group's members (names or ids); the app receives the group's events."""
        return self._server_thread.wait_for(self._people.edit_group(name, members))

    def state(self) -> Json:
        """Return the state that `GET /_local/state` answers."""
        return self._server_thread.ask(
            lambda: state_json(self._backend, self._hub, self._app_info.roles)
        )

    def messages(self, channel: str) -> list[Json]:
        """Return all messages of a channel (name or id), also ephemeral messages, oldest first."""

        def read() -> list[Json]:
            target = self.workspace.find_channel(channel)
            if target is None:
                raise KeyError(channel)
            messages = self.workspace.messages[target.id]
            return [json.loads(json.dumps(message.as_json())) for message in messages]

        return self._server_thread.ask(read)

    def views(self, user: str) -> list[Json]:
        """Return a person's open modals, from the bottom of the stack to the top."""
        person = self.workspace.find_user(user)
        views: list[Json] = self.state()["views"].get(person.id if person else "", [])
        return views

    def home(self, user: str) -> Json | None:
        """Return a person's Home; None before the first publish."""
        person = self.workspace.find_user(user)
        view: Json | None = self.state()["homes"].get(person.id if person else "")
        return view

    def calls(self, method: str | None = None) -> list[Call]:
        """Return the app's calls of one method or of all methods, oldest first."""
        all_calls = self._server_thread.ask(lambda: list(self._backend.calls))
        return [call for call in all_calls if method in {None, call.method}]

    def wait_for(self, predicate: Callable[[], object], timeout: float = 5.0) -> None:
        """Test the predicate after every change, until it is true; raises `TimeoutError`."""
        deadline = time.monotonic() + timeout
        while not predicate():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("the awaited condition was not met")
            with self._changed:
                # A predicate may depend on state that does not notify of its changes.
                self._changed.wait(min(remaining, 0.02))

    def _note_change(self) -> None:
        with self._changed:
            self._changed.notify_all()
