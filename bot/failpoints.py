"""Named places where a test can end the process, to prove that nothing is lost there.

Nothing in the bot arms one: the tests start it through a launcher that does.
"""

import os
import signal

_armed: dict[str, int] = {}


def arm(name: str, hits: int = 1) -> None:
    """Kill this process with SIGKILL when the failpoint is reached for the `hits`th time."""
    _armed[name] = hits


def reach(name: str) -> None:
    """A failpoint: nothing happens unless it is armed."""
    if not _armed or name not in _armed:
        return
    _armed[name] -= 1
    if _armed[name] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
