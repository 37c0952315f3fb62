"""What wakes the loops: each of them hears each ring, also one that came while it was at work."""

import threading


class WakeSignal:
    """Rung when something is to be told; `wait` is for any number of threads."""

    def __init__(self) -> None:
        self._rings = 0
        self._changed = threading.Condition()

    def ring(self) -> None:
        """Wake everybody who waits, and whoever waits next without having heard this."""
        with self._changed:
            self._rings += 1
            self._changed.notify_all()

    def wait(self, heard: int, seconds: float) -> int:
        """Return when there were more rings than were `heard`, or after so many seconds.

        Returns how many there were: what is to be handed in the next time.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._rings != heard, seconds)
            return self._rings
