"""The HTTP server of HTTP mode: the threads of gunicorn, in the bot's own process.

The bot uses gunicorn's threaded worker without gunicorn's master process. So the bot is one process
in both modes, with one meaning of signals, exit codes and probes.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import structlog
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from bot.models.refusals import StartError
from bot.slack.runtime import OPEN_REQUEST_SECONDS
from bot.slack.signed_requests import BODY_READ, WAITED

log = structlog.get_logger(__name__)

THREADS = 64
"""The number of requests that are handled simultaneously; up to 16 of them run a command."""
BACKLOG = 512
KEEPALIVE_SECONDS = 75
"""Longer than the 60 s for which balancers keep an idle connection, so the balancer closes it."""
READ_SECONDS = 10.0
"""A client that has not sent its whole request within this time is disconnected."""

Wsgi = Callable[..., Any]


class HttpServer:
    """A bound port; `serve` answers its requests until SIGTERM or SIGINT."""

    def __init__(self, host: str, port: int) -> None:
        """Bind the port; raises `StartError` if the port cannot be used."""
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            self._listener = socket.socket(family, socket.SOCK_STREAM)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((host, port))
        except OSError as error:
            problem = f"QUEUE_BOT_HTTP_PORT: {host}:{port} cannot be used: {error.strerror}."
            raise StartError([problem]) from error
        log.info("http", port=self._listener.getsockname()[1])

    def listen(self) -> None:
        """Let connections wait for `serve`; not earlier than when the bot can answer them."""
        self._listener.listen(BACKLOG)

    def serve(
        self,
        app: Wsgi,
        stopped: threading.Event,
        drain: Callable[[], None],
        drain_seconds: float = 0.0,
    ) -> None:
        """Answer requests until `drain_seconds` after a signal, then answer the open ones.

        If `stopped` is set, the signal has arrived before the start.
        `drain` is called at the signal. A second signal ends the waiting.
        """
        config = _config()
        worker = _Worker(
            0, os.getppid(), [self._listener], _App(app), 0, config, config.logger_class(config)
        )
        worker.stopped, worker.drain, worker.drain_seconds = stopped, drain, drain_seconds
        worker.init_process()


def _config() -> Any:
    config = Config()
    memory = Path("/dev/shm")  # noqa: S108 gunicorn makes its file there with a random name
    for name, value in {
        "threads": THREADS,
        "keepalive": KEEPALIVE_SECONDS,
        "graceful_timeout": int(OPEN_REQUEST_SECONDS),
        # The image's file system is read-only, and gunicorn needs one temporary file.
        "worker_tmp_dir": str(memory) if memory.is_dir() else None,
        # gunicorn logs each malformed request as a warning, with parts of the request.
        "loglevel": "error",
        "errorlog": None,
        "accesslog": None,
    }.items():
        config.set(name, value)
    return config


class _App:
    """A WSGI app as gunicorn's worker expects it."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app

    def wsgi(self) -> Wsgi:
        """Return the WSGI app."""
        return self._app


class _Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's worker in a process without a master; measures how long requests wait."""

    stopped: threading.Event
    drain: Callable[[], None]
    drain_seconds: float
    wsgi: Wsgi
    _is_stopping = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._reading: dict[Any, float] = {}

    def notify(self) -> None:
        """Disconnect slow clients; gunicorn calls this function at least once a second.

        Without a limit, as many slow clients as threads would stop the bot.
        """
        super().notify()
        latest = monotonic() - READ_SECONDS
        for connection in [conn for conn, began in [*self._reading.items()] if began < latest]:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def init_signals(self) -> None:
        """Stop gracefully at SIGINT as at SIGTERM."""
        super().init_signals()
        signal.signal(signal.SIGINT, self.handle_exit)
        if self.stopped.is_set():
            # The signal arrived while the bot started, and the port accepted no request yet.
            self._is_stopping = True
            self.handle_exit(signal.SIGTERM, None)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Report that no request should arrive, and close the port when balancers know it.

        A balancer that still sends requests to a closed port shows people a failure.
        """
        leave = partial(super().handle_exit, sig, frame)
        if self._is_stopping or self.drain_seconds == 0:
            leave()
            return
        self._is_stopping = True
        self.drain()
        timer = threading.Timer(self.drain_seconds, leave)
        timer.daemon = True
        timer.start()

    def is_parent_alive(self) -> bool:
        """Return True: the process that started the bot may end."""
        return True

    def enqueue_req(self, conn: Any) -> None:
        """Note the time, because a request waits for a thread while all threads are busy."""
        conn.enqueued = monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Handle a connection in a thread; the app reads how long the connection waited."""
        _current.waited = monotonic() - conn.enqueued
        _current.connection = conn
        self._reading[conn] = monotonic()
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def load_wsgi(self) -> None:
        """Load the app, and pass the time of waiting and the function `BODY_READ` to it."""
        super().load_wsgi()
        app: Wsgi = self.wsgi

        def timed(environ: dict[str, Any], start_response: Any) -> Any:
            environ[WAITED] = _current.waited
            environ[BODY_READ] = partial(self._reading.pop, _current.connection, None)
            return app(environ, start_response)

        self.wsgi = timed


_current = threading.local()
