"""A TCP proxy for a database server that cuts a connection at a chosen command.

It reads the commands, so it hides the server's TLS from the client.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Literal

When = Literal["before", "at", "after"]
"""The command never reaches the server; reaches it as the connection closes; its answer is lost."""

_TLS = 0x0800  # CLIENT_SSL among the lower capabilities, as in the page below
_QUERY = 3  # COM_QUERY, dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query.html


class Proxy:
    """Forwards all bytes until a method changes that; `cuts` counts the cut connections."""

    def __init__(self, host: str, port: int) -> None:
        """Listen on a free port, and forward to `host` and `port`."""
        self._target = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cuts = 0
        self._cut: tuple[bytes, When] | None = None
        self._then_down = False
        self._down = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def cut(self, command: str, when: When, *, then_down: bool = False) -> None:
        """Cut the connection with the next such command; `then_down` also refuses new ones."""
        self._cut = (command.encode(), when)
        self._then_down = then_down

    def up(self) -> None:
        """Accept connections again."""
        self._down = False

    def down(self) -> None:
        """Close every connection and refuse new ones."""
        with self._lock:
            self._down = True
            for one in self._open:
                _close(one)

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                # The server itself is down.
                client.close()
                continue
            answer_lost = threading.Event()
            with self._lock:
                # Check under the lock of `down`, which closes only connections already open.
                if self._down:
                    client.close()
                    server.close()
                    continue
                self._open |= {client, server}
            for step in (self._up_stream, self._down_stream):
                threading.Thread(target=step, args=(client, server, answer_lost)).start()

    def close(self) -> None:
        """Stop the proxy and close all connections."""
        _close(self._listener)
        self.down()

    def _up_stream(
        self, client: socket.socket, server: socket.socket, answer_lost: threading.Event
    ) -> None:
        with contextlib.suppress(OSError), client.makefile("rb") as stream:
            while head := stream.read(4):
                body = stream.read(int.from_bytes(head[:3], "little"))
                when = self._matches(body)
                if when == "before":
                    break
                if when == "after":
                    answer_lost.set()
                server.sendall(head + body)
                if when == "at":
                    break
        _close(client)
        _close(server)

    def _down_stream(
        self, client: socket.socket, server: socket.socket, answer_lost: threading.Event
    ) -> None:
        with contextlib.suppress(OSError):
            client.sendall(_without_tls(_greeting(server)))
            while (chunk := server.recv(65_536)) and not answer_lost.is_set():
                client.sendall(chunk)
        _close(client)
        _close(server)
        with self._lock:
            self._open -= {client, server}

    def _matches(self, body: bytes) -> When | None:
        if self._cut is None or body[:1] != bytes([_QUERY]):
            return None
        statement = body[1:]
        if statement.startswith(b"SET STATEMENT "):
            # MariaDB's statement time limit comes before the command.
            statement = statement.partition(b" FOR ")[2]
        if not statement.startswith(self._cut[0]):
            return None
        when, self._cut = self._cut[1], None
        self.cuts += 1
        self._down = self._then_down
        return when


def _greeting(server: socket.socket) -> bytes:
    """Return the server's first packet, which has its capabilities."""
    packet = b""
    size = 4
    while len(packet) < size and (more := server.recv(size - len(packet))):
        packet += more
        if len(packet) == 4:
            size += int.from_bytes(packet[:3], "little")
    return packet


def _without_tls(greeting: bytes) -> bytes:
    """Return the greeting without the TLS capability."""
    # Header, protocol version, version text and its zero, thread, half a salt, a zero: then two
    # bytes of capabilities. A refusal instead of a greeting has no capabilities.
    start = greeting.find(b"\0", 5) + 1 + 4 + 8 + 1
    if greeting[4:5] != b"\x0a" or len(greeting) < start + 2:
        return greeting
    capabilities = int.from_bytes(greeting[start : start + 2], "little") & ~_TLS
    return greeting[:start] + capabilities.to_bytes(2, "little") + greeting[start + 2 :]


def _close(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextlib.contextmanager
def running_proxy(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy until the block ends."""
    proxy = Proxy(host, port)
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(20)
