"""Exact figures of the queue, taken in the background by the holder of the lease.

The newest are the answer where the queue is too large to count while somebody waits; rolled up they
are its history. What was processed follows from two samples: the jobs that came, less those that
are more than before, those that failed and those that the bot took itself.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.background.leader import leader_transaction
from bot.database.transactions import TooSlow, reading
from bot.models.metrics import QueueMetrics
from bot.queue import auto_increment, job_counts
from bot.queue.job_counts import QueueJobCounts
from bot.store.deltas import metric_deltas
from bot.store.deltas.metric_deltas import MetricDelta
from bot.store.failures.index import backfill_left
from bot.store.leases import Lease
from bot.store.metrics import rollups, samples
from bot.store.metrics.samples import Sample
from bot.wall_clock import unix

COUNT_SECONDS = 45.0
SHORTEST = 10.0
SHARE = 20
"""Counting takes at most a twentieth of the time: after 5 s of it the next waits 100 s."""
GRACE = timedelta(seconds=60)
"""How much later than due a look may come, twice its wait besides, before there is a gap: a bot
that is started again, or another replica that takes over, goes on where the last one ended."""
FASTEST = 100_000
"""Jobs a second, more than any server takes: who sets the table's counter ahead processes none."""


def sample_once(setup: Setup, lease: Lease, *, indexed: bool) -> float:
    """Count and keep the figures; returns after how many seconds to count again.

    `indexed`: this holder of the lease has seen the end of what failed while nobody watched.
    """
    began = monotonic()
    try:
        with reading(setup.engine) as connection:
            now = setup.clock(connection)
            found = job_counts.count(connection, setup.queue, now, COUNT_SECONDS)
            taken = auto_increment.ids_taken(connection, setup.queue)
            backfilling = backfill_left(connection)
            failed = None if backfilling else samples.failed_by_queue(connection)
    except TooSlow:
        return COUNT_SECONDS * SHARE
    took = monotonic() - began
    sample = Sample(now, int(took * 1000), found, taken, steady=indexed and not backfilling)
    leader_transaction(setup, lease, lambda connection: keep(connection, sample, failed))
    return _wait(sample)


def _wait(sample: Sample) -> float:
    return max(SHORTEST, sample.took_ms / 1000 * SHARE)


def keep(connection: Connection, sample: Sample, failed: Mapping[str, int] | None) -> None:
    """Store the sample and add what it says, and what happened since the last one, to its minute.

    `failed`: how many failed jobs each queue has, None where that is not known.
    """
    before = samples.latest(connection)
    goes_on = before is not None and _goes_on(before, sample)
    if before is not None and goes_on and before.steady:
        sample = replace(sample, steady=True)
    samples.keep(connection, sample)
    deltas = metric_deltas.drain(connection)
    since = _since(before, sample, deltas) if goes_on and before is not None else None
    rollups.add_sample(connection, sample.taken_at, _figures(sample, failed, since))


def _goes_on(before: Sample, sample: Sample) -> bool:
    """Whether nothing is between the two that nobody watched."""
    between = sample.taken_at - before.taken_at
    return timedelta(0) < between <= GRACE + timedelta(seconds=2 * _wait(before))


@dataclass(frozen=True, slots=True)
class _Since:
    """What happened between two samples: new failures by queue, jobs processed if it is known."""

    seconds: int
    appeared: Mapping[str, int]
    processed: int | None


def _since(before: Sample, sample: Sample, deltas: Mapping[str, MetricDelta]) -> _Since | None:
    """None where it is not known what of it is new."""
    if not before.steady:
        return None
    # Of whole seconds since 1970, so that no fraction is lost from one to the next.
    seconds = unix(sample.taken_at) - unix(before.taken_at)
    whole = sum(deltas.values(), MetricDelta())
    appeared = {queue: delta.failed for queue, delta in deltas.items() if delta.failed}
    return _Since(seconds, appeared, _processed(before, sample, whole))


def _processed(before: Sample, sample: Sample, whole: MetricDelta) -> int | None:
    """Jobs that left `jobs` and did not fail; None where the counter does not tell.

    Below 0 where one sample saw a job's failure and the other its row: together they are right.
    """
    if before.ids_taken is None or sample.ids_taken is None:
        return None
    ids = sample.ids_taken - before.ids_taken
    seconds = (sample.taken_at - before.taken_at).total_seconds()
    if not 0 <= ids <= FASTEST * max(1.0, seconds):
        return None
    came = ids - whole.skipped
    return came - (sample.jobs - before.jobs) - whole.failed - whole.removed


def _figures(
    sample: Sample, failed: Mapping[str, int] | None, since: _Since | None
) -> dict[str, QueueMetrics]:
    """What the sample says of each queue that has something, and of all of them."""
    appeared = _by_name({} if since is None else since.appeared)
    counted = None if failed is None else _by_name(failed)
    seconds = 0 if since is None else since.seconds
    tallies: defaultdict[str, list[QueueJobCounts]] = defaultdict(list)
    for one in sample.queues:
        tallies[rollups.stored_name(one.queue)].append(one)
    # One without a name has no row of its own: that is where all of them are.
    names = {*tallies, *(counted or {}), *appeared} - {rollups.ALL}
    found = {
        name: replace(
            _of(tallies.get(name, ())),
            failed=None if counted is None else counted.get(name, 0),
            appeared=appeared.get(name, 0),
            seconds=seconds,
        )
        for name in names
    }
    found[rollups.ALL] = replace(
        _of(sample.queues),
        failed=sample.status.failed_jobs_count,
        appeared=sum(appeared.values()),
        processed=None if since is None else since.processed,
        seconds=seconds,
    )
    return found


def _by_name(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts by the names under which queues are kept."""
    found: defaultdict[str, int] = defaultdict(int)
    for queue, count in counts.items():
        found[rollups.stored_name(queue)] += count
    return dict(found)


def _of(tallies: Sequence[QueueJobCounts]) -> QueueMetrics:
    """What these queues have together."""
    ages = [one.oldest_seconds for one in tallies if one.oldest_seconds is not None]
    return QueueMetrics(
        pending=sum(one.pending for one in tallies),
        reserved=sum(one.reserved for one in tallies),
        delayed=sum(one.delayed for one in tallies),
        oldest_seconds=max(ages, default=None),
        looks=1,
    )
