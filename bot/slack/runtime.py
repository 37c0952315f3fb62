"""The running bot: its clients, listeners, background work and socket.

The parts are started and stopped in a fixed order.
"""

import gc
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from time import monotonic
from typing import Protocol, cast

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web import WebClient
from sqlalchemy import Engine

from bot.access import role_changes
from bot.app.setup import Setup
from bot.background.loop import INTERVAL, Watcher
from bot.failpoints import reach
from bot.models.refusals import StartError
from bot.monitoring.collector import ReplicaState
from bot.monitoring.metrics import Metrics
from bot.monitoring.server import MonitoringServer
from bot.monitoring.state import StateReader
from bot.slack.app import build_app
from bot.slack.block_support import BlockSupport
from bot.slack.directory import REFRESH_SECONDS, SlackDirectory, reason_of
from bot.slack.handler import RequestHandler
from bot.slack.poster import SlackPoster
from bot.slack.signed_requests import SignedRequests
from bot.slack.socket import SocketMode
from bot.text import warm_up

log = structlog.get_logger(__name__)

LOOKUP_SECONDS = 2
POST_SECONDS = 10
OPEN_REQUEST_SECONDS = 4.0
"""Seconds to wait for unsent acknowledgements; every envelope is acknowledged within 3 s."""
CLOSE_SECONDS = 8.0
"""Seconds to close the socket.

The acknowledgements take up to 3 s, and the SDK's reading threads up to 3 s more.
"""
HANDLER_SECONDS = 6.0
STOP_SECONDS = 18.0


@dataclass(frozen=True)
class Access:
    """The secrets of the app, and the address of the Web API.

    With a `signing_secret` the bot receives HTTP requests; otherwise the `app_token` opens a
    socket. `replicas`: the configured number of replicas.
    """

    bot_token: str
    app_token: str | None
    base_url: str
    signing_secret: str | None = None
    replicas: int = 2

    def client(self, seconds: int) -> WebClient:
        """Return a client without retries, because the caller decides about retries."""
        return WebClient(
            token=self.bot_token,
            base_url=self.base_url,
            timeout=seconds,
            ssl=_tls(),
            retry_handlers=[],
        )


@cache
def _tls() -> ssl.SSLContext:
    """Return a TLS context for all calls; reading the certificate authorities takes 20 to 70 ms."""
    return ssl.create_default_context()


class Transport(Protocol):
    """The way on which requests arrive: a socket, or HTTP requests."""

    def connect(self) -> None:
        """Accept requests from now on."""

    def close(self, seconds: float) -> None:
        """Wait at most `seconds` for unanswered requests, then accept no more."""

    def is_connected(self) -> bool:
        """Return whether requests are accepted."""
        ...

    def request_age(self) -> float | None:
        """Return the seconds since the last signed request, if requests are signed."""
        ...


@dataclass(frozen=True)
class WorkspaceInfo:
    """The workspace and the bot of the bot token, and the token's scopes if Slack reports them.

    docs.slack.dev/authentication/installing-with-oauth#scopes describes the header with the scopes.
    """

    team: str
    url: str
    name: str = ""
    scopes: frozenset[str] = frozenset()
    bot: str = ""


def look_up(access: Access) -> WorkspaceInfo:
    """Return the workspace of the bot token; raises `StartError`."""
    try:
        identity = access.client(POST_SECONDS).api_call("auth.test")
    except (SlackClientError, OSError) as error:
        raise StartError([f"Slack does not accept the bot token: {reason_of(error)}."]) from error
    headers = {name.lower(): value for name, value in identity.headers.items()}
    scopes = (scope.strip() for scope in str(headers.get("x-oauth-scopes", "")).split(","))
    return WorkspaceInfo(
        str(identity["team_id"]),
        str(identity["url"]),
        str(identity.get("team", "")),
        frozenset(scope for scope in scopes if scope),
        str(identity.get("bot_id", "")),
    )


class SlackBot:
    """All parts of the running bot.

    `background` and `polling` are the engines of background work. So background work does not use
    the connections of requests. `grace` is the number of additional seconds that a local Slack
    waits for an answer. Tests on a busy machine need these seconds. `monitoring` is the
    host and port of the monitoring port, or None without this port.
    """

    def __init__(
        self,
        access: Access,
        workspace: WorkspaceInfo,
        make_setup: Callable[[SlackDirectory], Setup],
        interval: float = INTERVAL,
        background: Engine | None = None,
        polling: Engine | None = None,
        grace: int = 0,
        monitoring: tuple[str, int] | None = None,
    ) -> None:
        lookups = access.client(LOOKUP_SECONDS + grace)
        self._directory = SlackDirectory(lookups, grace=grace)
        self.setup = make_setup(self._directory)
        self._background = background or self.setup.engine
        self._polling = polling or self._background
        client = access.client(POST_SECONDS)
        support = BlockSupport()
        poster = SlackPoster(client, workspace.url, support, self.setup.environment)
        background_setup = replace(self.setup, engine=self._background)
        self._watcher = Watcher(background_setup, poster, interval, self._polling)
        metrics = Metrics()
        self._handler = RequestHandler(
            self.setup, lookups, self._watcher.wake, support, metrics, grace
        )
        secret = access.signing_secret
        app = build_app(
            client, self._handler, self._group_changed, metrics, self.setup.slash, secret
        )
        self.transport: Transport = (
            SocketMode(app, access.app_token or "", access.replicas, grace)
            if secret is None
            else SignedRequests(app, secret, metrics, grace)
        )
        self.monitoring = None if monitoring is None else self._monitored(monitoring, metrics)
        self._stopped = threading.Event()
        self._refresher = threading.Thread(target=self._refresh, name="groups", daemon=True)

    @property
    def socket(self) -> SocketMode:
        """The socket; only in Socket Mode."""
        return cast("SocketMode", self.transport)

    @property
    def requests(self) -> SignedRequests:
        """The WSGI app for Slack's requests; only in HTTP mode."""
        return cast("SignedRequests", self.transport)

    def start(self) -> None:
        """Start the background work, then accept requests; so every change can be announced.

        If Slack opens no connection, all parts are stopped and `StartError` is raised.
        """
        warm_up()
        setup = self.setup
        role_changes.announce_rules(setup.engine, setup.rules, setup.known_roles, self._directory)
        if self.monitoring is not None:
            self.monitoring.start()
        self._refresher.start()
        self._watcher.start()
        try:
            self.transport.connect()
        except (SlackClientError, OSError) as error:
            self.stop()
            problem = f"Slack does not open a connection for the app token: {reason_of(error)}."
            raise StartError([problem]) from error
        named = {} if setup.environment is None else {"environment": setup.environment}
        log.info("running", replica=setup.replica, version=setup.version, **named)

    def stop(self) -> None:
        """Stop accepting requests, answer the running requests, send their messages, and stop.

        Stopping takes at most `STOP_SECONDS`, even if a thread hangs. A hanging thread ends with
        the process, and the database rolls back the thread's transaction.
        """
        until = monotonic() + STOP_SECONDS
        self._stopped.set()
        _end_by(partial(self.transport.close, OPEN_REQUEST_SECONDS), monotonic() + CLOSE_SECONDS)
        _end_by(self._handler.close, min(until, monotonic() + HANDLER_SECONDS))
        _end_by(self._watcher.stop, until)
        if self.monitoring is not None:
            self.monitoring.stop()
        self._directory.close()
        self._polling.dispose()
        self._background.dispose()
        self.setup.engine.dispose()
        log.info("stopped", replica=self.setup.replica)

    def _group_changed(self, group: str) -> None:
        """Notify all replicas that a group changed, because Slack notifies only one replica."""
        reach("group-changed")
        if group in self.setup.rules.groups:
            self._directory.forget_group(group)
            role_changes.announce_change(self.setup.engine)

    def _monitored(self, address: tuple[str, int], metrics: Metrics) -> MonitoringServer:
        """Return the server of the monitoring port; only this server needs measured statements."""
        engines = {"requests": self.setup.engine}
        engines |= {"background": self._background, "polling": self._polling}
        for engine in dict.fromkeys(engines.values()):
            names = [name for name, of in engines.items() if of is engine]
            metrics.measure(engine, names[0])
        host, port = address
        return MonitoringServer(host, port, metrics, StateReader(self._polling), self._replica)

    def _replica(self) -> ReplicaState:
        return ReplicaState(
            version=self.setup.version,
            replica=self.setup.replica,
            step_ages=self._watcher.step_ages,
            round_age=self._watcher.round_age,
            connected=self.transport.is_connected(),
            request_age=self.transport.request_age(),
        )

    def _refresh(self) -> None:
        groups = self.setup.rules.groups
        while groups and not self._stopped.is_set():
            self._directory.refresh(groups)
            self._stopped.wait(REFRESH_SECONDS)


def freeze_heap() -> None:
    """Exempt all objects that exist after the start from garbage collection.

    Modules, messages and patterns exist until the process ends. A full collection that scans these
    objects stops every thread for 60 to 130 ms (measured), even during a transaction.
    """
    gc.collect()
    gc.freeze()


def _end_by(end: Callable[[], None], until: float) -> None:
    """Run `end` in a thread, and wait for it until the time `until`."""
    ending = threading.Thread(target=end, name="end", daemon=True)
    ending.start()
    ending.join(max(0.0, until - monotonic()))
