"""What the audit tells of a person, a job or an order: read by indexes, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from bot.store.tables import archive, audit, audit_chain, audit_targets, failures, operations

MOST = 1_000
"""Records about one job or order that are looked through for a page, the newest."""

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records; a filter that is None lets all pass.

    `job` is the id of a job or a failed job, `since` naive UTC; only records with an id below
    `before` are wanted: the next page begins where the last one ended.
    """

    actor: str | None = None
    action: str | None = None
    job: int | None = None
    order: str | None = None
    since: datetime | None = None
    before: int | None = None


def newest(connection: Connection, wanted: Wanted, limit: int) -> Sequence[RowMapping]:
    """Up to `limit` records, the newest first, each with its `seq` once it is sealed.

    What is about a job or an order is found by its targets, and where a bulk change took it, by the
    index of failures or by what the archive still holds.
    """
    chosen = (
        select(audit, audit_chain.c.seq)
        .outerjoin(audit_chain, audit_chain.c.audit_id == audit.c.id)
        .where(*_filters(wanted))
        .order_by(audit.c.id.desc())
        .limit(limit)
    )
    # Each by its own index first: with OR, or with a join, a server may read the whole audit.
    if wanted.job is not None:
        chosen = chosen.where(audit.c.id.in_(_about_job(connection, wanted.job, wanted.before)))
    if wanted.order is not None:
        chosen = chosen.where(audit.c.id.in_(_about_order(connection, wanted.order, wanted.before)))
    return connection.execute(chosen).mappings().all()


def _filters(wanted: Wanted) -> list[Condition]:
    filters: list[Condition] = []
    if wanted.actor is not None:
        filters.append(audit.c.actor == wanted.actor)
    if wanted.action is not None:
        filters.append(audit.c.action == wanted.action)
    if wanted.since is not None:
        filters.append(audit.c.at >= wanted.since)
    if wanted.before is not None:
        filters.append(audit.c.id < wanted.before)
    return filters


def _about_job(connection: Connection, job: int, before: int | None) -> list[int]:
    kinds = ("failed", "job")
    c = audit_targets.c
    kept = select(archive.c.request_id).where(archive.c.kind.in_(kinds), archive.c.row_id == job)
    requests = {
        *connection.execute(kept.order_by(archive.c.id.desc()).limit(MOST)).scalars(),
        *_bulk_requests(connection, failures.c.failed_id == job),
    }
    return _highest(
        _named(connection, c.kind.in_(kinds) & (c.row_id == job), before),
        _named(connection, c.job_id == job, before),
        _of_requests(connection, requests, before),
    )


def _about_order(connection: Connection, order: str, before: int | None) -> list[int]:
    requests = _bulk_requests(connection, failures.c.order_id == order)
    return _highest(
        _named(connection, audit_targets.c.order_id == order, before),
        _of_requests(connection, requests, before),
    )


def _highest(*found: Sequence[int]) -> list[int]:
    return sorted({id_ for ids in found for id_ in ids}, reverse=True)[:MOST]


def _named(connection: Connection, which: Condition, before: int | None) -> Sequence[int]:
    """The newest records with such a target."""
    id_ = audit_targets.c.audit_id
    chosen = select(id_).distinct().where(which).order_by(id_.desc()).limit(MOST)
    if before is not None:
        chosen = chosen.where(id_ < before)
    return connection.execute(chosen).scalars().all()


def _of_requests(connection: Connection, requests: set[str], before: int | None) -> Sequence[int]:
    chosen = select(audit.c.id).where(audit.c.request_id.in_(requests))
    if before is not None:
        chosen = chosen.where(audit.c.id < before)
    return connection.execute(chosen.order_by(audit.c.id.desc()).limit(MOST)).scalars().all()


def _bulk_requests(connection: Connection, which: Condition) -> set[str]:
    """The request ids of the bulk changes that took such failures or put them back."""
    found: set[str] = set()
    for number in (failures.c.operation, failures.c.returned_by):
        took = (
            select(operations.c.request_id)
            .distinct()
            .join(failures, number == operations.c.id)
            .where(which)
            .limit(MOST)
        )
        found.update(connection.execute(took).scalars())
    return found
