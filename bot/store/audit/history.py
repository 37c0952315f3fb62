"""Read the audit records of a person, a job or a subject, through indexes and page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from bot.models.subjects import SubjectKey
from bot.store.audit import targets
from bot.store.failures import subjects
from bot.store.tables import archive, audit, audit_chain, audit_targets, failures, operations

MOST = 1_000
"""A page reads at most this many of the newest records about a job or a subject."""
BULK_FAILURES = 10_000
"""The bulk changes of at most this many failures of a subject are read, the newest failures."""

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """The filter for audit records. None in a field means no restriction.

    `actors` are people as recorded. `job` is the id of a job or a failed job. `since` is
    naive UTC. Only records with an id below `before` match, so that a page begins after the
    previous page's last record.
    """

    actors: tuple[str, ...] | None = None
    action: str | None = None
    job: int | None = None
    subject: SubjectKey | None = None
    since: datetime | None = None
    before: int | None = None


def newest(connection: Connection, criteria: HistoryFilter, limit: int) -> Sequence[RowMapping]:
    """Return up to `limit` records, the newest first, each with its `seq` if it is sealed.

    The targets lead to the records about a job or a subject. The index of failures and the archive
    lead to the records of bulk changes.
    """
    query = (
        select(audit, audit_chain.c.seq)
        .outerjoin(audit_chain, audit_chain.c.audit_id == audit.c.id)
        .where(*_filters(criteria))
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    # Each index has its own query: with OR or a join, a server may read the whole audit log.
    if criteria.job is not None:
        query = query.where(audit.c.id.in_(_about_job(connection, criteria.job, criteria.before)))
    if criteria.subject is not None:
        about = _about_subject(connection, criteria.subject, criteria.before)
        query = query.where(audit.c.id.in_(about))
    return connection.execute(query).mappings().all()


def actors(connection: Connection) -> Sequence[str]:
    """Return the people who have a record: Slack ids, and names from the terminal."""
    return connection.execute(select(audit.c.actor).distinct().limit(MOST)).scalars().all()


def _filters(criteria: HistoryFilter) -> list[Condition]:
    filters: list[Condition] = []
    if criteria.actors is not None:
        filters.append(audit.c.actor.in_(criteria.actors))
    if criteria.action is not None:
        filters.append(audit.c.action == criteria.action)
    if criteria.since is not None:
        filters.append(audit.c.at >= criteria.since)
    if criteria.before is not None:
        filters.append(audit.c.id < criteria.before)
    return filters


def _about_job(connection: Connection, job: int, before: int | None) -> list[int]:
    kinds = ("failed", "job")
    c = audit_targets.c
    archived = select(archive.c.request_id).where(
        archive.c.kind.in_(kinds), archive.c.row_id == job
    )
    requests = {
        *connection.execute(archived.order_by(archive.c.id.desc()).limit(MOST)).scalars(),
        *_bulk_requests(connection, failures.c.failed_id == job),
    }
    return _highest(
        _named(connection, c.kind.in_(kinds) & (c.row_id == job), before),
        _named(connection, c.job_id == job, before),
        _of_requests(connection, requests, before),
    )


def _about_subject(connection: Connection, key: SubjectKey, before: int | None) -> list[int]:
    requests = _bulk_requests(connection, subjects.is_of(key))
    return _highest(
        _named(connection, targets.is_of(key), before),
        _of_requests(connection, requests, before),
    )


def _highest(*id_lists: Sequence[int]) -> list[int]:
    return sorted({id_ for ids in id_lists for id_ in ids}, reverse=True)[:MOST]


def _named(connection: Connection, condition: Condition, before: int | None) -> Sequence[int]:
    """Return the ids of the newest records that have a target with this condition."""
    id_ = audit_targets.c.audit_id
    query = select(id_).distinct().where(condition).order_by(id_.desc()).limit(MOST)
    if before is not None:
        query = query.where(id_ < before)
    return connection.execute(query).scalars().all()


def _of_requests(connection: Connection, requests: set[str], before: int | None) -> Sequence[int]:
    query = select(audit.c.id).where(audit.c.request_id.in_(requests))
    if before is not None:
        query = query.where(audit.c.id < before)
    return connection.execute(query.order_by(audit.c.id.desc()).limit(MOST)).scalars().all()


def _bulk_requests(connection: Connection, condition: Condition) -> set[str]:
    """Return the request ids of bulk changes that removed or restored the matching failures."""
    c = failures.c
    newest = select(c.operation, c.restored_by).where(condition).order_by(c.seq.desc())
    numbers = newest.limit(BULK_FAILURES).subquery()
    rows = connection.execute(select(numbers).distinct()).all()
    ids = sorted({id_ for row in rows for id_ in row if id_}, reverse=True)[:MOST]
    query = select(operations.c.request_id).where(operations.c.id.in_(ids))
    return set(connection.execute(query).scalars()) if ids else set()
