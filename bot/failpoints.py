"""Named places where a test can kill or pause the process, to prove that nothing is lost there.

The bot itself arms no failpoint; the tests start it through a launcher that does.
"""

import os
import signal
from collections.abc import Callable

_armed: dict[str, tuple[int, Callable[[], object]]] = {}


def die() -> None:
    """Kill this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, hits: int = 1, then: Callable[[], object] = die) -> None:
    """Run `then` when the failpoint is reached the `hits`th time; by default, kill the process."""
    _armed[name] = (hits, then)


def disarm(name: str) -> None:
    """Disarm the failpoint."""
    _armed.pop(name, None)


def reach(name: str) -> None:
    """Mark a failpoint; nothing happens unless it is armed."""
    if not _armed or name not in _armed:
        return
    armed = _armed.pop(name, None)
    if armed is None:  # another thread reached it first
        return
    hits, then = armed
    if hits == 1:
        then()
    else:
        _armed[name] = (hits - 1, then)
