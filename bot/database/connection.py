"""One connection to MariaDB or MySQL: its TLS context, its session, and its time.

PyMySQL limits each single read by a fixed number of seconds. A server that accepts a connection
and then is silent would cost a request that much once for each read, so here a moment is the limit.
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
from bot.database.tls import trusting

HANDSHAKE_FAILED = 2012
"""The client's own number for a greeting that it does not understand."""
STEP_SECONDS = 0.05
"""A socket's limit is set no more often than this: each time costs Python's lock."""
LEAST_SECONDS = 0.001


@dataclass
class _Checkout:
    """A connection that a transaction needs by `deadline`; `silent`: the server answered not."""

    deadline: float | None = None
    silent: bool = False


_checkout: ContextVar[_Checkout] = ContextVar("checkout", default=_Checkout())  # noqa: B039 never changed: it has no deadline


@contextmanager
def connecting_by(deadline: float | None) -> Iterator[None]:
    """Let a connection that is opened or probed in this block be ready by then."""
    token = _checkout.set(_Checkout(deadline))
    try:
        yield
    finally:
        _checkout.reset(token)


class TimedConnection(Connection):
    """A connection whose reads and writes end at a moment of `monotonic()`, `until`.

    It shares its TLS context with the others, unless it brings one of its own.
    """

    until: float | None = None
    _session: Session
    _usual: float | None = None
    _limited: tuple[float | None, float] = (None, 0.0)

    def __init__(self, session: Session, *positional: Any, **named: Any) -> None:
        """Connect; `session` is set on the connection, the rest is PyMySQL's."""
        self._session = session
        self._open_seconds = float(named["connect_timeout"])
        super().__init__(*positional, **named)

    def connect(self, sock: Any = None) -> None:
        """Open the connection and set its session within `connect_timeout` in all."""
        self._usual = self._read_timeout
        self.connect_timeout = self._limit_opening()
        try:
            super().connect(sock)
        except OperationalError as error:
            if _notice_silence():
                raise ServerSilent from error
            raise

    def ping(self, reconnect: Any = False) -> None:  # noqa: FBT002 PyMySQL's own
        """Probe a pooled connection, in no more time than opening another would have."""
        self._limit_opening()
        try:
            super().ping(reconnect)
        except OperationalError:
            _notice_silence()
            raise

    def set_character_set(self, charset: str, collation: str | None = None) -> None:
        """Set the whole session where PyMySQL would set the character set alone."""
        self._session.apply(self.query)
        self.charset, self.collation = charset, collation

    def character_set_name(self) -> None:
        """Keep SQLAlchemy from sending SET NAMES, which would set another collation."""

    def _limit_opening(self) -> float:
        now, checkout = monotonic(), _checkout.get()
        until = now + self._open_seconds
        until = until if checkout.deadline is None else min(until, checkout.deadline)
        if until <= now:
            raise ServerSilent if checkout.silent else DeadlinePassed
        self.until = until
        return until - now

    def _limit(self) -> None:
        """Give the socket what is left of the time."""
        now = monotonic()
        until, since = self._limited
        if until == self.until and (until is None or now - since < STEP_SECONDS):
            return
        self._limited = (self.until, now)
        left = self._usual
        if self.until is not None:
            left = max(self.until - now, LEAST_SECONDS)
            left = left if self._usual is None else min(left, self._usual)
        self._read_timeout = self._write_timeout = left

    def _read_packet(self, packet_type: type[MysqlPacket] = MysqlPacket) -> MysqlPacket:
        self._limit()
        packet: MysqlPacket = super()._read_packet(packet_type)  # type: ignore[no-untyped-call]
        return packet

    def _write_bytes(self, data: bytes) -> None:
        self._limit()
        super()._write_bytes(data)  # type: ignore[misc]  # not in its types

    def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
        if sslp:
            made: ssl.SSLContext = super()._create_ssl_ctx(sslp)  # type: ignore[misc]  # not in its types
            return made
        return trusting()


def _notice_silence() -> bool:
    """Whether the time of this thread's checkout ran out while a server was waited for."""
    checkout = _checkout.get()
    if checkout.deadline is not None and monotonic() >= checkout.deadline:
        checkout.silent = True
    return checkout.silent


def open_connection(
    session: Session, positional: list[Any], named: dict[str, Any]
) -> TimedConnection:
    """Connect; what is no MySQL server's greeting is an error of the database like any other."""
    try:
        return TimedConnection(session, *positional, **named)
    except (Error, DeadlinePassed):
        raise
    except Exception as error:
        # PyMySQL lets out what a strange answer or an unknown option makes Python raise.
        sentence = f"{type(error).__name__}: {error}"
        raise OperationalError(HANDSHAKE_FAILED, sentence) from error
