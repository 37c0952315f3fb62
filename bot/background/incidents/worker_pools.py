"""Combine queues whose workers stop together: they probably have one worker pool.

The queues of one pool share one incident. The database does not name the pool of a queue. So queues
count as one pool if their workers stop within the time limit of the rule. The incident has the
subject of its first queue, and the incident's facts list all queues.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.app.setup import Setup
from bot.models.alert_rules import NO_WORKER_ACTIVITY, Reading
from bot.models.incidents import Incident
from bot.models.mutes import Mute

MOST = 50
"""The maximum number of queues that one incident lists."""


def combined(
    setup: Setup,
    readings: Sequence[Reading],
    active: Mapping[str, Incident],
    muted: Sequence[Mute],
    now: datetime,
) -> list[Reading]:
    """Return the readings, with one reading for the queues of each pool.

    `active` has the active incidents of the rule by subject. A queue that already has a separate
    incident keeps that incident.
    """
    inactivity = {
        reading.queue: reading
        for reading in readings
        if reading.rule == NO_WORKER_ACTIVITY and reading.queue is not None
    }
    pools = {subject: incident.pool for subject, incident in active.items()}
    joining = _joining(inactivity, active, pools, muted)
    lead = _lead(setup, active, joining, now)
    if lead is not None:
        names = [
            *pools.get(lead, ()),
            lead.partition(":")[2],
            *(row.queue or "" for row in joining),
        ]
        pools[lead] = tuple(dict.fromkeys(names))[:MOST]
    pooled = {subject: pool for subject, pool in pools.items() if len(pool) > 1}
    taken = {name for pool in pooled.values() for name in pool}
    rest = [
        reading
        for reading in readings
        if reading.rule != NO_WORKER_ACTIVITY or reading.queue not in taken
    ]
    return rest + [
        _of_pool(inactivity, subject.partition(":")[2], pool, active.get(subject))
        for subject, pool in pooled.items()
        if subject.partition(":")[2] in inactivity
    ]


def _joining(
    inactivity: Mapping[str, Reading],
    active: Mapping[str, Incident],
    pools: Mapping[str, Sequence[str]],
    muted: Sequence[Mute],
) -> list[Reading]:
    """Return the breached readings of queues that have no incident yet and are not muted."""
    members = {name for pool in pools.values() for name in pool}
    return [
        reading
        for name, reading in inactivity.items()
        if reading.breached
        and reading.subject not in active
        and name not in members
        and not any(mute.topic.covers(reading.rule, name, None) for mute in muted)
    ]


def _lead(
    setup: Setup, active: Mapping[str, Incident], joining: Sequence[Reading], now: datetime
) -> str | None:
    """Return the subject of the incident that the queues share, or None if there is none.

    An incident that somebody acknowledged, or that is older than the rule's limit, gets no new
    queues, because nobody would be notified of the new queues.
    """
    if not joining:
        return None
    since = now - timedelta(seconds=setup.alerting.no_worker_activity_seconds)
    recent = [
        incident
        for incident in active.values()
        if incident.acknowledged_by is None
        and incident.muted_until is None
        and (incident.reopened_at or incident.triggered_at) >= since
    ]
    if recent:
        return min(recent, key=lambda incident: incident.id).subject
    if len(joining) == 1:
        return None
    return min(joining, key=lambda reading: (-reading.value, reading.subject)).subject


def _of_pool(
    inactivity: Mapping[str, Reading], lead: str, pool: Sequence[str], incident: Incident | None
) -> Reading:
    """Return one reading of all queues of a pool; it has recovered if each queue has recovered."""
    rows = [inactivity[name] for name in pool if name in inactivity]
    breached = [row for row in rows if row.breached]
    # A check may read only some of the queues; the unread queues keep their earlier facts.
    before = json.loads(incident.facts or "{}") if incident is not None else {}
    queues = {row[0]: row for row in before.get("queues", ())}
    queues |= {
        row.queue: [row.queue, row.value, row.facts.get("waiting", 0), row.breached] for row in rows
    }
    facts = {**inactivity[lead].facts, "queues": list(queues.values()), "pool": list(pool)}
    return replace(
        inactivity[lead],
        breached=bool(breached),
        recovered=len(rows) == len(pool) and all(row.recovered for row in rows),
        value=max(row.value for row in breached or rows),
        facts=facts,
    )
