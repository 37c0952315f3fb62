"""Requests of Slack by HTTP: only well-formed requests with a valid signature reach Bolt.

https://docs.slack.dev/authentication/verifying-requests-from-slack. The signature is checked before
Bolt, because Bolt logs the whole body of a badly signed request, tokens included, and answers 500
to a timestamp that is no number.
"""

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING

import structlog
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.wsgi.http_request import WsgiHttpRequest
from slack_bolt.adapter.wsgi.http_response import WsgiHttpResponse

from bot.monitoring.metrics import Metrics
from bot.slack import signed_bodies
from bot.slack.signed_bodies import MalformedBody

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

log = structlog.get_logger(__name__)

PATH = "/slack/events"
STALE_SECONDS = 300
"""A request is refused if its timestamp differs by more than this from the clock."""
MAX_BYTES = 2_000_000
"""A larger body is refused; Slack's largest payload, a view of 250 kB, takes 750 kB in a form."""
LOGGED_EVERY = 60.0
"""Seconds between two log lines about refused requests, so that strangers cannot fill the log."""
WAITED = "queue_bot.waited"
"""The seconds for which a request waited for a thread of the server, if the server knows them."""
BODY_READ = "queue_bot.body_read"
"""A function that the app calls after it has read the body; then no time limit applies to it."""
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of `X-Slack-Signature` for a request."""
    base = b"v0:%s:%s" % (timestamp.encode(), body)
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class SignedRequests:
    """The WSGI app of HTTP mode; closing it first waits for unanswered requests.

    `grace`: seconds that a local Slack waits longer than Slack. `clock` returns the wall time.
    """

    def __init__(
        self,
        app: App,
        secret: str,
        metrics: Metrics,
        grace: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._secret = secret
        self._metrics = metrics
        self._grace = grace
        self._clock = clock
        self._refusals = _RefusalLog()
        self._open = 0
        self._idle = threading.Condition()
        self.listen: Callable[[], None] = lambda: None
        """Opens the port of the HTTP server, if there is one."""
        self._connected = False
        self._is_draining = False
        self._signed_at: float | None = None

    def connect(self) -> None:
        """Accept requests from now on; the port is open before the replica counts as ready."""
        self.listen()
        self._connected = True

    def drain(self) -> None:
        """Still answer requests, but report that none should be sent to this replica."""
        self._is_draining = True
        log.info("draining")

    def close(self, seconds: float) -> None:
        """Wait at most `seconds` for unanswered requests, then accept no more."""
        with self._idle:
            self._idle.wait_for(lambda: self._open == 0, timeout=seconds)
        self._connected = False

    def is_connected(self) -> bool:
        """Return whether a balancer should send requests to this replica."""
        return self._connected and not self._is_draining

    def request_age(self) -> float | None:
        """Return the seconds since the last signed request, or None before the first one."""
        return None if self._signed_at is None else monotonic() - self._signed_at

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request: Bolt answers signed requests, all others get an empty refusal."""
        received = monotonic() - environ.get(WAITED, 0.0)
        with self._idle:
            self._open += 1
        try:
            refusal, body = self._checked(environ)
            if refusal is None:
                self._signed_at = monotonic()
                return self._answer(environ, body, received + self._grace, start_response)
            self._metrics.arrived(refusal.phrase)
            self._refusals.add(refusal)
            return _empty(refusal, start_response)
        except MalformedBody as error:
            self._metrics.arrived(HTTPStatus.BAD_REQUEST.phrase)
            log.warning("malformed request", reason=error.reason)
            return _empty(HTTPStatus.BAD_REQUEST, start_response)
        except Exception:
            log.exception("request not answered")
            return _empty(HTTPStatus.INTERNAL_SERVER_ERROR, start_response)
        finally:
            with self._idle:
                self._open -= 1
                self._idle.notify_all()

    def _answer(
        self,
        environ: "WSGIEnvironment",
        body: bytes,
        received: float,
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        """Answer a signed request by Bolt; raises `MalformedBody` before a listener runs."""
        payload = signed_bodies.parse(str(environ.get("CONTENT_TYPE") or ""), body)
        request = None if payload is None else _bolt_request(environ, payload, received)
        self._metrics.arrived("signed")
        if request is None:
            return _empty(HTTPStatus.NOT_FOUND, start_response)
        answer = self._app.dispatch(request)
        response = WsgiHttpResponse(answer.status, answer.headers, answer.body)
        start_response(response.status, response.get_headers())
        return response.get_body()

    def _checked(self, environ: "WSGIEnvironment") -> tuple[HTTPStatus | None, bytes]:
        """Return the reason to refuse the request, or None and its body."""
        if environ.get("PATH_INFO") != PATH or environ.get("REQUEST_METHOD") != "POST":
            return HTTPStatus.NOT_FOUND, b""
        if not self._connected:
            return HTTPStatus.SERVICE_UNAVAILABLE, b""
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if re.fullmatch(r"[0-9]{1,9}", length) is None or int(length) > MAX_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b""
        body = environ["wsgi.input"].read(int(length))
        environ.get(BODY_READ, bool)()
        if not self._is_signed(environ, body):
            return HTTPStatus.UNAUTHORIZED, b""
        return None, body

    def _is_signed(self, environ: "WSGIEnvironment", body: bytes) -> bool:
        timestamp = str(environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", ""))
        signed = str(environ.get("HTTP_X_SLACK_SIGNATURE", ""))
        # Only ASCII: `compare_digest` raises an error for other texts.
        if _TIMESTAMP.fullmatch(timestamp) is None or _SIGNATURE.fullmatch(signed) is None:
            return False
        if abs(self._clock() - int(timestamp)) > STALE_SECONDS:
            return False
        return hmac.compare_digest(signature(self._secret, timestamp, body), signed)


def _bolt_request(
    environ: "WSGIEnvironment", payload: dict[str, object], received: float
) -> BoltRequest:
    """Return Bolt's request; raises `MalformedBody` if Bolt cannot read its people and places."""
    request = WsgiHttpRequest(environ)
    try:
        # In the mode of a socket Bolt accepts a parsed body, and checks the signature no second
        # time.
        return BoltRequest(
            body=payload,
            query=request.query_string,
            headers=request.get_headers(),
            context={"received": received},
            mode="socket_mode",
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise MalformedBody("ids") from error


def _empty(status: HTTPStatus, start_response: "StartResponse") -> Iterable[bytes]:
    start_response(f"{status.value} {status.phrase}", [("content-length", "0")])
    return [b""]


class _RefusalLog:
    """Logs refused requests at most once a minute, with their number and never their content."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._logged_at: float | None = None

    def add(self, refusal: HTTPStatus) -> None:
        """Count a refused request, and log the counts if the last log line is a minute old."""
        with self._lock:
            self._counts[refusal.phrase] = self._counts.get(refusal.phrase, 0) + 1
            now = monotonic()
            if self._logged_at is not None and now - self._logged_at < LOGGED_EVERY:
                return
            self._logged_at = now
            counts, self._counts = self._counts, {}
        advice = "if Slack's requests are unauthorized, check SLACK_SIGNING_SECRET and the clock"
        log.warning("requests refused", advice=advice, **counts)
