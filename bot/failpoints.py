"""Named places in the code where a test can kill or pause the process.

The tests prove that no data is lost if the process ends at such a place.

The bot arms no failpoint. The tests start the bot with a launcher that arms failpoints.
"""

import os
import signal
from collections.abc import Callable

_armed: dict[str, tuple[int, Callable[[], object]]] = {}


def die() -> None:
    """Kill this process immediately, like a power failure."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, hits: int = 1, then: Callable[[], object] = die) -> None:
    """Run `then` when the failpoint is reached the `hits`th time; `die` kills the process."""
    _armed[name] = (hits, then)


def disarm(name: str) -> None:
    """Disarm the failpoint."""
    _armed.pop(name, None)


def reach(name: str) -> None:
    """Mark a failpoint; the call has no effect unless the failpoint is armed."""
    if not _armed or name not in _armed:
        return
    armed = _armed.pop(name, None)
    if armed is None:  # another thread has reached the failpoint first
        return
    hits, then = armed
    if hits == 1:
        then()
    else:
        _armed[name] = (hits - 1, then)
