"""Waiting work: one statement that reads whether the background work has work to do.

While there is no work, a replica reads only this statement. The statement names no table of the
queue, because a locked table of the queue must not delay the audit log and the messages.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, ScalarSelect, false, func, or_, select

from bot.database.transactions import Clock, read_time, time_column
from bot.fingerprint.error_group import RULES
from bot.models.alert_rules import METRIC_RULES
from bot.store.failures import relabeling
from bot.store.incidents import assignment, lookups
from bot.store.leases import is_free
from bot.store.operations.operations import AWAITING, WORKING
from bot.store.operations.transitions import TAKEN_OVER_AFTER
from bot.store.tables import (
    audit,
    audit_chain,
    cursors,
    failure_counts,
    failures,
    incident_deltas,
    incidents,
    leases,
    operations,
    outbox,
    outcomes,
    tracked_jobs,
)


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """The state of the bot's own tables at `now`, by the database's clock (naive UTC).

    `owner` holds the watcher's lease until `expires`. `newest_*` are the highest ids of tables that
    grow with every failure or change. `settled_*` are positions of cursors. `message_at`,
    `tracked_job_at`, `outcome_at` and `approval_until` are the earliest due times, and
    `heartbeat_at` is the oldest heartbeat; None if there is no such row.
    """

    now: datetime
    owner: str
    expires: datetime
    newest_audit: int
    newest_failure: int
    newest_count: int
    settled_failed_id: int
    settled_audit: int
    backfilling: bool
    regrouping: bool
    relabeling: bool
    unsealed: bool
    unassigned: bool
    unaggregated: bool
    redraw: bool
    active_incident: bool
    active_rule: bool
    waiting_canary: bool
    own_operation: bool
    message_at: datetime | None
    tracked_job_at: datetime | None
    outcome_at: datetime | None
    heartbeat_at: datetime | None
    approval_until: datetime | None

    @property
    def is_leaderless(self) -> bool:
        """Whether the watcher's lease is free."""
        return is_free(self.owner, self.expires, self.now)

    @property
    def is_reindexing(self) -> bool:
        """Whether a pass over the older failures runs."""
        return self.backfilling or self.regrouping or self.relabeling

    @property
    def has_operation(self) -> bool:
        """Whether a bulk change of this replica, or an abandoned bulk change, can continue."""
        heartbeat = self.heartbeat_at
        is_abandoned = heartbeat is not None and heartbeat < self.now - TAKEN_OVER_AFTER
        return self.own_operation or is_abandoned

    def is_due(self, moment: datetime | None) -> bool:
        """Return whether `moment` is now or in the past."""
        return moment is not None and moment <= self.now


def read(
    connection: Connection, clock: Clock, replica: str, sealed_to: int, subjects: int
) -> WaitingWork:
    """Return the state of the bot's tables.

    All audit records up to the id `sealed_to` are sealed. Without this limit, the search for
    unsealed records would read every record of the last 10 min. `subjects` is the version of the
    subjects in the settings.
    """
    row = connection.execute(_statement(connection, replica, sealed_to, subjects)).one()
    values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001 the row's public mapping
    values["now"] = read_time(connection, clock, row.now)
    return WaitingWork(**{name: _plain(name, value) for name, value in values.items()})


def _plain(name: str, value: object) -> Any:
    """Return a column's value; convert conditions, which MariaDB and MySQL return as 0 or 1."""
    return bool(value) if WaitingWork.__annotations__[name] is bool else value


def _statement(connection: Connection, replica: str, sealed_to: int, subjects: int) -> Any:
    working = operations.c.state.in_(WORKING)
    is_active = incidents.c.active_subject.is_not(None)
    linked = select(audit_chain.c.seq).where(audit_chain.c.audit_id == audit.c.id).exists()
    return select(
        time_column(connection).label("now"),
        leases.c.owner,
        leases.c.expires,
        _newest(audit.c.id).label("newest_audit"),
        _newest(failures.c.seq).label("newest_failure"),
        _newest(failure_counts.c.id).label("newest_count"),
        _cursor("settled").label("settled_failed_id"),
        _cursor("audit_settled").label("settled_audit"),
        or_(_cursor("backfill_end") < 0, _cursor("backfill") < _cursor("backfill_end")).label(
            "backfilling"
        ),
        (_cursor("rules") != RULES).label("regrouping"),
        (_cursor(relabeling.CURRENT) != subjects).label("relabeling"),
        _any(audit.c.id, audit.c.id > sealed_to, ~linked).label("unsealed"),
        _any(failures.c.seq, assignment.belongs_to_none()).label("unassigned"),
        _any(failure_counts.c.id, failure_counts.c.aggregated == false()).label("unaggregated"),
        or_(_any(incident_deltas.c.id), _any(incidents.c.id, lookups.needs_redraw())).label(
            "redraw"
        ),
        _any(incidents.c.id, is_active).label("active_incident"),
        _any(incidents.c.id, is_active, incidents.c.rule.in_(METRIC_RULES)).label("active_rule"),
        _any(operations.c.id, operations.c.state == "waiting").label("waiting_canary"),
        _any(operations.c.id, working, operations.c.owner == replica).label("own_operation"),
        _earliest(outbox.c.next_attempt_at, outbox.c.sent_at.is_(None)).label("message_at"),
        _earliest(tracked_jobs.c.next_check_at).label("tracked_job_at"),
        _earliest(outcomes.c.next_check_at).label("outcome_at"),
        _earliest(operations.c.heartbeat, working).label("heartbeat_at"),
        _earliest(operations.c.expires_at, operations.c.state == AWAITING).label("approval_until"),
    ).where(leases.c.name == "watcher")


def _cursor(name: str) -> ColumnElement[int]:
    """Return a cursor's position, or -1 if the cursor has no position yet."""
    position = select(cursors.c.position).where(cursors.c.name == name)
    return func.coalesce(position.scalar_subquery(), -1)


def _any(column: Column[Any], *which: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(column).where(*which).exists()


def _newest(column: Column[Any]) -> ColumnElement[int]:
    return func.coalesce(select(func.max(column)).scalar_subquery(), 0)


def _earliest(column: Column[Any], *which: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.min(column)).where(*which).scalar_subquery()
