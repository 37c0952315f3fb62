"""The loops of the background work: one watcher among replicas, and bulk work in each replica."""

import threading
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background import audit, digest, metrics, purge
from bot.background.database_load import KEEP_EVERY, Load
from bot.background.failures import aggregate_once, index_once, merge_once, scan_once
from bot.background.health import HealthObserver
from bot.background.incidents import grouping, lifecycle, probe
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
OUTCOMES_EVERY = 1.0
LIVE_EVERY = 1.0
PURGE_EVERY = 60.0
AGGREGATE_EVERY = 1.0
MERGE_EVERY = 300.0
ROLL_EVERY = 60.0
DIGEST_EVERY = 15.0
HEALTH_EVERY = 30.0
STEPS_EVERY = 1.0
BULK_EVERY = 10.0
"""A turn of a bulk change takes a few seconds, and its last batch may take a few more."""
STOP_SECONDS = 10.0


def periods(interval: float) -> dict[str, float]:
    """Return the period in which each step must succeed, in seconds, by its name."""
    return {
        **dict.fromkeys(("index", "group", "probe"), interval),
        "scan": max(SCAN_EVERY, interval),
        **dict.fromkeys(("outcomes", "canary", "bulk-outcomes"), OUTCOMES_EVERY),
        "lifecycle": LIVE_EVERY,
        **dict.fromkeys(("seal", "refresh", "deliver"), TICK),
        "load": KEEP_EVERY,
        "purge": PURGE_EVERY,
        "aggregate": AGGREGATE_EVERY,
        "merge": MERGE_EVERY,
        "roll": ROLL_EVERY,
        "digest": DIGEST_EVERY,
        "health": HEALTH_EVERY,
        # The duration of the first count is unknown; each count sets the period of the next one.
        "sample": metrics.COUNT_SECONDS,
        "bulk": BULK_EVERY,
    }


class Watcher:
    """Threads of the background work: one watches while it holds the lease, one runs bulk changes.

    A third thread takes samples. `interval` is the period of the search for failures, in seconds.
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
        # The lease under which all earlier failures were indexed.
        self._indexed: Lease | None = None
        self._due: dict[str, float] = {}
        self._stop = threading.Event()
        self._wake_signal = WakeSignal()
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
        """Start the next round at once, because a commit added messages to the outbox."""
        self._wake_signal.notify()

    def stop(self) -> None:
        """Stop the loops and release the lease, so that another replica can lead at once."""
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
        notifications = 0
        while not self._stop.is_set():
            if not self._guarded(step):
                notifications = self._wake_signal.wait(notifications, TICK)

    def _guarded(self, step: Callable[[], T]) -> T | None:
        """Run a step; an error is logged, and the next tick tries again."""
        try:
            return step()
        except LeaseLost:
            self._lease = None
            log.warning("lease lost")
        except Refusal as refusal:
            log.warning("watch step failed", because=refusal.code)
        except Exception:
            # This thread must not end: any error is logged, and the next tick tries again.
            log.exception("watch step failed")
        self._stop.wait(TICK)
        return None

    def tick(self) -> bool:
        """Run one round of the leader; return True if more work is waiting."""
        with self._load.measured():
            lease = self._hold()
            return lease is not None and self._pass(lease)

    def _pass(self, lease: Lease) -> bool:
        more = False
        # Each step is guarded separately: a failed one must not delay the posts of the audit log.
        for step in (
            self._index_failures,
            self._check_rules,
            self._track_retries,
            self._advance_incidents,
            self._maintain,
            self._check_health,
        ):
            more = bool(self._guarded(partial(step, lease))) or more
            if self._lease is None:
                return False
        results = [
            self._guarded(self._steps.named(name, step))
            for name, step in (
                ("seal", partial(audit.seal_once, self._setup, lease)),
                ("refresh", partial(grouping.refresh_once, self._setup, lease)),
                ("deliver", partial(deliver_once, self._setup, self._poster, lease, self._rates)),
            )
        ]
        return more or bool(results[0]) or bool(results[2])

    def _index_failures(self, lease: Lease) -> bool:
        """Index new failures and mark removed ones; return True if more are waiting."""
        more = False
        if self._is_due("failures", self._interval):
            is_behind = self._guarded(
                self._steps.named("index", partial(index_once, self._setup, lease))
            )
            self._guarded(
                self._steps.named("group", partial(grouping.group_all, self._setup, lease))
            )
            more = bool(is_behind)
            if more:
                self._due["failures"] = 0.0
            elif is_behind is not None:
                self._indexed = lease
        due = self._is_due("scan", max(SCAN_EVERY, self._interval))
        scan = partial(scan_once, self._setup, lease)
        if due and self._steps.run("scan", scan) >= SCAN_ROWS:
            # After a truncated table, one range every half minute would take an hour.
            self._due["scan"] = 0.0
        return more

    def _check_rules(self, lease: Lease) -> bool:
        """Check the metric rules."""
        if self._is_due("rules", self._interval):
            self._steps.run("probe", partial(probe.probe_once, self._setup, lease))
        return False

    def _track_retries(self, lease: Lease) -> bool:
        """Update the outcomes of retried jobs."""
        if self._is_due("outcomes", OUTCOMES_EVERY):
            for name, step in (
                ("outcomes", track.track_once),
                ("canary", canary.decide_once),
                ("bulk-outcomes", track_bulk.outcomes_once),
            ):
                self._guarded(self._steps.named(name, partial(step, self._setup, lease)))
        return False

    def _advance_incidents(self, lease: Lease) -> bool:
        """Resolve, post or escalate the incidents that are due."""
        if self._is_due("live", LIVE_EVERY):
            self._steps.run("lifecycle", partial(lifecycle.advance_once, self._setup, lease))
        return False

    def _maintain(self, lease: Lease) -> bool:
        """Purge old rows, aggregate counts, and post the digest once a day."""
        setup, run = self._setup, self._steps.run
        if self._steps.is_changed:
            # Written before the pass times, because readers trust the table only with fresh times.
            if self._is_due("steps", STEPS_EVERY):
                self._steps.write(setup, lease)
        elif self._is_due("load", KEEP_EVERY) and not run("load", partial(self._load.keep, lease)):
            self._due["load"] = 0.0
        if self._is_due("purge", PURGE_EVERY):
            run("purge", partial(purge.purge_once, setup, lease))
        aggregate = partial(aggregate_once, setup, lease)
        if self._is_due("aggregate", AGGREGATE_EVERY) and run("aggregate", aggregate):
            self._due["aggregate"] = 0.0
        if self._is_due("merge", MERGE_EVERY):
            run("merge", partial(merge_once, setup, lease))
        if self._is_due("roll", ROLL_EVERY) and run(
            "roll", partial(metrics.roll_once, setup, lease)
        ):
            self._due["roll"] = 0.0
        if self._is_due("digest", DIGEST_EVERY):
            run("digest", partial(digest.digest_once, setup, lease))
        return False

    def _check_health(self, lease: Lease) -> bool:
        """Check the background work itself and update the incidents about it."""
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

    def _is_due(self, name: str, period: float) -> bool:
        now = monotonic()
        if now < self._due.get(name, 0.0):
            return False
        self._due[name] = now + period
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
                # A count that failed late costs the server as much as a complete one.
                wait = max(1.0, (monotonic() - began - TICK) * metrics.SHARE)
            self._stop.wait(wait)

    def _sample_once(self, lease: Lease) -> float:
        sample = partial(metrics.sample_once, self._setup, lease, indexed=self._indexed == lease)
        wait = self._steps.run("sample", sample)
        self._steps.expect("sample", wait)
        return wait

    def _change(self, work: Callable[[Connection], T]) -> T:
        return changing(self._setup.engine, time_limit(self._setup.engine, 5.0), work)
