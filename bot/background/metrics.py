"""Take samples of the queue in the background, only in the leader, and roll up the samples.

`status` shows the newest sample if the queue is too large to count while a person waits. The
rolled-up samples are the history. The number of processed jobs is computed from two samples: new
jobs minus the growth of the queue, minus failed jobs, minus jobs that the bot removed.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.leader import leader_transaction
from bot.database.transactions import TooSlow, reading
from bot.models.metrics import QueueMetrics
from bot.models.queue_jobs import QueueJobs
from bot.queue import auto_increment, job_counts
from bot.store.deltas import metric_deltas
from bot.store.deltas.metric_deltas import MetricDelta
from bot.store.failures.backfill import backfill_left
from bot.store.leases import Lease
from bot.store.metrics import rollups, samples
from bot.store.metrics.samples import Sample
from bot.wall_clock import unix

COUNT_SECONDS = 45.0
SHORTEST = 10.0
UNCHANGED = 40.0
"""The wait, in seconds, after a sample that equals the previous sample."""
SHARE = 20
"""Counting takes at most 1/20 of the time: the next count waits 100 s after a count of 5 s."""
GRACE = timedelta(seconds=60)
"""A sample may be late by this time plus twice its wait. Only a later sample leaves a gap, so a
restarted bot or a replica that takes over continues the series."""
FASTEST = 100_000
"""No server creates this many jobs a second. Somebody set the counter if it grew faster."""


def sample_once(setup: Setup, lease: Lease, *, indexed: bool) -> float:
    """Take and store one sample; return the seconds until the next one.

    `indexed`: this leader has indexed all failures of the time before it became the leader.
    """
    began = monotonic()
    try:
        with reading(setup.engine) as connection:
            now = setup.clock(connection)
            counts = job_counts.count(connection, setup.queue, now, COUNT_SECONDS)
            taken = auto_increment.ids_taken(connection, setup.queue)
            backfilling = backfill_left(connection)
            failed = None if backfilling else samples.failed_by_queue(connection)
    except TooSlow:
        return COUNT_SECONDS * SHARE
    took = monotonic() - began
    sample = Sample(now, int(took * 1000), counts, taken, steady=indexed and not backfilling)
    changed = leader_transaction(
        setup, lease, lambda connection, _now: keep(connection, sample, failed)
    )
    return _wait(sample) if changed else max(UNCHANGED, _wait(sample))


def _wait(sample: Sample) -> float:
    return max(SHORTEST, sample.took_ms / 1000 * SHARE)


def keep(connection: Connection, sample: Sample, failed: Mapping[str, int] | None) -> bool:
    """Store the sample; return whether anything has changed since the previous sample.

    The sample and these changes are added to the row of the sample's minute. `failed` has the
    number of failed jobs by queue, or is None if these numbers are unknown.
    """
    before = samples.latest(connection)
    is_continued = before is not None and _is_continued(before, sample)
    if before is not None and is_continued and before.steady:
        sample = replace(sample, steady=True)
    samples.keep(connection, sample)
    deltas = metric_deltas.drain(connection)
    changes = _changes(before, sample, deltas) if is_continued and before is not None else None
    rollups.add_sample(connection, sample.taken_at, _metrics(sample, failed, changes))
    return before is None or bool(deltas) or _counts(before) != _counts(sample)


def _counts(sample: Sample) -> tuple[object, ...]:
    """Return the values of the sample that change only with the rows, not with the time."""
    queues = [(one.queue, one.pending, one.reserved, one.delayed) for one in sample.queues]
    return sample.ids_taken, sample.status.failed_jobs_count, queues


def _is_continued(before: Sample, sample: Sample) -> bool:
    """Return whether there is no gap without monitoring between the two samples."""
    between = sample.taken_at - before.taken_at
    return timedelta(0) < between <= GRACE + timedelta(seconds=2 * _wait(before))


@dataclass(frozen=True, slots=True)
class _Changes:
    """The changes between two samples: new failures by queue, and processed jobs if known."""

    seconds: int
    appeared: Mapping[str, int]
    processed: int | None


def _changes(before: Sample, sample: Sample, deltas: Mapping[str, MetricDelta]) -> _Changes | None:
    """Return the changes since `before`.

    Return None if new failures cannot be separated from old failures.
    """
    if not before.steady:
        return None
    # Both times are cut to whole seconds first, so the sum of all differences is exact.
    seconds = unix(sample.taken_at) - unix(before.taken_at)
    whole = sum(deltas.values(), MetricDelta())
    appeared = {queue: delta.failed for queue, delta in deltas.items() if delta.failed}
    return _Changes(seconds, appeared, _processed(before, sample, whole))


def _processed(before: Sample, sample: Sample, whole: MetricDelta) -> int | None:
    """Return the number of jobs that left `jobs` without a failure; None if it is unknown.

    The number can be below 0, because a sample may count a failure while its count of `jobs` still
    has that job. The next sample corrects the sum.
    """
    if before.ids_taken is None or sample.ids_taken is None:
        return None
    ids = sample.ids_taken - before.ids_taken
    seconds = (sample.taken_at - before.taken_at).total_seconds()
    if not 0 <= ids <= FASTEST * max(1.0, seconds):
        return None
    came = ids - whole.skipped
    return came - (sample.jobs - before.jobs) - whole.failed - whole.removed


def _metrics(
    sample: Sample, failed: Mapping[str, int] | None, changes: _Changes | None
) -> dict[str, QueueMetrics]:
    """Return the sample's metrics of each queue with jobs or failures, and of all queues."""
    appeared = _by_name({} if changes is None else changes.appeared)
    counted = None if failed is None else _by_name(failed)
    seconds = 0 if changes is None else changes.seconds
    by_name: defaultdict[str, list[QueueJobs]] = defaultdict(list)
    for queue in sample.queues:
        by_name[rollups.stored_name(queue.queue)].append(queue)
    # A queue with an empty name has no separate row, because `ALL` is the row of all queues.
    names = {*by_name, *(counted or {}), *appeared} - {rollups.ALL}
    metrics = {
        name: replace(
            _total(by_name.get(name, ())),
            failed=None if counted is None else counted.get(name, 0),
            appeared=appeared.get(name, 0),
            seconds=seconds,
        )
        for name in names
    }
    metrics[rollups.ALL] = replace(
        _total(sample.queues),
        failed=sample.status.failed_jobs_count,
        appeared=sum(appeared.values()),
        processed=None if changes is None else changes.processed,
        seconds=seconds,
    )
    return metrics


def _by_name(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts by the stored names of the queues."""
    by_name: defaultdict[str, int] = defaultdict(int)
    for queue, count in counts.items():
        by_name[rollups.stored_name(queue)] += count
    return dict(by_name)


def _total(queues: Sequence[QueueJobs]) -> QueueMetrics:
    """Return the total of these queues."""
    ages = [queue.oldest_seconds for queue in queues if queue.oldest_seconds is not None]
    return QueueMetrics(
        pending=sum(queue.pending for queue in queues),
        reserved=sum(queue.reserved for queue in queues),
        delayed=sum(queue.delayed for queue in queues),
        oldest_seconds=max(ages, default=None),
        looks=1,
    )


def roll_once(setup: Setup, lease: Lease) -> bool:
    """Roll up one past hour or day, or delete a batch; return True if more may be waiting."""

    def work(connection: Connection, now: datetime) -> bool:
        if rollups.roll_hour(connection, now) or rollups.roll_day(connection, now, setup.zone):
            return True
        return rollups.purge(connection, now, setup.zone) > 0

    return leader_transaction(setup, lease, work)
