"""The invariants of incidents (I5), checked in the tables.

`kept` applies after every transaction, `broken_alerts` once watcher and delivery have no more work.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from bot.models.alert_rules import METRIC_RULES, NEW_FAILURES, SUMMARY
from bot.store import tables
from bot.store.incidents.transitions import RECOVERED
from bot.store.restored_copies import not_restored

EXACT = ("count", "removed", "retried", "deleted")
"""The counters of an incident; each must equal a count over its failures."""
# Actions are listed by name, so that a command that declares another effect fails here.
RETRIED = ("retry", "retry-all")
DELETED = ("delete-failed", "clear-failed")


def kept(connection: Connection) -> Iterator[str]:
    """I5, at any moment: counters plus unaggregated deltas equal those of index and archive."""
    waiting = _waiting(connection)
    held = _held(connection)
    for row in _mappings(connection, select(tables.incidents)):
        number = row["id"]
        if (row["active_subject"] is None) != (row["resolved_at"] is not None):
            yield f"I5: incident {number} is neither active nor resolved"
        if row["rule"] in METRIC_RULES:
            continue
        counted = Counter({name: row[name] for name in EXACT})
        counted.update(waiting.get(number, {}))
        there = held.get(number, Counter())
        if any(counted[name] != there[name] for name in EXACT):
            yield f"I5: incident {number} counts {dict(counted)}: {dict(there)}"
        over = row["resolution"] == RECOVERED and number not in waiting
        if over and row["rule"] == NEW_FAILURES and there["count"] > there["removed"]:
            yield f"I5: incident {number} is over, and not all of its failures are gone"
    yield from _active_twice(connection)
    yield from _calling_edits(connection)


def _waiting(connection: Connection) -> dict[int, Counter[str]]:
    """Return the deltas by incident that are not aggregated into it yet."""
    by_incident: dict[int, Counter[str]] = {}
    for row in _mappings(connection, select(tables.incident_deltas)):
        sums = by_incident.setdefault(row["incident"], Counter())
        sums["removed"] += row["removed"]
        sums["retried"] += row["removed"] if row["counts_as"] == "retried" else 0
        sums["deleted"] += row["removed"] if row["counts_as"] == "deleted" else 0
    return by_incident


def _held(connection: Connection) -> dict[int, Counter[str]]:
    """Return the counts by incident from its failures; one that was restored counts once."""
    a, o = tables.archive.c, tables.operations.c
    taken = select(a.row_id, a.archived_at, a.action).where(a.kind == "failed", not_restored())
    # A command marks the failure as removed and archives its row with the same time. If the watcher
    # was still indexing the failure, the watcher marks it, with the archive's time.
    by_hand = {(row.row_id, row.archived_at): row.action for row in connection.execute(taken)}
    in_bulk = {row.id: row.action for row in connection.execute(select(o.id, o.action))}
    by_incident: dict[int, Counter[str]] = {}
    rows = select(tables.failures).where(
        tables.failures.c.incident > 0, tables.failures.c.restored_by.is_(None)
    )
    for row in _mappings(connection, rows):
        sums = by_incident.setdefault(row["incident"], Counter())
        if row["again"]:
            # A retried job that failed again: no other job, and not retried any longer.
            sums["removed"] -= 1
            sums["retried"] -= 1
        else:
            sums["count"] += 1
        if row["removed_at"] is not None:
            sums["removed"] += 1
            single = by_hand.get((row["failed_id"], row["removed_at"]))
            how = in_bulk.get(row["operation"], single)
            sums["retried"] += how in RETRIED
            sums["deleted"] += how in DELETED
    return by_incident


def _active_twice(connection: Connection) -> Iterator[str]:
    """I5: at most one incident of a subject is active."""
    c = tables.incidents.c
    opened = select(c.subject, func.count()).where(c.resolved_at.is_(None)).group_by(c.subject)
    for subject, times in connection.execute(opened.having(func.count() > 1)):
        yield f"I5: {subject} is active {times} times"


def _calling_edits(connection: Connection) -> Iterator[str]:
    """I5: no edit mentions a user group, because Slack notifies nobody of an edit."""
    c = tables.outbox.c
    calling = select(c.id, c.subject).where(c.kind == "edit", c.body.contains("<!subteam^"))
    for number, subject in connection.execute(calling):
        yield f"I5: message {number} edits {subject} and calls somebody"


def broken_alerts(connection: Connection) -> Iterator[str]:
    """I5: a failure belongs to an incident with one alert, or is older than the bot's first start.

    A muted incident has no alert, nor has one that was resolved before it could be posted.
    """
    known = {row["id"]: row for row in _mappings(connection, select(tables.incidents))}
    for row in _mappings(connection, select(tables.failures)):
        number = row["incident"]
        if number is None:
            yield f"I5: failure {row['seq']} has no incident"
        elif number and number not in known:
            yield f"I5: failure {row['seq']} has an incident that is not there"
    deltas = select(func.count()).select_from(tables.incident_deltas)
    if number := connection.execute(deltas).scalar():
        yield f"I5: {number} incident deltas are not aggregated"
    for row in known.values():
        yield from _told_of(row)
    yield from _posted_once(connection)


def _told_of(row: RowMapping) -> Iterator[str]:
    """Yield what is wrong with the alert of one incident."""
    of_failures = row["rule"] in (NEW_FAILURES, SUMMARY)
    wrong = row["count"] > row["removed"] if of_failures else _is_breached(row)
    if row["message_ts"] is None and row["muted_until"] is None and wrong:
        yield f"I5: incident {row['id']} has no message"
    if row["stale"]:
        yield f"I5: the message of incident {row['id']} is behind"


def _is_breached(row: RowMapping) -> bool:
    return row["active_subject"] is not None and row["recovered_since"] is None


def _posted_once(connection: Connection) -> Iterator[str]:
    """I5: no incident is posted twice, unless somebody deleted its message."""
    c = tables.outbox.c
    messages = select(c.subject).where(c.subject.like("incident:%"))
    posts = Counter(connection.execute(messages.where(c.kind == "post")).scalars())
    lost = messages.where(c.kind == "edit", c.sent_at.is_not(None), c.sent_ts.is_(None))
    for subject, times in (posts - Counter(connection.execute(lost).scalars())).items():
        if times > 1:
            yield f"I5: {subject} was posted {times} times"


def _mappings(connection: Connection, query: Any) -> list[RowMapping]:
    return list(connection.execute(query).mappings())
