"""Find the problems of the background work by reading only the database.

So the result does not depend on any part of the background work, which may be broken or stopped.
Each check reads a few rows through an index. A check that fails is reported as a problem, because
nobody must mistake a failed check for good health.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, func, select

from bot.models.health import PARTS, HealthProblem, Part, WatcherState
from bot.queue.layouts import Queue
from bot.store import background_steps, cursors
from bot.store.audit import chain, daily
from bot.store.audit.keys import NO_KEYS, AuditKeys
from bot.store.background_steps import error_code
from bot.store.failures.backfill import backfill_left
from bot.store.failures.zone_offset import zone_offset
from bot.store.tables import audit, audit_chain, audit_rejected, failures, samples

log = structlog.get_logger(__name__)

STALLED_AFTER = timedelta(minutes=1)
"""The watcher is stalled after this time without new figures; it writes figures every 10 s."""
UNINDEXED_AFTER = timedelta(minutes=1)
UNSEALED_AFTER = timedelta(minutes=1)
STALE_AFTER = timedelta(minutes=3)
STALE_PERIODS = 3
RESETS_SHOWN = timedelta(hours=1)
SAMPLE_SHARE = 20
"""After a count, the sampler waits this many times the duration of the count."""
NEWEST = 200
"""This many of the newest failed jobs are searched for in the index."""


@dataclass(frozen=True, slots=True)
class Check:
    """The input of a check at `now` (naive UTC)."""

    connection: Connection
    queue: Queue
    now: datetime
    watcher: WatcherState
    keys: AuditKeys

    @property
    def leads_since(self) -> datetime | None:
        """The time since which a replica has held the watcher's lease; None if no replica leads."""
        return self.watcher.since if self.watcher.replica is not None else None

    def waited(self, since: datetime) -> timedelta:
        """Return the time since `since`, or since the current leader began if that is later."""
        return self.now - max(since, self.leads_since or since)


def problems(
    connection: Connection,
    queue: Queue,
    now: datetime,
    watcher: WatcherState,
    keys: AuditKeys = NO_KEYS,
) -> tuple[HealthProblem, ...]:
    """Return every problem that the database shows; the watcher's problems are first."""
    check = Check(connection, queue, now, watcher, keys)
    return tuple(
        problem for part, read in _CHECKS for problem in checked(part, partial(read, check))
    )


def checked(part: Part, read: Callable[[], Sequence[HealthProblem]]) -> Sequence[HealthProblem]:
    """Return the problems that a check finds; return one problem if the check fails."""
    try:
        return read()
    except Exception as error:
        # An error is a problem of this part only; the other checks must still run.
        log.exception("health check failed", part=part)
        return [HealthProblem(part=part, code="unseen", error=error_code(error))]


def _watcher(check: Check) -> list[HealthProblem]:
    """Return a problem if no replica leads, or if the leader has finished no round for 1 min."""
    watcher, since = check.watcher, check.leads_since
    if watcher.replica is None:
        return [HealthProblem(part="watcher", code="nobody", since=watcher.until)]
    passed_at = watcher.passed_at or since
    if since is None or passed_at is None or check.waited(passed_at) <= STALLED_AFTER:
        return []
    return [HealthProblem(part="watcher", code="stalled", since=max(passed_at, since))]


def _steps(check: Check) -> list[HealthProblem]:
    """Return the steps that the leader reports as failing or late."""
    return [
        HealthProblem(
            part=PARTS.get(step.name, "watcher"),
            code="step-failing" if step.failures else "step-late",
            since=step.succeeded_at,
            step=step.name,
            error=step.error,
        )
        for step in background_steps.late(check.connection, check.now)
    ]


def _unindexed(check: Check) -> list[HealthProblem]:
    """Return a problem for the longest waiting unindexed job, if it has waited over 1 min."""
    if backfill_left(check.connection):
        return []
    waiting = _next_unindexed(check) + _newest_unindexed(check)
    if not waiting:
        return []
    # Without the offset, every unindexed failure could seem hours old.
    offset = zone_offset(check.connection, check.queue)
    times = [
        (check.queue.utc(at) + offset, id_) for id_, at in waiting if isinstance(at, datetime)
    ] + _passed_by(check, [id_ for id_, at in waiting if not isinstance(at, datetime)])
    if not times:
        return []
    since, failed_id = min(times)
    if check.waited(since) <= UNINDEXED_AFTER:
        return []
    return [HealthProblem(part="failures", code="index-lag", since=since, row=failed_id)]


def _passed_by(check: Check, ids: Sequence[int]) -> list[tuple[datetime, int]]:
    """Return the jobs whose ids are below the last indexed id, each with a time.

    These jobs have no valid `failed_at`: MySQL allows NULL and zeros there. So each job gets
    the time when the last failure was indexed; that failure has a higher id.
    """
    newest = select(failures.c.failed_id, failures.c.seen_at).order_by(failures.c.seq.desc())
    row = check.connection.execute(newest.limit(1)).first()
    return [] if row is None else [(row.seen_at, id_) for id_ in ids if id_ < row.failed_id]


def _next_unindexed(check: Check) -> list[tuple[int, object]]:
    """Return the first failed job with an id above the highest id in the index."""
    c = check.queue.failed_layout
    highest = check.connection.execute(select(func.max(failures.c.failed_id))).scalar() or 0
    following = select(c.id, c.failed_at).where(c.id > highest).order_by(c.id).limit(1)
    return [(row.id, row.failed_at) for row in check.connection.execute(following)]


def _newest_unindexed(check: Check) -> list[tuple[int, object]]:
    """Return the first unindexed job among the newest failed jobs; needed if ids restarted."""
    c = check.queue.failed_layout
    newest = select(c.id, c.failed_at).order_by(c.id.desc()).limit(NEWEST).subquery()
    indexed = (
        select(failures.c.seq)
        .where(failures.c.failed_id == newest.c.id, failures.c.removed_at.is_(None))
        .exists()
    )
    first = select(newest).where(~indexed).order_by(newest.c.id).limit(1)
    return [(row.id, row.failed_at) for row in check.connection.execute(first)]


def _zone_offset(check: Check) -> list[HealthProblem]:
    """Return a problem if the zone of `failed_at` is not the configured time zone."""
    minutes = zone_offset(check.connection, check.queue) // timedelta(minutes=1)
    return [HealthProblem(part="times", code="zone-offset", minutes=minutes)] if minutes else []


def _unsealed(check: Check) -> list[HealthProblem]:
    """Return a problem if the first record above the last sealed record waits more than 1 min.

    A record with a lower id that commits late is not checked: the next sealing includes it.
    """
    last = select(audit_chain.c.audit_id).order_by(audit_chain.c.seq.desc()).limit(1)
    sealed = check.connection.execute(last).scalar() or 0
    rejected = select(audit_rejected.c.audit_id).where(audit_rejected.c.audit_id == audit.c.id)
    waiting = select(audit.c.id, audit.c.at).where(audit.c.id > sealed, ~rejected.exists())
    following = waiting.order_by(audit.c.id)
    row = check.connection.execute(following.limit(1)).first()
    if row is None or check.waited(row.at) <= UNSEALED_AFTER:
        return []
    return [HealthProblem(part="audit", code="unsealed", since=row.at, row=row.id)]


def _audit(check: Check) -> list[HealthProblem]:
    """Return the problems of the audit log."""
    return [*_unsealed(check), *_audit_key(check), *_verified(check)]


def _verified(check: Check) -> list[HealthProblem]:
    """Return a problem if the last verification of the whole audit log found faults."""
    last = daily.last(check.connection)
    if last is None or last.outcome == "ok":
        return []
    return [HealthProblem(part="audit", code="verify-failed", since=last.at, row=last.seq)]


def _audit_key(check: Check) -> list[HealthProblem]:
    """Return a problem if this replica lacks the active key, or if a record or link was forged."""
    last = chain.tail(check.connection)
    if chain.is_forged(check.connection, last, check.keys):
        return [HealthProblem(part="audit", code="forged-link", row=last.seq)]
    problems_: list[HealthProblem] = []
    if last.active is not None and check.keys.by_id(last.active) is None:
        problems_ = [HealthProblem(part="audit", code="audit-key-missing", audit_key=last.active)]
    rejected = select(audit_rejected).join(audit, audit.c.id == audit_rejected.c.audit_id)
    row = check.connection.execute(rejected.order_by(audit_rejected.c.audit_id).limit(1)).first()
    if row is None:
        return problems_
    forged = HealthProblem(part="audit", code="forged-record", since=row.at, row=row.audit_id)
    return [*problems_, forged]


def _cursors(check: Check) -> list[HealthProblem]:
    """Return a problem for each cursor that was reset within the last hour."""
    return [
        HealthProblem(
            part=_CURSOR_PARTS.get(cursor.name, "failures"),
            code="cursor-reset",
            since=cursor.at,
            error=cursor.name,
        )
        for cursor in cursors.resets(check.connection, check.now - RESETS_SHOWN)
    ]


_CURSOR_PARTS: dict[str, Part] = {"audit_settled": "audit", "digest": "digest"}


def _stale_sample(check: Check) -> list[HealthProblem]:
    """Return a problem if the next sample is missing for too long."""
    newest = select(samples.c.taken_at, samples.c.took_ms).order_by(samples.c.id.desc()).limit(1)
    row = check.connection.execute(newest).first()
    if row is None:
        since = check.leads_since
        late = since is not None and check.waited(since) > STALE_AFTER
        return [HealthProblem(part="metrics", code="sample-missing", since=since)] if late else []
    wait = timedelta(milliseconds=row.took_ms * SAMPLE_SHARE)
    if check.waited(row.taken_at) <= max(STALE_AFTER, STALE_PERIODS * wait):
        return []
    return [HealthProblem(part="metrics", code="sample-old", since=row.taken_at)]


_CHECKS: tuple[tuple[Part, Callable[[Check], list[HealthProblem]]], ...] = (
    ("watcher", _watcher),
    ("watcher", _steps),
    ("failures", _unindexed),
    ("times", _zone_offset),
    ("audit", _audit),
    ("watcher", _cursors),
    ("metrics", _stale_sample),
)
