"""Skip checks of the metric rules while every job is delayed: no reading would change."""

from dataclasses import dataclass
from time import monotonic

from sqlalchemy import Engine

from bot.app.setup import Setup
from bot.database.transactions import TooSlow, polling, time_limit
from bot.models.refusals import Refusal
from bot.queue import index_probe
from bot.store.waiting_work import WaitingWork

RECHECKED_AFTER = 60.0
"""Checks are skipped for at most this time, in seconds, so that the probe states stay current."""
SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class _Check:
    """A complete check of quiet queues: its `monotonic()` time, and the newest count's id."""

    at: float
    newest_count: int


class QuietQueues:
    """Decides whether a check may be skipped, because no reading can be breached.

    A check may be skipped if all of these conditions are met. The queues were quiet at the last
    complete check and are quiet now. No incident of a metric rule is active. No count of failed
    jobs has changed.
    """

    def __init__(self, setup: Setup, engine: Engine) -> None:
        self._setup = setup
        self._engine = engine
        self._last: _Check | None = None

    def may_skip(self, waiting: WaitingWork | None) -> bool:
        """Return whether the check that is due may be skipped; if not, the caller runs it."""
        if waiting is None or waiting.active_rule or not self._is_quiet(waiting):
            self._last = None
            return False
        last, now = self._last, monotonic()
        if (
            last is not None
            and last.newest_count == waiting.newest_count
            and now - last.at < RECHECKED_AFTER
        ):
            return True
        self._last = _Check(now, waiting.newest_count)
        return False

    def forget(self) -> None:
        """Forget the last complete check, so that the next check is not skipped."""
        self._last = None

    def _is_quiet(self, waiting: WaitingWork) -> bool:
        try:
            with polling(self._engine, time_limit(self._engine, SECONDS)) as connection:
                return index_probe.is_quiet(connection, self._setup.queue, waiting.now, SECONDS)
        except (TooSlow, Refusal):
            return False
