"""The monitoring port: `/livez`, `/readyz` and `/metrics` for programs, never for people."""

import json
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.models.refusals import StartError
from bot.monitoring.collector import ReplicaState, StateCollector
from bot.monitoring.metrics import Metrics
from bot.monitoring.probes import Condition, accepting, alive, ready
from bot.monitoring.state import StateReader

log = structlog.get_logger(__name__)

REQUEST_SECONDS = 10.0
"""A client that sends no complete request within this time is disconnected."""
JSON = "application/json"
Answer = tuple[HTTPStatus, str, bytes]


class MonitoringServer:
    """Answers probes and scrapes in its own threads, even while all requests of people wait."""

    def __init__(
        self,
        host: str,
        port: int,
        metrics: Metrics,
        reader: StateReader,
        replica: Callable[[], ReplicaState],
    ) -> None:
        """Bind the port; raises `StartError` if the port cannot be used."""
        metrics.registry.register(StateCollector(reader, replica))
        answers: dict[str, Callable[[], Answer]] = {
            "/livez": lambda: _of([alive(replica())]),
            "/readyz": lambda: _of(ready(replica(), reader.read())),
            # The other conditions are those of all replicas, and a replica answers people without
            # them. A balancer that removed all replicas would answer nobody.
            "/readyz/slack": lambda: _of([accepting(replica())]),
            "/metrics": lambda: (
                HTTPStatus.OK,
                CONTENT_TYPE_LATEST,
                generate_latest(metrics.registry),
            ),
        }
        try:
            self._server = _PortServer((host, port), answers)
        except OSError as error:
            problem = f"QUEUE_BOT_MONITORING_PORT: {host}:{port} cannot be used: {error.strerror}."
            raise StartError([problem]) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="monitoring", daemon=True
        )

    @property
    def port(self) -> int:
        """The bound port; if the configured port is 0, the system has chosen this port."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        log.info("monitoring", port=self.port)

    def stop(self) -> None:
        """Close the port."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def _of(conditions: list[Condition]) -> Answer:
    ok = all(condition.ok for condition in conditions)
    body = {"ok": ok, "conditions": [condition.as_json() for condition in conditions]}
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return status, JSON, json.dumps(body).encode()


class _PortServer(ThreadingHTTPServer):
    daemon_threads = True

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answers: dict[str, Callable[[], Answer]]) -> None:
        self.answers = answers
        super().__init__(address, _Handler)

    def handle_error(self, *_given: object) -> None:
        """Log only the type of the error; a client that disconnects is no error.

        The base class prints a traceback, so that clients could flood the log with plain text.
        """
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            log.warning("scrape failed", because=type(error).__name__)


class _Handler(BaseHTTPRequestHandler):
    server: _PortServer
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        """Answer one of the addresses."""
        make = self.server.answers.get(self.path.partition("?")[0])
        if make is None:
            status, kind, body = HTTPStatus.NOT_FOUND, JSON, b'{"ok": false}'
        else:
            status, kind, body = make()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Return a name that says nothing about the software."""
        return "queue-bot"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
        """Log nothing: probes come every few seconds."""
