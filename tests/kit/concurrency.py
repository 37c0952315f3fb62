"""Concurrent steps: threads whose exceptions reach the test, and waits for a condition."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, event, text

SECONDS = 20.0


def at_once(*steps: Callable[[], Any], seconds: float = SECONDS) -> list[Any]:
    """Run each step in its own thread; return their results, or raise the first exception."""
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
    assert not any(thread.is_alive() for thread in threads), "a step did not end in time"
    return returned


def lock_waits(engine: Engine) -> int:
    """Return how many transactions on the server wait for a row lock."""
    with engine.connect() as connection:
        shown = connection.execute(
            text("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
        ).one()
    return int(shown[1])


def until(holds: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until `holds` is true; raise `TimeoutError` after `seconds`."""
    deadline = monotonic() + seconds
    pause = threading.Event()
    while not holds():
        if monotonic() > deadline:
            raise TimeoutError("the condition of the test was not met in time")
        pause.wait(0.01)


@contextmanager
def before_statement(engine: Engine, opening: str, then: Callable[[], object]) -> Iterator[None]:
    """Call `then` once, before the first statement that contains `opening` is executed."""
    done: list[str] = []

    def hook(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if not done and opening in statement:
            done.append(statement)
            then()

    event.listen(engine, "before_cursor_execute", hook)
    try:
        yield
    finally:
        # The next tests use the same engine.
        event.remove(engine, "before_cursor_execute", hook)
    assert done, f"no statement that contains {opening!r} was executed"
