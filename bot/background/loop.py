"""The loops of the background work: only the leader watches, every replica runs bulk changes."""

import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine

from bot.app.records import record_folded
from bot.app.setup import Setup
from bot.background import metrics
from bot.background.database_load import Load
from bot.background.leader_round import LeaderRound
from bot.background.operations.runner import Runner
from bot.background.outbox.deliver import Poster
from bot.background.periods import POLL
from bot.background.steps import guarded
from bot.background.wake_signal import WakeSignal
from bot.database.transactions import changing, changing_once, polling, time_limit
from bot.store import leases, waiting_work
from bot.store.leases import Lease, LeaseLost
from bot.store.waiting_work import WaitingWork

log = structlog.get_logger(__name__)

T = TypeVar("T")

INTERVAL = 5.0
TICK = 0.25
STANDBY_POLL = 5.0
"""Seconds between two reads of a replica that does not lead. A lease expires 10 s after its last
renewal, so another replica leads within 15 s."""
RENEW_EVERY = 3.0
STOP_SECONDS = 10.0


class Watcher:
    """Three threads of the background work.

    The first thread watches while the replica holds the lease, the second thread runs bulk changes,
    and the third thread takes samples. `interval` is the period of the search for failures, in
    seconds. `polling_engine` commits each statement; the reads cost a few more statements without
    this engine.
    """

    def __init__(
        self,
        setup: Setup,
        poster: Poster,
        interval: float = INTERVAL,
        polling_engine: Engine | None = None,
    ) -> None:
        self._setup = setup
        self._polling = polling_engine or setup.engine
        self._runner = Runner(setup)
        self._load = Load(setup, polling=self._polling)
        self._round = LeaderRound(setup, poster, self._load, self._polling, interval)
        self._lease: Lease | None = None
        self._renew_at = 0.0
        self._round_at = monotonic()
        # None: the waiting work is unknown, so every step runs.
        self._waiting: WaitingWork | None = None
        self._stop = threading.Event()
        self._wake_signal, self._operation_signal = WakeSignal(), WakeSignal()
        watching, running = (self.tick, self._wake_signal), (self._bulk, self._operation_signal)
        self._threads = [
            threading.Thread(target=self._loop, args=watching, name="watch", daemon=True),
            threading.Thread(target=self._loop, args=running, name="bulk", daemon=True),
        ]
        self._sampler = threading.Thread(target=self._sample, name="sample", daemon=True)

    def start(self) -> None:
        """Start the loops."""
        for thread in (*self._threads, self._sampler):
            thread.start()

    def wake(self) -> None:
        """Start the next round at once, because a commit added messages to the outbox."""
        self._wake_signal.notify()

    def stop(self) -> None:
        """Stop the loops and release the lease, so that another replica can lead at once."""
        self._stop.set()
        self.wake()
        self._operation_signal.notify()
        until = monotonic() + STOP_SECONDS
        for thread in (*self._threads, self._sampler):
            thread.join(max(0.0, until - monotonic()))
        guarded(partial(record_folded, self._setup, everything=True))
        if (lease := self._lease) is not None:
            guarded(
                lambda: self._change(
                    lambda connection: leases.release(
                        connection, lease, self._setup.clock(connection)
                    )
                )
            )

    @property
    def round_age(self) -> float:
        """Return the seconds since the last round began; the number grows if a round hangs."""
        return monotonic() - self._round_at

    @property
    def step_ages(self) -> dict[str, float]:
        """Return the seconds since each step's last success; empty if the replica does not lead."""
        return {} if self._lease is None else self._round.steps.ages()

    def _loop(self, step: Callable[[], float], signal: WakeSignal) -> None:
        """Run a step again after the seconds that it returns, or at once after a signal."""
        notifications = 0
        while not self._stop.is_set():
            pause = self._guarded(step)
            if pause is None:
                self._stop.wait(TICK)
            elif pause:
                notifications = signal.wait(notifications, pause)

    def _guarded(self, step: Callable[[], T]) -> T | None:
        """Run a step; log an error, so that the thread continues."""
        try:
            return guarded(step)
        except LeaseLost:
            self._lease = None
            log.warning("lease lost")
            return None

    def tick(self) -> float:
        """Run one round; return the seconds until the next round."""
        self._round_at = monotonic()
        guarded(partial(record_folded, self._setup))
        with self._load.measured():
            waiting = self._waiting = guarded(self._poll)
            if waiting is None or waiting.has_operation:
                self._operation_signal.notify()
            lease = self._hold(waiting)
            if lease is None:
                return STANDBY_POLL if waiting is not None else POLL
            return 0.0 if self._round.run(lease, waiting) else self._round.pause

    def _poll(self) -> WaitingWork:
        """Read the waiting work."""
        with polling(self._polling, time_limit(self._polling, 5.0)) as connection:
            setup, sealed_to = self._setup, self._round.sealed_to
            version = setup.queue.subjects_version
            return waiting_work.read(connection, setup.clock, setup.replica, sealed_to, version)

    def _hold(self, waiting: WaitingWork | None) -> Lease | None:
        """Return this replica's lease; renew it or take it over if that is due."""
        held, setup = self._lease, self._setup
        is_led = waiting is not None and not waiting.is_leaderless
        if held is None and waiting is not None and is_led and waiting.owner != setup.replica:
            return None
        if monotonic() < self._renew_at:
            return held
        self._renew_at = monotonic() + RENEW_EVERY
        if held is not None and self._is_renewed(held, waiting):
            return held
        self._lease = self._change(
            lambda connection: leases.take(
                connection, "watcher", setup.replica, setup.clock(connection)
            )
        )
        if self._lease is not None and self._lease != held:
            self._round.begin()
            log.info("watching", replica=setup.replica, epoch=self._lease.epoch)
        return self._lease

    def _is_renewed(self, lease: Lease, waiting: WaitingWork | None) -> bool:
        """Renew the lease; return False if it has expired or belongs to another replica."""

        def renew(connection: Connection) -> bool:
            now = self._setup.clock(connection) if waiting is None else waiting.now
            return leases.renew(connection, lease, now)

        return changing_once(self._polling, self._setup.engine, 5.0, renew)

    def _bulk(self) -> float:
        """Run a turn of a bulk change if a bulk change may be waiting."""
        waiting = self._waiting
        if waiting is not None and not waiting.has_operation:
            self._round.steps.skip("bulk")
            return STANDBY_POLL
        return 0.0 if self._round.steps.run("bulk", self._runner.run_once) else TICK

    def _sample(self) -> None:
        while not self._stop.is_set():
            wait: float | None = None
            began = monotonic()
            if (lease := self._lease) is not None:
                wait = self._guarded(partial(self._sample_once, lease))
            if wait is None:
                # A count that failed late costs the server as much as a complete count.
                wait = max(1.0, (monotonic() - began - TICK) * metrics.SHARE)
            self._stop.wait(wait)

    def _sample_once(self, lease: Lease) -> float:
        is_indexed = self._round.indexed == lease
        sample = partial(metrics.sample_once, self._setup, lease, indexed=is_indexed)
        wait = self._round.steps.run("sample", sample)
        self._round.steps.expect("sample", wait)
        return wait

    def _change(self, work: Callable[[Connection], T]) -> T:
        return changing(self._setup.engine, time_limit(self._setup.engine, 5.0), work)
