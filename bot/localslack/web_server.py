"""A web server in a separate thread, with time limits for its start and its stop."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 120.0  # seconds after which a call from another thread counts as a defect
STOPPING = 30.0  # maximum seconds for the server's start and for its stop
GRACE = 1.0  # seconds in which running requests may end when the server stops

T = TypeVar("T")


class Protocol(H11Protocol):
    """Passes the TCP connection to each request, so that a fault can cut it."""

    def connection_made(  # type: ignore[override]  # uvicorn narrows asyncio's parameter likewise
        self, transport: asyncio.Transport
    ) -> None:
        """Store the connection in the state of every request on it."""
        super().connection_made(transport)
        # asyncio sets TCP_NODELAY only for sockets that name their protocol. Without TCP_NODELAY,
        # every answer's body waits 40 ms for the client's ACK of the answer's head.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Notifies of its start and stops at once; uvicorn's own server polls ten times a second."""

    def __init__(self, config: uvicorn.Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        await self._closing.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=GRACE)


class ServerThread:
    """Runs one app on 127.0.0.1; the server's loop sets `closing` when the server must stop."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the server accepts requests."""
        return self._server is not None

    def start(self, app: Callable[[], ASGIApp], port: int) -> None:
        """Listen, set `port` and serve; return when the server accepts requests."""
        listening = socket.create_server(("127.0.0.1", port))
        self.port = listening.getsockname()[1]
        server = _Server(_config(app()), self.closing)
        self._thread = threading.Thread(
            target=self._run, args=(server, listening), name="local-slack", daemon=True
        )
        self._thread.start()
        if not server.ready.wait(STOPPING):
            raise TimeoutError("the local Slack did not start")
        self._server = server

    def _run(self, server: _Server, listening: socket.socket) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await server.serve(sockets=[listening])

        with listening:
            asyncio.run(serve())

    def stop(self) -> None:
        """Stop the server; a second call does nothing. `TimeoutError` if the server hangs."""
        thread = self._thread
        if self._server is None or thread is None:
            return
        self.ask(self.closing.set)
        self._server = None
        thread.join(STOPPING)
        if thread.is_alive():
            raise TimeoutError("the local Slack did not stop")

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the coroutine in the server's loop and return its result."""
        if self._server is None or self._loop is None:
            work.close()
            raise RuntimeError("the local Slack is not running: use it as a context manager")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def ask(self, question: Callable[[], T]) -> T:
        """Call the function in the server's loop, where no state changes; return its result."""

        async def answer() -> T:
            return question()

        return self.wait_for(answer())


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        ws_per_message_deflate=False,
    )
