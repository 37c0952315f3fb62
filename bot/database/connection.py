"""One connection to MariaDB or MySQL: its TLS context, its session, and its deadline.

PyMySQL has a time limit for each read. If a server accepts a connection and then stops answering, a
request waits for this limit at each read. This module therefore sets a deadline for all reads
together.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any

from pymysql.connections import Connection
from pymysql.err import Error, OperationalError
from pymysql.protocol import MysqlPacket

from bot.database.session import Session
from bot.database.time_limits import DeadlinePassed, ServerSilent
from bot.database.tls import CLEAR_TEXT_PLUGINS, is_verified, trusting

CLEAR_TEXT = 2061
"""The error number with which the client refuses a login that would send the password in clear."""
HANDSHAKE_FAILED = 2012
"""The error number with which the client reports a server greeting that it cannot parse."""
STEP_SECONDS = 0.05
"""The minimum time between two changes of a socket's timeout; each change needs Python's lock."""
LEAST_SECONDS = 0.001


@dataclass
class _Checkout:
    """A transaction needs a connection by `deadline`; `silent`: the server did not answer."""

    deadline: float | None = None
    silent: bool = False


_checkout: ContextVar[_Checkout] = ContextVar("checkout", default=_Checkout())  # noqa: B039 never changed: it has no deadline


@contextmanager
def connecting_by(deadline: float | None) -> Iterator[None]:
    """End each opening and each probe of a connection in this block by `deadline`."""
    token = _checkout.set(_Checkout(deadline))
    try:
        yield
    finally:
        _checkout.reset(token)


class TimedConnection(Connection):
    """A connection whose reads and writes must end by `until`, a time of `monotonic()`.

    All connections share one TLS context, unless the settings name a certificate authority.
    """

    until: float | None = None
    _secure: bool
    _session: Session
    _usual: float | None = None
    _limited: tuple[float | None, float] = (None, 0.0)

    def __init__(self, session: Session, *positional: Any, **named: Any) -> None:
        """Connect and apply `session`; all other arguments are PyMySQL's."""
        self._session = session
        self._open_seconds = float(named["connect_timeout"])
        super().__init__(*positional, **named)

    def connect(self, sock: Any = None) -> None:
        """Open the connection and set its session, together within `connect_timeout` seconds."""
        self._usual = self._read_timeout
        self.connect_timeout = self._limit_opening()
        try:
            super().connect(sock)
        except OperationalError as error:
            if _notice_silence():
                raise ServerSilent from error
            raise

    def ping(self, reconnect: Any = False) -> None:  # noqa: FBT002 PyMySQL's own
        """Probe a pooled connection within the time limit for opening a connection."""
        self._limit_opening()
        try:
            super().ping(reconnect)
        except OperationalError:
            _notice_silence()
            raise

    def set_character_set(self, charset: str, collation: str | None = None) -> None:
        """Set the whole session; PyMySQL's own method would set only the character set."""
        self._session.apply(self.query)
        self.charset, self.collation = charset, collation

    def character_set_name(self) -> None:
        """Prevent SQLAlchemy from sending SET NAMES, which would set a different collation."""

    def _limit_opening(self) -> float:
        now, checkout = monotonic(), _checkout.get()
        until = now + self._open_seconds
        until = until if checkout.deadline is None else min(until, checkout.deadline)
        if until <= now:
            raise ServerSilent if checkout.silent else DeadlinePassed
        self.until = until
        return until - now

    def _limit(self) -> None:
        """Set the socket's timeout to the remaining time."""
        now = monotonic()
        until, since = self._limited
        if until == self.until and (until is None or now - since < STEP_SECONDS):
            return
        self._limited = (self.until, now)
        seconds = self._usual
        if self.until is not None:
            seconds = max(self.until - now, LEAST_SECONDS)
            seconds = seconds if self._usual is None else min(seconds, self._usual)
        self._read_timeout = self._write_timeout = seconds

    def _read_packet(self, packet_type: type[MysqlPacket] = MysqlPacket) -> MysqlPacket:
        self._limit()
        packet: MysqlPacket = super()._read_packet(packet_type)  # type: ignore[no-untyped-call] # PyMySQL
        return packet

    def _write_bytes(self, data: bytes) -> None:
        self._limit()
        super()._write_bytes(data)  # type: ignore[misc]  # not in its types

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any = None) -> Any:
        verified = is_verified(getattr(self, "ctx", None), secure=self._secure)
        if plugin_name in CLEAR_TEXT_PLUGINS and not verified:
            raise OperationalError(CLEAR_TEXT, f"the server asks for {plugin_name.decode()}")
        return super()._process_auth(plugin_name, auth_packet, handler)  # type: ignore[misc]  # not in its types

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
        if sslp:
            context: ssl.SSLContext = super()._create_ssl_ctx(sslp)  # type: ignore[misc]  # not in its types
            return context
        return trusting()


def _notice_silence() -> bool:
    """Whether this thread waited for a server until the deadline of its checkout passed."""
    checkout = _checkout.get()
    if checkout.deadline is not None and monotonic() >= checkout.deadline:
        checkout.silent = True
    return checkout.silent


def open_connection(
    session: Session, positional: list[Any], named: dict[str, Any]
) -> TimedConnection:
    """Connect; raise `OperationalError` if the greeting does not come from a MySQL server."""
    try:
        return TimedConnection(session, *positional, **named)
    except (Error, DeadlinePassed):
        raise
    except Exception as error:
        # PyMySQL does not catch Python's own errors. A malformed answer or an unknown option
        # raises such an error.
        sentence = f"{type(error).__name__}: {error}"
        raise OperationalError(HANDSHAKE_FAILED, sentence) from error
