"""App Home: an overview of the queue.

The Home tab passes this command to `dispatch` under the name `status`. So Home has the role check
of `status`, and the audit log records a refusal under a name that people know.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from bot.app.command import Arguments, Command, Result
from bot.app.work import Work
from bot.database.transactions import TooSlow
from bot.models.home import Counts, HomeData
from bot.models.refusals import Busy
from bot.models.requests import Message
from bot.models.roles import Role
from bot.queue import job_counts, job_estimates, reads
from bot.queue.job_counts import JobCounts
from bot.store.failures import error_group_reads, error_group_sums
from bot.store.failures.backfill import backfill_left
from bot.store.failures.progress import progress
from bot.store.metrics import samples
from bot.store.operations import change_freeze
from bot.store.reports import home
from bot.store.reports.day import last_day
from bot.store.reports.health import health
from bot.views.context import Context
from bot.views.reports.home import FAILED, GROUPS, INCIDENTS, OPERATIONS, home_message

T = TypeVar("T")

EXACT_SECONDS = 0.8
"""Time limit of exact counts, in seconds.

The limit exceeds the limit of `status`, because no Slack acknowledgement waits for Home.
"""


class HomeArguments(Arguments):
    """No arguments."""


class HomeResult(Result):
    """The data of the dashboard."""

    data: HomeData


def run(work: Work, _args: HomeArguments) -> HomeResult:
    """Read each part separately, so that a slow part neither delays nor hides another part."""
    connection = work.connection
    counts, as_of, estimated = _counts(work)
    incidents, incident_count = home.active_incidents(connection, work.queue, INCIDENTS)
    window = error_group_sums.window(work.queue, work.now, None, None)
    listed = _in_time(lambda: reads.failed(connection, work.queue, limit=FAILED + 1))
    return HomeResult(
        data=HomeData(
            health=health(connection, work.queue, work.now, work.setup.audit_keys),
            counts=counts,
            as_of=as_of,
            estimated=estimated,
            day=_in_time(lambda: last_day(connection, work.queue, work.now)),
            freeze=change_freeze.current(connection),
            at_work=home.at_work(connection, work.now, OPERATIONS),
            incidents=incidents,
            incident_count=incident_count,
            errors=_in_time(lambda: error_group_reads.groups(connection, window, GROUPS)),
            indexing=backfill_left(connection),
            backfill=progress(connection, work.queue, work.now),
            failed=None if listed is None else listed[0],
            row_digests={} if listed is None else listed[1],
        )
    )


def _counts(work: Work) -> tuple[Counts | None, datetime | None, bool]:
    """Return exact counts if counting is fast, else the last exact counts and their UTC time.

    The third value is True if the counts are estimates, because no exact count exists yet.
    """
    sample = samples.latest(work.connection)
    if sample is None or samples.counts_quickly(work.connection, sample):
        try:
            exact = job_counts.count(work.connection, work.queue, work.now, EXACT_SECONDS)
        except TooSlow:
            pass
        else:
            return _of(exact), None, False
    if sample is not None:
        return _of(sample.counts), sample.taken_at, False
    estimated = _in_time(lambda: job_estimates.estimate(work.connection, work.queue, work.now))
    return None if estimated is None else _of(estimated), None, estimated is not None


def _of(counted: JobCounts) -> Counts:
    return Counts(queues=counted.queues, failed=counted.status.failed_jobs_count)


def _in_time(read: Callable[[], T]) -> T | None:
    """Return the result of `read`, or None if it took too long."""
    try:
        return read()
    except (Busy, TooSlow):
        return None


def view(result: HomeResult, context: Context) -> Message:
    """Show the problems, then the totals, then the lists."""
    return home_message(result.data, context)


HOME = Command(
    name="status",
    arguments=HomeArguments,
    role=Role.VIEWER,
    result=HomeResult,
    run=run,
    view=view,
)
