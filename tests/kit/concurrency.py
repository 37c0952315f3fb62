"""Several things at once: threads that pass on what they raise, and waits for what must happen."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from sqlalchemy import Engine, text

SECONDS = 20.0


def at_once(*steps: Callable[[], Any], seconds: float = SECONDS) -> list[Any]:
    """Run the steps in threads of their own; what they return, or the first thing raised."""
    returned: list[Any] = [None] * len(steps)
    raised: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            returned[number] = steps[number]()
        except BaseException as error:  # noqa: BLE001 raised again in the test's own thread
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(len(steps))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    if raised:
        raise raised[0]
    assert not any(thread.is_alive() for thread in threads), "a step did not end"
    return returned


def lock_waits(engine: Engine) -> int:
    """How many transactions on the server wait for a row lock now."""
    with engine.connect() as connection:
        shown = connection.execute(
            text("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
        ).one()
    return int(shown[1])


def until(holds: Callable[[], object], seconds: float = SECONDS) -> None:
    """Return once it holds; `TimeoutError` after so many seconds."""
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not holds():
        if monotonic() > deadline:
            raise TimeoutError("what the test waits for did not happen")
        pause.wait(0.01)
