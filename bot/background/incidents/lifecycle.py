"""The lifecycle of incidents: trigger, update, escalate in the thread, resolve and reopen them.

Only a new message notifies people: the alert itself, or a reply in its thread. Every other change
is an edit. A muted incident is stored like any other incident. Its alert is posted when the mute
ends, if the incident is still active.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.incidents import escalation, message, worker_pools
from bot.background.incidents.quiet_hours import suppressed_until
from bot.background.leader import leader_transaction
from bot.models.alert_rules import (
    BACKGROUND_PROBLEM,
    METRIC_RULES,
    NEW_FAILURES,
    NO_WORKER_ACTIVITY,
    Reading,
)
from bot.models.incidents import Incident, Mute
from bot.store.deltas import incident_deltas
from bot.store.incidents import lookups, mutes, queue_activity, retry_activity, transitions
from bot.store.incidents.assignment import move_left
from bot.store.incidents.retry_activity import UNKNOWN, Bulk, Figures
from bot.store.incidents.transitions import Subject, TriggeredIncident
from bot.store.leases import Lease
from bot.store.operations.retries import outcomes

AT_ONCE = 500
"""The maximum number of active incidents in one pass; if there are more, they take turns."""
QUIET_AFTER = timedelta(hours=1)
LONGEST_PATIENCE = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
REDRAWN_EVERY = timedelta(seconds=30)
"""The minimum time between two edits of an alert. A value that changes with each check would use
up Slack's limit of edits."""


def announce_triggered(
    setup: Setup, connection: Connection, triggered: TriggeredIncident, now: datetime
) -> None:
    """Post the alert of a triggered incident, or reply in its thread that it was reopened."""
    incident = lookups.by_id(connection, triggered.id)
    if incident is None or triggered.transition == "none" or _is_dealt_with(incident):
        return
    until = _mute_of(setup, connection, incident, now)
    if until is not None:
        transitions.update_incident(connection, incident.id, muted_until=until)
    elif incident.posted_at is None:
        message.post(setup, connection, incident.id, now, mention=True)
    elif triggered.transition == "reopened":
        context = channel_context(setup, now)
        reply = message.reopened(incident, triggered.resolved_at or now, now, context)
        message.reply(setup, connection, incident, reply, now, mention=True)
        transitions.update_incident(connection, incident.id, notified_size=incident.size)


def _mute_of(
    setup: Setup, connection: Connection, incident: Incident, now: datetime
) -> datetime | None:
    """Return the end of the incident's mute or quiet hours.

    The function reads the mutes, because the incident's row may be one pass old.
    """
    return suppressed_until(setup, mutes.current(connection, now), incident, now)


def _is_dealt_with(incident: Incident) -> bool:
    """Return whether all failures of the incident were removed before its alert was posted."""
    return not incident.is_of_metric_rule and incident.failures_left == 0


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
                _resolve(setup, connection, incident, now, UNKNOWN)
                return
            activity = queue_activity.since(connection, incident, since, now)
            figures, sole_queue = activity.figures, activity.sole_queue
            _resolve(setup, connection, incident, now, figures, sole_queue=sole_queue)
            return
    transitions.update_incident(connection, incident.id, **values)


def patience(setup: Setup, reopened: int) -> timedelta:
    """Return how long a rule must be recovered before the incident is resolved.

    Each reopening doubles the time, so that a flapping rule notifies people less and less often.
    """
    first = timedelta(seconds=setup.alerting.resolve_seconds)
    # Ten doublings always exceed the maximum; the limit avoids an overflow.
    grown: timedelta = first * 2 ** min(reopened, 10)
    return max(first, min(grown, LONGEST_PATIENCE))


def advance_once(setup: Setup, lease: Lease) -> int:
    """Resolve, post or escalate the active incidents that are due; return how many were active.

    The deltas of failures are added to the incidents first.
    """

    def work(connection: Connection, now: datetime) -> int:
        aggregate_deltas(connection, now)
        active = lookups.next_active(connection, AT_ONCE)
        if active:
            muted = mutes.current(connection, now)
            waits = retry_activity.unsettled(connection)
            to_notify = [
                incident
                for incident in active
                if _advance(
                    setup, connection, incident, now, muted, settled=incident.id not in waits
                )
            ]
            escalation.post(
                setup,
                connection,
                [incident for incident in to_notify if not incident.posted_at],
                now,
            )
            posted = [incident for incident in to_notify if incident.posted_at]
            escalation.escalate(setup, connection, posted, now)
            escalation.remind(setup, connection, posted, now)
        return len(active)

    return leader_transaction(setup, lease, work)


def aggregate_deltas(connection: Connection, now: datetime) -> None:
    """Add the deltas of failures to their incidents; the caller has fenced the transaction."""
    for number in incident_deltas.aggregate(connection):
        _reactivate(connection, number, now)


def _reactivate(connection: Connection, number: int, now: datetime) -> None:
    """Reopen the incident of restored failures.

    If its subject already has an active incident, move the failures to that incident.
    """
    incident = lookups.by_id(connection, number)
    if incident is None or incident.is_active:
        return
    other = lookups.by_subject(connection, incident.subject)
    if other is None:
        transitions.reopen(connection, number, now)
        return
    moved = move_left(connection, number, other.id)
    transitions.add_failures(connection, number, -moved.count)
    transitions.add_failures(connection, other.id, moved.count, moved.times)


def _advance(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    now: datetime,
    muted: Sequence[Mute],
    *,
    settled: bool,
) -> bool:
    """Resolve the incident if that is due; return whether the incident must notify people."""
    until = suppressed_until(setup, muted, incident, now)
    if until != incident.muted_until:
        transitions.update_incident(connection, incident.id, muted_until=until, stale=True)
    of_failures = not incident.is_of_metric_rule
    failures_left = incident.failures_left
    # An incident is resolved as quiet only after it notified people, and a mute delays that.
    suppressed = until is not None or incident.muted_until is not None
    suppressed = suppressed or escalation.is_notification_due(setup, incident, now)
    if of_failures and _resolve_if_due(
        setup, connection, incident, failures_left, now, settled=settled, suppressed=suppressed
    ):
        return False
    return until is None and incident.needs_attention


def _resolve_if_due(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    failures_left: int,
    now: datetime,
    *,
    settled: bool,
    suppressed: bool,
) -> bool:
    """Resolve the incident if no failure is left, or if no new failure came for a long time.

    `suppressed`: the incident is muted, its mute just ended, or it must still notify people.
    """
    if (
        failures_left == 0
        and settled
        and now - incident.last_at >= patience(setup, incident.reopened)
    ):
        _resolve(setup, connection, incident, now, _figures(connection, incident))
        return True
    moments = (incident.last_at, incident.reopened_at, incident.posted_at)
    quiet_since = max(moment for moment in moments if moment is not None)
    if failures_left > 0 and not suppressed and now - quiet_since >= QUIET_AFTER:
        transitions.resolve(connection, incident.id, transitions.QUIET, now)
        return True
    return False


def _figures(connection: Connection, incident: Incident) -> Figures:
    """Return the outcomes of the incident's retried jobs."""
    retries: list[Bulk] = []
    for retried in retry_activity.bulk_retries(connection, incident.id):
        counts = outcomes.of_operation(connection, retried.operation)
        share = None if counts is None else retry_activity.bulk(connection, retried, counts)
        if share is None:
            return UNKNOWN
        retries.append(share)
    return retry_activity.figures(connection, incident, retries)


def _resolve(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    now: datetime,
    known: Figures,
    *,
    sole_queue: bool | None = None,
) -> None:
    """Resolve the incident as recovered and reply in its thread.

    An incident of one failed job that never escalated gets no reply: its alert shows the end.
    """
    figures = {"processed": known.processed, "failed": known.failed, "sole_queue": sole_queue}
    transitions.resolve(connection, incident.id, transitions.RECOVERED, now, **figures)
    resolved = lookups.by_id(connection, incident.id)
    single = incident.rule == NEW_FAILURES and incident.count == 1
    notified_again = incident.escalations or incident.reopened
    if (
        incident.posted_at is None
        or (single and not notified_again)
        or _mute_of(setup, connection, incident, now)
    ):
        return
    reply = None if resolved is None else message.recovered(resolved, channel_context(setup, now))
    if reply is not None:
        message.reply(setup, connection, incident, reply, now, mention=False)
