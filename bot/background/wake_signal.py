"""The signal that wakes the loops; a busy loop gets the notification at its next wait."""

import threading


class WakeSignal:
    """A counter of notifications; any number of threads may `wait` for the next notification."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def notify(self) -> None:
        """Wake all waiting threads, and each thread that later waits with an older count."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, count: int, seconds: float) -> int:
        """Wait up to `seconds` until there are more than `count` notifications.

        Return the number of all notifications; the next call needs this number as `count`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._count != count, seconds)
            return self._count
