"""A WSGI app that is served on this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.kit.concurrency import SECONDS


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: Any) -> None:
        pass


class _Threaded(ThreadingMixIn, WSGIServer):
    """A server whose requests do not wait for each other."""


def balanced(*apps: Any) -> Any:
    """Return a WSGI app that passes each request to the next of `apps`, as a balancer does."""
    turns, lock = cycle(apps), threading.Lock()

    def balancer(environ: Any, start_response: Any) -> Any:
        with lock:
            app = next(turns)
        return app(environ, start_response)

    return balancer


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve a WSGI app until the block ends; yield its address."""
    server = make_server("127.0.0.1", 0, app, _Threaded, _Quiet)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/slack/events"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(SECONDS)
