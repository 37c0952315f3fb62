"""Named places where a test can end or hold the process, to prove that nothing is lost there.

Nothing in the bot arms one: the tests start it through a launcher that does.
"""

import os
import signal
from collections.abc import Callable

_armed: dict[str, tuple[int, Callable[[], object]]] = {}


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(name: str, hits: int = 1, then: Callable[[], object] = die) -> None:
    """Do this when the failpoint is reached for the `hits`th time, by default end the process."""
    _armed[name] = (hits, then)


def disarm(name: str) -> None:
    """Forget what was to happen there."""
    _armed.pop(name, None)


def reach(name: str) -> None:
    """A failpoint: nothing happens unless it is armed."""
    if not _armed or name not in _armed:
        return
    armed = _armed.pop(name, None)
    if armed is None:  # another thread was there first
        return
    hits, then = armed
    if hits == 1:
        then()
    else:
        _armed[name] = (hits - 1, then)
