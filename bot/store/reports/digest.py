"""Read a digest: sums of stored counts, audit records, incidents and samples, through indexes.

Each part has a limit of time and rows. A part that is too slow is None; other parts are shown.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Select, false, func, select, true
from sqlalchemy.exc import DBAPIError

from bot.database.dialects import force_index
from bot.database.errors import is_slow
from bot.database.time_limits import DeadlinePassed
from bot.database.transactions import TooSlow, bounded
from bot.models.actions import Actions, counted_as, names_of
from bot.models.digest import (
    Deeds,
    Digest,
    DigestIncident,
    DoneBy,
    Figure,
    Incidents,
    OpenGroup,
    OpenGroups,
)
from bot.models.refusals import Busy
from bot.store.audit.audit_log import ENDED
from bot.store.audit.stored_json import read_arguments
from bot.store.failures import error_group_reads
from bot.store.failures.error_group_sums import Window
from bot.store.failures.failure_counts import oldest_day
from bot.store.reports import digest_samples
from bot.store.reports.digest_days import Days
from bot.store.reports.digest_samples import Processed
from bot.store.tables import audit, audit_targets, failure_counts, incidents, migrations
from bot.wall_clock import from_utc

T = TypeVar("T")

SECONDS = 1.0
PEOPLE = 5
GROUPS = 5
OPEN = 5
LONGEST = 3
INCIDENTS = 5_000
OPERATIONS = 5_000

_BY_TIME = "ix_queue_bot_audit_at"
_SECOND = timedelta(seconds=1)


def read(connection: Connection, days: Days, now: datetime, actions: Actions) -> Digest:
    """Return the days' digest; `actions` define which commands count as retries or deletions."""
    began = connection.execute(select(func.min(migrations.c.applied_at))).scalar_one()
    samples = _or_none(lambda: digest_samples.sampled(connection, days))
    earlier = _or_none(lambda: digest_samples.processed(connection, days.week_before))
    deeds = _or_none(lambda: _deeds(connection, days, actions))
    return Digest(
        first=days.first,
        last=days.last,
        zone=days.zone.key,
        since=days.since,
        until=days.until,
        processed=_processed(None if samples is None else samples.processed, earlier),
        failed=_failed(connection, days, now, began),
        retried=None if deeds is None else _summed(deeds, names_of(actions, "retried")),
        deleted=None if deeds is None else _summed(deeds, names_of(actions, "deleted")),
        groups=_or_none(lambda: _groups(connection, days, now)),
        incidents=_or_none(lambda: _incidents(connection, days)),
        waited=() if samples is None else samples.waited,
        backlog=None if samples is None else samples.backlog,
        gap_seconds=None if samples is None else samples.gap_seconds,
        began_at=began if began > days.since else None,
    )


def _processed(current: Processed | None, before: Processed | None) -> Figure:
    if current is None or current.count is None:
        return Figure(count=None, at_least=True, comparable=False)
    if before is None or before.count is None:
        return Figure(count=current.count, at_least=not current.is_whole, comparable=False)
    return Figure(
        count=current.count,
        at_least=not current.is_whole,
        before=before.count,
        before_at_least=not before.is_whole,
        comparable=current.is_nearly_whole and before.is_nearly_whole,
    )


def _failed(connection: Connection, days: Days, now: datetime, began: datetime) -> Figure:
    """Return the number of failures; failures removed before the bot's first start are unknown."""
    before = days.week_before
    return Figure(
        count=_or_none(lambda: _appeared(connection, days, now)),
        at_least=began > days.since,
        before=_or_none(lambda: _appeared(connection, before, now))
        if began <= before.since
        else None,
    )


def _or_none(load: Callable[[], T]) -> T | None:
    """Return the value of `load`, or None if `load` takes too long."""
    try:
        return load()
    except (TooSlow, Busy, DeadlinePassed):
        return None
    except DBAPIError as error:
        if is_slow(error):
            return None
        raise


def _appeared(connection: Connection, days: Days, now: datetime) -> int:
    """Count the jobs that failed in the days; raise `TooSlow` also if the counts were purged."""
    hours, c = days.hours, failure_counts.c
    if hours.start < oldest_day(now):
        raise TooSlow
    total = 0
    # With `IS TRUE`, MariaDB would read the whole table.
    for aggregated in (true(), false()):
        query = select(func.sum(c.appeared)).where(
            c.aggregated == aggregated, c.hour >= hours.start, c.hour < hours.stop
        )
        total += int(bounded(connection, query, SECONDS).scalar() or 0)
    return total


Done = Counter[tuple[str, str]]
"""The numbers of retried and deleted jobs, by action and actor."""


def _deeds(connection: Connection, days: Days, actions: Actions) -> Done:
    """Count jobs of single changes by audit targets, and of bulk changes by the last record."""
    c, counts = audit.c, Done()
    names = [name for name in actions if counted_as(actions, name) in ("retried", "deleted")]
    by_id = (
        select(c.action, c.actor, func.count())
        .select_from(audit)
        .join(audit_targets, audit_targets.c.audit_id == c.id)
        .where(c.outcome == "ok", audit_targets.c.kind.in_(("failed", "job")))
        .group_by(c.action, c.actor)
    )
    for action, actor, count in bounded(connection, _within(by_id, days, names), SECONDS):
        counts[action, actor] += count
    in_bulk = select(c.action, c.actor, c.arguments).where(c.outcome.in_(ENDED)).limit(OPERATIONS)
    for action, actor, arguments in bounded(connection, _within(in_bulk, days, names), SECONDS):
        counts[action, actor] += _done(arguments)
    return counts


def _done(arguments: str) -> int:
    done = read_arguments(arguments).get("done")
    return done if isinstance(done, int) else 0


def _within(query: Select[Any], days: Days, actions: Sequence[str]) -> Select[Any]:
    c = audit.c
    query = query.where(c.at >= days.since, c.at < days.until, c.action.in_(actions))
    # Without the hint, a server may use the index on actions and read every retry in the log.
    return force_index(query, audit, _BY_TIME)


def _summed(done: Done, actions: Sequence[str]) -> Deeds:
    people: Counter[str] = Counter()
    for (action, actor), count in done.items():
        if action in actions and count:
            people[actor] += count
    ordered = sorted(people.items(), key=lambda item: (-item[1], item[0]))
    return Deeds(
        count=sum(people.values()),
        by=tuple(DoneBy(actor=actor, count=count) for actor, count in ordered[:PEOPLE]),
        others=max(0, len(ordered) - PEOPLE),
    )


def _groups(connection: Connection, days: Days, now: datetime) -> OpenGroups:
    page = error_group_reads.groups(connection, Window(from_utc(now, days.zone)), GROUPS)
    return OpenGroups(
        groups=tuple(
            OpenGroup(error=row.error, name=row.name, failed=row.failed) for row in page.errors
        ),
        count=page.count,
        failed=page.failed,
    )


def _incidents(connection: Connection, days: Days) -> Incidents:
    c = incidents.c
    columns = (c.id, c.rule, c.queue, c.error_group, c.triggered_at, c.resolved_at)
    query = (
        select(*columns)
        .where(c.triggered_at >= days.since, c.triggered_at < days.until)
        .order_by(c.triggered_at)
        .limit(INCIDENTS)
    )
    rows = bounded(connection, query, SECONDS).mappings().all()
    resolved = sorted(
        (row for row in rows if row["resolved_at"] is not None), key=_lasted, reverse=True
    )
    active = select(*columns).where(c.active_subject.is_not(None)).order_by(c.id.desc())
    newest = bounded(connection, active.limit(OPEN), SECONDS).mappings().all()
    count = select(func.count()).where(c.active_subject.is_not(None))
    return Incidents(
        opened=len(rows),
        over=len(resolved),
        seconds=int(median(_lasted(row) for row in resolved)) if resolved else None,
        longest=tuple(_incident(row) for row in resolved[:LONGEST]),
        open_now=tuple(_incident(row) for row in newest),
        count_now=bounded(connection, count, SECONDS).scalar_one(),
        more=len(rows) == INCIDENTS,
    )


def _lasted(row: RowMapping) -> int:
    """Return the number of seconds for which a resolved incident was active."""
    lasted: timedelta = row["resolved_at"] - row["triggered_at"]
    return lasted // _SECOND


def _incident(row: RowMapping) -> DigestIncident:
    group = row["error_group"]
    return DigestIncident(
        id=row["id"],
        rule=row["rule"],
        queue=row["queue"],
        error=None if group is None else f"E{group}",
        triggered_at=row["triggered_at"],
        resolved_at=row["resolved_at"],
    )
