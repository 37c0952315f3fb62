"""The loops around what runs by itself: one watcher among replicas, and bulk work in each."""

import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background import audit, digest, purge
from bot.background.database_load import KEEP_EVERY, Load
from bot.background.failures import aggregation, indexing
from bot.background.health import HealthObserver
from bot.background.incidents import grouping, lifecycle, probe
from bot.background.metrics import rollup, sampling
from bot.background.operations import canary
from bot.background.operations.runner import Runner
from bot.background.outbox.deliver import Poster, SlackRates, deliver_once
from bot.background.retries import track, track_bulk
from bot.background.steps import Steps
from bot.background.wake_signal import WakeSignal
from bot.database.transactions import changing, time_limit
from bot.models.refusals import Refusal
from bot.store import leases
from bot.store.failures.index import SCAN_ROWS
from bot.store.leases import Lease, LeaseLost

log = structlog.get_logger(__name__)

T = TypeVar("T")

TICK = 0.25
INTERVAL = 5.0
SCAN_EVERY = 30.0
RENEW_EVERY = 3.0
RECEIPTS_EVERY = 1.0
LIVE_EVERY = 1.0
PURGE_EVERY = 60.0
AGGREGATE_EVERY = 1.0
MERGE_EVERY = 300.0
ROLL_EVERY = 60.0
DIGEST_EVERY = 15.0
HEALTH_EVERY = 30.0
STEPS_EVERY = 1.0
BULK_EVERY = 10.0
"""A turn of a bulk change takes a few seconds, and its last batch may take some more."""
STOP_SECONDS = 10.0


def periods(interval: float) -> dict[str, float]:
    """Return how often each step is to succeed, in seconds, by its name."""
    return {
        **dict.fromkeys(("index", "group", "probe"), interval),
        "scan": max(SCAN_EVERY, interval),
        **dict.fromkeys(("outcomes", "canary", "bulk-outcomes"), RECEIPTS_EVERY),
        "lifecycle": LIVE_EVERY,
        **dict.fromkeys(("seal", "refresh", "deliver"), TICK),
        "load": KEEP_EVERY,
        "purge": PURGE_EVERY,
        "aggregate": AGGREGATE_EVERY,
        "merge": MERGE_EVERY,
        "roll": ROLL_EVERY,
        "digest": DIGEST_EVERY,
        "health": HEALTH_EVERY,
        # How long the first count takes is not known; from then on it says itself when the next is.
        "sample": sampling.COUNT_SECONDS,
        "bulk": BULK_EVERY,
    }


class Watcher:
    """Two threads: one watches while it holds the lease, one carries out bulk changes.

    `interval` is how often failures are looked for, in seconds.
    """

    def __init__(self, setup: Setup, poster: Poster, interval: float = INTERVAL) -> None:
        self._setup = setup
        self._poster = poster
        self._interval = interval
        self._rates = SlackRates()
        self._runner = Runner(setup)
        self._load = Load(setup)
        self._steps = Steps(periods(interval))
        self._health = HealthObserver(setup)
        self._lease: Lease | None = None
        # The lease under which all that failed before was indexed.
        self._indexed: Lease | None = None
        self._due: dict[str, float] = {}
        self._stop = threading.Event()
        self._bell = WakeSignal()
        self._threads = [
            threading.Thread(target=self._loop, args=(self.tick,), name="watch", daemon=True),
            threading.Thread(target=self._loop, args=(self._bulk,), name="bulk", daemon=True),
        ]
        self._sampler = threading.Thread(target=self._sample, name="sample", daemon=True)

    def start(self) -> None:
        """Start the loops."""
        for thread in (*self._threads, self._sampler):
            thread.start()

    def wake(self) -> None:
        """Something was committed that is to be told: do not wait for the next tick."""
        self._bell.ring()

    def stop(self) -> None:
        """End the loops, and let the next replica have the lease at once."""
        self._stop.set()
        self.wake()
        until = monotonic() + STOP_SECONDS
        for thread in (*self._threads, self._sampler):
            thread.join(max(0.0, until - monotonic()))
        if (lease := self._lease) is not None:
            self._guarded(
                lambda: self._change(
                    lambda connection: leases.release(
                        connection, lease, self._setup.clock(connection)
                    )
                )
            )

    def _loop(self, step: Callable[[], bool]) -> None:
        heard = 0
        while not self._stop.is_set():
            if not self._guarded(step):
                heard = self._bell.wait(heard, TICK)

    def _guarded(self, step: Callable[[], T]) -> T | None:
        """Run a step; whatever goes wrong is logged and tried again with the next tick."""
        try:
            return step()
        except LeaseLost:
            self._lease = None
            log.warning("lease lost")
        except Refusal as refusal:
            log.warning("watch step failed", because=refusal.code)
        except Exception:
            # The edge of a thread that must not end: a fault is logged, the next tick tries again.
            log.exception("watch step failed")
        self._stop.wait(TICK)
        return None

    def tick(self) -> bool:
        """One round of the holder of the lease; True where more is waiting."""
        with self._load.measured():
            lease = self._hold()
            return lease is not None and self._pass(lease)

    def _pass(self, lease: Lease) -> bool:
        more = False
        # Each by itself: what goes wrong with one must not keep the audit from being told.
        for step in (
            self._look,
            self._check_rules,
            self._follow,
            self._live,
            self._keep_house,
            self._check_health,
        ):
            more = bool(self._guarded(partial(step, lease))) or more
            if self._lease is None:
                return False
        told = [
            self._guarded(self._steps.named(name, step))
            for name, step in (
                ("seal", partial(audit.seal_once, self._setup, lease)),
                ("refresh", partial(grouping.refresh_once, self._setup, lease)),
                ("deliver", partial(deliver_once, self._setup, self._poster, lease, self._rates)),
            )
        ]
        return more or bool(told[0]) or bool(told[2])

    def _look(self, lease: Lease) -> bool:
        """What has failed, and what is gone; True where more is waiting."""
        more = False
        if self._is_due("failures", self._interval):
            found = self._guarded(
                self._steps.named("index", partial(indexing.index_once, self._setup, lease))
            )
            self._guarded(
                self._steps.named("group", partial(grouping.group_all, self._setup, lease))
            )
            more = bool(found)
            if more:
                self._due["failures"] = 0.0
            elif found is not None:
                self._indexed = lease
        due = self._is_due("scan", max(SCAN_EVERY, self._interval))
        scan = partial(indexing.scan_once, self._setup, lease)
        if due and self._steps.run("scan", scan) >= SCAN_ROWS:
            # Of an emptied table all are gone: a stretch every half minute would take an hour.
            self._due["scan"] = 0.0
        return more

    def _check_rules(self, lease: Lease) -> bool:
        """Check the metric rules."""
        if self._is_due("rules", self._interval):
            self._steps.run("probe", partial(probe.probe_once, self._setup, lease))
        return False

    def _follow(self, lease: Lease) -> bool:
        """What became of retried jobs."""
        if self._is_due("receipts", RECEIPTS_EVERY):
            for name, step in (
                ("outcomes", track.receipts_once),
                ("canary", canary.decide_once),
                ("bulk-outcomes", track_bulk.outcomes_once),
            ):
                self._guarded(self._steps.named(name, partial(step, self._setup, lease)))
        return False

    def _live(self, lease: Lease) -> bool:
        """What became of incidents, and what their time has come for."""
        if self._is_due("live", LIVE_EVERY):
            self._steps.run("lifecycle", partial(lifecycle.advance_once, self._setup, lease))
        return False

    def _keep_house(self, lease: Lease) -> bool:
        """What is too old goes, counts are aggregated, and once a day the digest is told."""
        setup, run = self._setup, self._steps.run
        if self._steps.is_changed:
            # Before the figures of the passes: only while these are fresh, the table is believed.
            if self._is_due("steps", STEPS_EVERY):
                self._steps.write(setup, lease)
        elif self._is_due("load", KEEP_EVERY) and not run("load", partial(self._load.keep, lease)):
            self._due["load"] = 0.0
        if self._is_due("purge", PURGE_EVERY):
            run("purge", partial(purge.purge_once, setup, lease))
        aggregate = partial(aggregation.aggregate_once, setup, lease)
        if self._is_due("aggregate", AGGREGATE_EVERY) and run("aggregate", aggregate):
            self._due["aggregate"] = 0.0
        if self._is_due("merge", MERGE_EVERY):
            run("merge", partial(aggregation.merge_once, setup, lease))
        if self._is_due("roll", ROLL_EVERY) and run(
            "roll", partial(rollup.roll_once, setup, lease)
        ):
            self._due["roll"] = 0.0
        if self._is_due("digest", DIGEST_EVERY):
            run("digest", partial(digest.digest_once, setup, lease))
        return False

    def _check_health(self, lease: Lease) -> bool:
        """Whether the background work does what it is there for."""
        if self._is_due("health", HEALTH_EVERY):
            self._steps.run("health", partial(self._health.observe_once, lease))
        return False

    def _hold(self) -> Lease | None:
        if not self._is_due("lease", RENEW_EVERY):
            return self._lease
        setup = self._setup
        held = self._lease
        self._lease = self._change(
            lambda connection: leases.take(
                connection, "watcher", setup.replica, setup.clock(connection)
            )
        )
        if self._lease is not None and self._lease != held:
            self._steps.begin()
            log.info("watching", replica=setup.replica, epoch=self._lease.epoch)
        return self._lease

    def _is_due(self, what: str, every: float) -> bool:
        now = monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + every
        return True

    def _bulk(self) -> bool:
        return self._steps.run("bulk", self._runner.run_once)

    def _sample(self) -> None:
        while not self._stop.is_set():
            wait: float | None = None
            began = monotonic()
            if (lease := self._lease) is not None:
                wait = self._guarded(partial(self._sample_once, lease))
            if wait is None:
                # What failed after a long count costs the server as much as a count that ended.
                wait = max(1.0, (monotonic() - began - TICK) * sampling.SHARE)
            self._stop.wait(wait)

    def _sample_once(self, lease: Lease) -> float:
        sample = partial(sampling.sample_once, self._setup, lease, indexed=self._indexed == lease)
        wait = self._steps.run("sample", sample)
        self._steps.expect("sample", wait)
        return wait

    def _change(self, work: Callable[[Connection], T]) -> T:
        return changing(self._setup.engine, time_limit(self._setup.engine, 5.0), work)
