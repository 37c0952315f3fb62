"""Measure the database time of each background pass, and keep the maximum of the last hour.

A pass is one round of the watcher. The time of a pass is how long the watcher's thread waits for
statements and commits, network included. The ping before a connection is handed out is not
measured, nor are calls of Slack's API.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic, perf_counter
from typing import Any
from weakref import WeakSet

import structlog
from sqlalchemy import Connection, Engine, event, update

from bot.app.setup import Setup
from bot.database.transactions import changing_once
from bot.models.health import MOST_MS
from bot.store.leases import Lease, LeaseLost, is_held
from bot.store.tables import watcher_load

log = structlog.get_logger(__name__)

KEEP_EVERY = 10.0
"""Seconds between two writes of the measurements."""
WARN_EVERY = 60.0
SECONDS = 5.0
"""The time limit of a write of the measurements."""
MINUTE, HOUR = 60.0, 3_600.0


class _Spent(threading.local):
    """How many seconds this thread waited for the database during a measured pass."""

    measured = False
    seconds = 0.0
    statements = 0
    since: float | None = None


_SPENT = _Spent()
_LISTENED: "WeakSet[Engine]" = WeakSet()


def listen(engine: Engine) -> None:
    """Measure the time of every statement and commit of measured threads."""
    if engine in _LISTENED:
        return
    _LISTENED.add(engine)
    event.listen(engine, "before_cursor_execute", _statement)
    event.listen(engine, "after_cursor_execute", _answered)
    event.listen(engine, "handle_error", _answered)
    event.listen(engine, "commit", _ending)
    event.listen(engine, "rollback", _ending)
    # SQLAlchemy has no event after a commit, but the connection returns to the pool right after
    # the commit.
    event.listen(engine, "reset", _answered)


def _statement(*_: object) -> None:
    if _SPENT.measured:
        _answered()
        _SPENT.statements += 1
        _SPENT.since = perf_counter()


def _ending(_connection: Connection) -> None:
    if _SPENT.measured:
        _answered()
        _SPENT.since = perf_counter()


def _answered(*_: object) -> None:
    since = _SPENT.since
    if since is not None:
        _SPENT.seconds += perf_counter() - since
        _SPENT.since = None


class Costs:
    """The slowest passes of the last hour, by minute; moments are seconds of a monotonic clock.

    `recent` returns the slowest pass since its last call. At an interval of 5 s only one in twenty
    passes does work, and the idle passes would hide the cost of that pass.
    """

    def __init__(self) -> None:
        self._minutes: deque[tuple[float, int]] = deque()
        self._recent: int | None = None

    def note(self, milliseconds: int, moment: float) -> None:
        """Add one pass."""
        self._recent = max(self._recent or 0, milliseconds)
        last = self._minutes[-1] if self._minutes else None
        if last is None or last[0] // MINUTE != moment // MINUTE:
            self._minutes.append((moment, milliseconds))
        elif milliseconds >= last[1]:
            self._minutes[-1] = (moment, milliseconds)

    def recent(self) -> int | None:
        """Return the slowest pass since the last call, in ms; None if there was no pass."""
        milliseconds, self._recent = self._recent, None
        return milliseconds

    def worst(self, moment: float) -> tuple[float, int] | None:
        """Return how many seconds ago the last hour's slowest pass was, and its milliseconds."""
        while self._minutes and self._minutes[0][0] <= moment - HOUR:
            self._minutes.popleft()
        if not self._minutes:
            return None
        at, milliseconds = max(self._minutes, key=lambda minute: (minute[1], minute[0]))
        return moment - at, milliseconds


class Load:
    """Measures the passes of one watcher and stores the measurements for all replicas."""

    def __init__(
        self, setup: Setup, clock: Callable[[], float] = monotonic, polling: Engine | None = None
    ) -> None:
        self._setup = setup
        self._clock = clock
        self._costs = Costs()
        self._warned = -WARN_EVERY
        self._polling = polling or setup.engine
        for engine in (setup.engine, self._polling):
            listen(engine)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the body as one pass; only this thread's statements count."""
        _SPENT.measured, _SPENT.seconds, _SPENT.statements, _SPENT.since = True, 0.0, 0, None
        try:
            yield
        finally:
            _SPENT.measured, _SPENT.since = False, None
            self._passed(round(_SPENT.seconds * 1_000), _SPENT.statements)

    def _passed(self, milliseconds: int, statements: int) -> None:
        if not statements:
            return
        now = self._clock()
        self._costs.note(milliseconds, now)
        log.debug("watch pass", database_ms=milliseconds, statements=statements)
        if milliseconds > MOST_MS and now - self._warned >= WARN_EVERY:
            self._warned = now
            log.warning("watch pass is slow", database_ms=milliseconds, statements=statements)

    def keep(self, lease: Lease, now: datetime | None = None) -> bool:
        """Store the times of the passes before this pass; return False if there was no pass.

        `now` is the time at which this pass began; without it, the database's time is read.
        """
        recent, worst = self._costs.recent(), self._costs.worst(self._clock())
        if recent is None or worst is None:
            return False

        def work(connection: Connection) -> int:
            at = now or self._setup.clock(connection)
            values: dict[str, Any] = {"passed_at": at, "pass_ms": recent}
            values |= {"worst_ms": worst[1], "worst_at": at - timedelta(seconds=worst[0])}
            stored = update(watcher_load).where(is_held(lease)).values(values)
            return connection.execute(stored).rowcount

        if not changing_once(self._polling, self._setup.engine, SECONDS, work):
            raise LeaseLost
        return True
