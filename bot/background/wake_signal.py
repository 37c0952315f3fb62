"""The signal that wakes the loops; a loop also gets notifications that came while it was busy."""

import threading


class WakeSignal:
    """A counter of notifications; any number of threads may `wait` for the next one."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def notify(self) -> None:
        """Wake all waiting threads, and those that wait next with an older count."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, count: int, seconds: float) -> int:
        """Wait for a notification after the first `count` ones, at most `seconds`.

        Return the number of all notifications, which is the `count` of the next call.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count != count, seconds)
            return self._count
