"""Whether the queue is at rest: then incidents only age, and the leader polls less often."""

from time import monotonic

from bot.background.periods import REST_AFTER
from bot.store.waiting_work import WaitingWork


class Rest:
    """The time of the last change of the queue or of an incident."""

    def __init__(self) -> None:
        self._newest: tuple[int, int, int] | None = None
        self._moved_at = 0.0

    def begin(self) -> None:
        """Count the next notice as a change, because this replica leads from now on."""
        self._newest = None

    def notice(self, waiting: WaitingWork | None) -> None:
        """Store the time of a change; recent changes advance incidents every second."""
        if waiting is None:
            self._moved_at = monotonic()
            return
        newest = (waiting.newest_failure, waiting.newest_count, waiting.newest_audit)
        if newest != self._newest or waiting.active_rule or waiting.redraw:
            self._newest, self._moved_at = newest, monotonic()

    @property
    def is_at_rest(self) -> bool:
        """Whether no change was noticed for `REST_AFTER` seconds."""
        return monotonic() - self._moved_at > REST_AFTER
