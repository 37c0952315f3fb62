"""The outcomes of an incident's retried jobs: whether all are known, and how many of each kind.

Outcomes are exact for jobs that were retried by id, because each of them is tracked. They are also
exact for bulk retries of only this incident's failures, because these are counted as a whole.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bot.database.dialects import straight_join
from bot.models.incidents import Incident
from bot.store.operations.operations import ACTIVE
from bot.store.operations.retries import tracked_jobs as tracking
from bot.store.operations.retries.outcomes import FOLLOWING
from bot.store.tables import failures, incident_operations, operations, outcomes, tracked_jobs


def unsettled(connection: Connection) -> set[int]:
    """Return the incidents with retried jobs without an outcome; it reads only running work."""
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
    """How many retried jobs were processed and how many failed; None: not known exactly."""

    processed: int | None = None
    failed: int | None = None


UNKNOWN = Figures()


def figures(connection: Connection, incident: Incident, counted: Collection["Bulk"]) -> Figures:
    """Return the outcomes of an incident's retried jobs, if they are known for every job."""
    states = _tracked_states(connection, incident)
    processed = states.get(tracking.PROCESSED, 0) + sum(retry.processed for retry in counted)
    failed = sum(
        states.get(state, 0) for state in (tracking.FAILED_AGAIN, tracking.FAILED_OTHERWISE)
    )
    failed += sum(retry.failed for retry in counted)
    if not incident.retried or processed + failed != incident.retried:
        return UNKNOWN
    return Figures(processed, failed)


def _tracked_states(connection: Connection, incident: Incident) -> dict[str, int]:
    """Count the incident's jobs that were retried by id, by state."""
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
    """The outcomes of a bulk retry of only this incident's failures."""

    processed: int
    failed: int


def whole_operations(connection: Connection, incident: int) -> list[int]:
    """Return the finished bulk retries of only this incident's failures."""
    o, i = operations.c, incident_operations.c
    retries = (
        select(o.id)
        .join(incident_operations, i.operation == o.id)
        .where(i.incident == incident, i.rows == o.done, i.rows > 0, o.counts_as == "retried")
        .where(o.finished_at.is_not(None))
    )
    return list(connection.execute(retries.order_by(o.id)).scalars())
