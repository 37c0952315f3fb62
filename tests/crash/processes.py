"""Other processes of the bot, which a test can kill, hold at a failpoint and query.

They are forked from a server that has imported everything, so each starts in milliseconds.
"""

import multiprocessing
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerProcess
from typing import Any

from bot import failpoints
from bot.app.setup import Setup
from bot.database.engine import connect
from bot.queue.layouts import Queue, spec_tables
from tests.kit.clock import Clock
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import make_setup

SECONDS = 40.0
"""Long enough for the first process, which waits until its server has imported everything."""

Job = Callable[..., Any]
"""A function of a module, called with the process's `Setup` and the start's `values`."""


@dataclass(frozen=True)
class Start:
    """A process's arguments: it pauses at `hold`, and dies when `die` is hit the `hits`th time."""

    url: str
    replica: str
    die: str = ""
    hits: int = 1
    hold: tuple[str, ...] = ()
    ahead: float = 0.0
    mutant: Callable[[], AbstractContextManager[None]] = nullcontext
    values: dict[str, Any] = field(default_factory=dict)


class Replica:
    """A process that runs one job and reports its result."""

    def __init__(self, process: ForkServerProcess, pipe: Pipe) -> None:
        self._process = process
        self._pipe = pipe

    def wait_at(self) -> str:
        """Wait for the process to stop at a failpoint; return the failpoint's name."""
        kind, failpoint = self._next()
        assert kind == "at", failpoint
        return str(failpoint)

    def is_held(self) -> bool:
        """Whether the process has sent a message that was not read yet."""
        return self._pipe.poll()

    def go_on(self) -> None:
        """Resume a held process."""
        self._pipe.send("go on")

    def result(self) -> Any:
        """Return the job's result, or raise the exception that the job raised."""
        kind, value = self._next()
        if kind == "raised":
            raise value
        assert kind == "returned", value
        self._process.join(SECONDS)
        return value

    def assert_killed(self) -> None:
        """Wait until the process was killed at its failpoint."""
        self._process.join(SECONDS)
        assert self._process.exitcode == -signal.SIGKILL, self._process.exitcode

    def kill(self) -> None:
        """Kill the process, as a power cut would, if it still runs."""
        if not self._pipe.closed:
            self._process.kill()
            self._process.join(SECONDS)
            self._process.close()
            self._pipe.close()

    def _next(self) -> tuple[str, Any]:
        if not self._pipe.poll(SECONDS):
            raise TimeoutError("the other process did not answer")
        kind, value = self._pipe.recv()
        return kind, value


@contextmanager
def replica(queue: TestQueue, job: Job, name: str = "other", **options: Any) -> Iterator[Replica]:
    """Run the job in another process, which is killed when the block ends.

    `options` with a name of `Start` go to `Start`; all others are arguments of the job.
    """
    known = {key: options.pop(key) for key in tuple(options) if key in Start.__dataclass_fields__}
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.crash.jobs"])
    ours, theirs = context.Pipe()
    start = Start(queue.url, name, values=options, **known)
    process = context.Process(target=_main, args=(job, start, theirs), daemon=True)
    process.start()
    theirs.close()
    made = Replica(process, ours)
    try:
        yield made
    finally:
        made.kill()


def _main(job: Job, start: Start, pipe: Pipe) -> None:
    try:
        returned = _run(job, start, pipe)
    except BaseException as error:  # noqa: BLE001 raised again in the test's own process
        pipe.send(("raised", _sendable(error)))
    else:
        pipe.send(("returned", returned))


def _run(job: Job, start: Start, pipe: Pipe) -> Any:
    def hold(name: str) -> None:
        pipe.send(("at", name))
        pipe.recv()

    jobs, failed = spec_tables()
    engine = connect(start.url, grace=GRACE)
    setup: Setup = make_setup(
        TestQueue(start.url, engine, Queue(jobs, failed)),
        start.replica,
        clock=Clock(by=timedelta(seconds=start.ahead)),
    )
    if start.die:
        failpoints.arm(start.die, start.hits)
    for name in start.hold:
        failpoints.arm(name, then=partial(hold, name))
    try:
        with start.mutant():
            return job(setup, **start.values)
    finally:
        engine.dispose()


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 our own bytes
    except Exception:  # noqa: BLE001 whatever an exception's constructor wants
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
