"""The outcomes of an incident's retried jobs: whether all are known, and the count of each outcome.

Outcomes are exact for jobs that were retried by id, because each such job is tracked. For a bulk
retry, the failures of the retried jobs are counted by incident.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bot.database.dialects import straight_join
from bot.models.incidents import Incident
from bot.store.operations.operations import ACTIVE
from bot.store.operations.retries import tracked_jobs as tracking
from bot.store.operations.retries.outcomes import FOLLOWING, SETTLED, OutcomeCounts
from bot.store.tables import failures, incident_operations, operations, outcomes, tracked_jobs


def unsettled(connection: Connection) -> set[int]:
    """Return the incidents that have retried jobs without an outcome; read only unfinished work."""
    c, f = tracked_jobs.c, failures.c
    single = (
        straight_join(select(f.incident).select_from(tracked_jobs))
        .join(failures, f.seq == c.failed_seq)
        .where(c.next_check_at.is_not(None), c.state == tracking.WAITING, c.operation.is_(None))
        .distinct()
    )
    active = select(operations.c.id).where(operations.c.state.in_(ACTIVE))
    counted = select(outcomes.c.operation).where(
        outcomes.c.next_check_at.is_not(None), outcomes.c.state == FOLLOWING
    )
    under_way = [
        number for query in (active, counted) for number in connection.execute(query).scalars()
    ]
    i = incident_operations.c
    bulk = select(i.incident).where(i.operation.in_(under_way)).distinct()
    incidents = set(connection.execute(single).scalars())
    return incidents | set(connection.execute(bulk).scalars() if under_way else ())


@dataclass(frozen=True, slots=True)
class Figures:
    """The retried jobs that were processed, and that failed with another error; None: unknown."""

    processed: int | None = None
    failed: int | None = None


UNKNOWN = Figures()


def figures(connection: Connection, incident: Incident, counted: Collection["Bulk"]) -> Figures:
    """Return the outcomes of an incident's retried jobs, or `UNKNOWN` if any outcome is unknown.

    A job that failed again counts as a failed job of the incident, and not as a retried job.
    """
    states = _tracked_states(connection, incident)
    processed = states.get(tracking.PROCESSED, 0) + sum(retry.processed for retry in counted)
    failed = states.get(tracking.FAILED_OTHERWISE, 0) + sum(retry.failed for retry in counted)
    if not incident.retried or processed + failed != incident.retried:
        return UNKNOWN
    return Figures(processed, failed)


def _tracked_states(connection: Connection, incident: Incident) -> dict[str, int]:
    """Count the incident's jobs that were retried by id, grouped by state."""
    c, f = tracked_jobs.c, failures.c
    states = (
        straight_join(select(c.state, func.count()).select_from(tracked_jobs))
        .join(failures, f.seq == c.failed_seq)
        .where(c.failed_seq >= (incident.first_seq or 0), c.operation.is_(None))
        .where(f.incident == incident.id)
        .group_by(c.state)
    )
    return {state: int(count) for state, count in connection.execute(states)}


@dataclass(frozen=True, slots=True)
class Bulk:
    """The outcomes of an incident's failures in a bulk retry; `failed` means with another error."""

    processed: int
    failed: int


@dataclass(frozen=True, slots=True)
class RetriedRows:
    """The number of an incident's failures in a bulk retry, and how many of these jobs failed."""

    operation: int
    rows: int
    failed_again: int
    failed_otherwise: int


def bulk_retries(connection: Connection, incident: int) -> list[RetriedRows]:
    """Return the finished bulk retries that retried failures of the incident."""
    o, i = operations.c, incident_operations.c
    retries = (
        select(o.id, i.rows, i.failed_again, i.failed_otherwise)
        .join(incident_operations, i.operation == o.id)
        .where(i.incident == incident, i.rows > 0, o.counts_as == "retried")
        .where(o.finished_at.is_not(None))
    )
    return [RetriedRows(*row) for row in connection.execute(retries.order_by(o.id))]


def bulk(connection: Connection, retried: RetriedRows, counts: OutcomeCounts) -> Bulk | None:
    """Return the outcomes of an incident's jobs in a settled bulk retry, or None if unknown.

    The bot does not know which incident a deleted waiting job belonged to. It also does not know
    which incident's job failed again if the operation retried one payload in several incidents.
    """
    i = incident_operations.c
    attributed = select(func.sum(i.failed_again + i.failed_otherwise)).where(
        i.operation == retried.operation
    )
    failed = int(connection.execute(attributed).scalar() or 0)
    is_whole = failed == counts.failed_again + counts.failed_otherwise
    processed = retried.rows - retried.failed_again - retried.failed_otherwise
    if counts.state != SETTLED or counts.deleted or not is_whole or processed < 0:
        return None
    return Bulk(processed, retried.failed_otherwise)
