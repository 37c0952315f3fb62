"""Apply the readings of a check to the incidents of metric rules."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.background.incidents import worker_pools
from bot.background.incidents.lifecycle import announce_triggered
from bot.background.incidents.resolution import patience, resolve
from bot.models.alert_rules import BACKGROUND_PROBLEM, METRIC_RULES, NO_WORKER_ACTIVITY, Reading
from bot.models.incidents import Incident
from bot.store.incidents import lookups, mutes, queue_activity, transitions
from bot.store.incidents.retry_activity import UNKNOWN
from bot.store.incidents.transitions import Subject

MINUTE = timedelta(minutes=1)
REDRAWN_EVERY = timedelta(seconds=30)
"""The minimum time between two edits of an alert. A value that changes with each check would use
up Slack's limit of edits."""


def apply_readings(
    setup: Setup, connection: Connection, readings: Sequence[Reading], now: datetime
) -> None:
    """Apply a check's readings to the incidents of metric rules, in the caller's transaction.

    The caller has fenced the transaction. A breached reading triggers an incident or keeps it
    active. Recovered readings for `resolve_seconds` resolve the incident. Other readings change
    nothing. A missing reading changes nothing either, so a check must read the rule of each active
    incident.
    """
    known = lookups.active_by_subject(connection, [reading.subject for reading in readings])
    muted = mutes.current(connection, now)
    inactive = lookups.active_of_rule(connection, NO_WORKER_ACTIVITY)
    readings = worker_pools.combined(setup, readings, inactive, muted, now)
    room = setup.alerts_per_minute - lookups.triggered_since(connection, now - MINUTE, METRIC_RULES)
    for reading in readings:
        incident = known.get(reading.subject)
        if incident is not None:
            _update(setup, connection, incident, reading, now)
        elif reading.breached and room > 0:
            # The limit of alerts only delays an incident, because its rule is still breached at
            # the next check.
            room -= 1
            _trigger(setup, connection, reading, now)


def _trigger(setup: Setup, connection: Connection, reading: Reading, now: datetime) -> None:
    subject = Subject(reading.rule, reading.subject, reading.queue)
    triggered = transitions.trigger(connection, subject, now)
    incident = lookups.by_id(connection, triggered.id)
    peak = reading.value
    if incident is not None and triggered.transition == "reopened":
        peak = max(reading.value, incident.peak or 0)
    values = _columns(reading) | {"peak": peak}
    if triggered.transition == "triggered":
        queue = None if "pool" in reading.facts else reading.queue
        values["baseline"] = queue_activity.baseline(connection, queue, now)
    transitions.update_incident(connection, triggered.id, **values)
    announce_triggered(setup, connection, triggered, now)


def _columns(reading: Reading) -> dict[str, object]:
    # An incident of several queues stores no queue. The incident of an error group that fails in
    # several queues stores no queue either.
    queue = None if "pool" in reading.facts else reading.queue
    facts = json.dumps(dict(reading.facts), ensure_ascii=False)
    return {"value": reading.value, "facts": facts, "queue": queue}


def _update(
    setup: Setup, connection: Connection, incident: Incident, reading: Reading, now: datetime
) -> None:
    """Apply a new reading of its rule to an active incident."""
    drawn = incident.drawn_at
    values = _columns(reading)
    changed = any(getattr(incident, name) != value for name, value in values.items())
    values["peak"] = max(reading.value, incident.peak or 0)
    if incident.queue is not None and values["queue"] is None:
        # The baseline belongs to the first queue alone; sums of several queues do not compare.
        values["baseline"] = None
    # Problems of the bot change rarely, so no later reading would cause a postponed edit. And an
    # alert must not show a problem for 30 s after the problem ended.
    is_ending = reading.recovered and incident.recovered_since is None
    at_once = reading.rule == BACKGROUND_PROBLEM or is_ending
    if changed and (at_once or drawn is None or drawn <= now - REDRAWN_EVERY):
        values["stale"] = True
    if reading.breached:
        values |= {"last_at": now, "recovered_since": None}
    elif reading.recovered:
        since = incident.recovered_since or now
        values["recovered_since"] = since
        if now - since >= patience(setup, incident.reopened):
            transitions.update_incident(connection, incident.id, **values)
            if reading.rule == BACKGROUND_PROBLEM:
                resolve(setup, connection, incident, now, UNKNOWN)
                return
            activity = queue_activity.since(connection, incident, since, now)
            figures, sole_queue = activity.figures, activity.sole_queue
            resolve(setup, connection, incident, now, figures, sole_queue=sole_queue)
            return
    transitions.update_incident(connection, incident.id, **values)
