"""When each step of the leader's round is due again."""

from time import monotonic


class Schedule:
    """The times of a monotonic clock before which a step is not due; a new step is due at once."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def is_due(self, name: str, period: float) -> bool:
        """Return whether the step is due; if so, its period begins now."""
        if monotonic() < self._due.get(name, 0.0):
            return False
        self.after(name, period)
        return True

    def at_once(self, *names: str) -> None:
        """Make steps due in the next round."""
        for name in names:
            self._due[name] = 0.0

    def after(self, name: str, seconds: float) -> None:
        """Make a step due after these seconds from now."""
        self._due[name] = monotonic() + seconds
