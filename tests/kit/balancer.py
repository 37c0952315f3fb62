"""A balancer in front of the replicas of HTTP mode: each connection goes to the next ready one.

A request whose replica dies fails, as with a balancer that does not repeat a POST.
"""

import socket
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socketserver import BaseRequestHandler, ThreadingTCPServer

from bot.slack.signed_requests import PATH

SECONDS = 30.0
CHUNK = 65_536


@dataclass(frozen=True)
class Backend:
    """A replica: its port for requests, and the monitoring port if the replica has one."""

    port: int
    monitoring: int | None = None


def accepts_requests(monitoring: int) -> bool:
    """Return whether a replica says that a balancer should send requests to it."""
    address = f"http://127.0.0.1:{monitoring}/readyz/slack"
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as refused:
        refused.close()
        return False
    except OSError:
        return False


class Balancer(ThreadingTCPServer):
    """Passes each connection to the next replica that is ready and whose port is open."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self._backends: deque[Backend] = deque()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address for Slack's requests."""
        return f"http://127.0.0.1:{self.server_address[1]}{PATH}"

    def add(self, backend: Backend) -> None:
        """Send requests to this replica too."""
        with self._lock:
            self._backends.append(backend)

    def remove(self, backend: Backend) -> None:
        """Send no further request to this replica."""
        with self._lock:
            self._backends.remove(backend)

    def next_backend(self) -> socket.socket | None:
        """Return a connection to the next replica, or None if no replica is ready."""
        for _ in range(len(self._backends)):
            with self._lock:
                if not self._backends:
                    return None
                backend = self._backends[0]
                self._backends.rotate(-1)
            if backend.monitoring is None or accepts_requests(backend.monitoring):
                with suppress(ConnectionRefusedError):
                    return socket.create_connection(("127.0.0.1", backend.port), SECONDS)
        return None


class _Connection(BaseRequestHandler):
    server: Balancer

    def handle(self) -> None:
        replica = self.server.next_backend()
        if replica is None:
            return
        with replica:
            back = threading.Thread(target=_copy, args=(replica, self.request), daemon=True)
            back.start()
            _copy(self.request, replica)
            back.join(SECONDS)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def balancing() -> Iterator[Balancer]:
    """Run a balancer without replicas until the block ends."""
    with Balancer() as balancer:
        thread = threading.Thread(target=balancer.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield balancer
        finally:
            balancer.shutdown()
            thread.join(SECONDS)
