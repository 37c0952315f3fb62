"""The life of incidents: opened, updated in place, escalated in the thread, recovered, reopened.

Whoever is told is told by a message of its own: the first, or one in its thread. Everything else is
an edit. What happens to a muted incident is written down all the same; where it is still open when
the mute ends, it is posted then.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.incidents import escalation, message
from bot.background.incidents.reading import Reading
from bot.background.leader import leader_transaction
from bot.background.operations.progress import counted
from bot.models.alert_rules import BACKGROUND, CONDITIONS, GROUP
from bot.models.incidents import Incident, Mute, muted_until
from bot.store.deltas import incident_deltas
from bot.store.incidents import lookups, mutes, queue_activity, retry_activity, transitions
from bot.store.incidents.assignment import move_left
from bot.store.incidents.retry_activity import UNKNOWN, Bulk, Figures
from bot.store.incidents.transitions import Opened, Subject
from bot.store.leases import Lease
from bot.store.operations import operations
from bot.store.operations.retries import outcomes

AT_ONCE = 500
"""Open incidents that are looked at in one pass; where there are more, they take turns."""
QUIET_AFTER = timedelta(hours=1)
LONGEST_PATIENCE = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
REDRAWN_EVERY = timedelta(seconds=30)
"""A figure that moves with each look does not take the whole budget for edits."""


def announce_opened(setup: Setup, connection: Connection, opened: Opened, now: datetime) -> None:
    """Post what was opened; where it has a message, say in its thread that it is back."""
    incident = lookups.by_id(connection, opened.id)
    if incident is None or opened.state == "open" or _is_dealt_with(incident):
        return
    until = _mute_of(connection, incident, now)
    if until is not None:
        transitions.update_incident(connection, incident.id, muted_until=until)
    elif incident.posted_at is None:
        message.post(setup, connection, incident.id, now, call=True)
    elif opened.state == "reopened":
        context = channel_context(setup, now)
        said = message.reopened(incident, opened.closed_at or now, now, context)
        message.answer(setup, connection, incident, said, now, call=True)
        transitions.update_incident(connection, incident.id, told=incident.size)


def _mute_of(connection: Connection, incident: Incident, now: datetime) -> datetime | None:
    """Until when the incident is muted, by the mutes: its row may be a pass behind."""
    return muted_until(mutes.current(connection, now), incident)


def _is_dealt_with(incident: Incident) -> bool:
    """Whether all of its failures were gone before anybody was told: there is nothing to do."""
    return not incident.is_of_rule and incident.failures_left == 0


def observe(setup: Setup, connection: Connection, signs: Sequence[Reading], now: datetime) -> None:
    """Let the incidents of what is watched follow a look's signs, in the caller's transaction.

    The caller has fenced it. A bad sign opens an incident, or keeps it open; one that is clear for
    `recover_seconds` ends it; between the two nothing changes, and without a sign neither: whoever
    looks gives a sign for each incident that is open (`lookups.open_incidents`).
    """
    known = lookups.open_by_subject(connection, [sign.subject for sign in signs])
    room = setup.alerts_per_minute - lookups.opened_since(connection, now - MINUTE, CONDITIONS)
    for sign in signs:
        incident = known.get(sign.subject)
        if incident is not None:
            _follow(setup, connection, incident, sign, now)
        elif sign.bad and room > 0:
            # What finds no room now is as bad at the next look.
            room -= 1
            _begin(setup, connection, sign, now)


def _begin(setup: Setup, connection: Connection, sign: Reading, now: datetime) -> None:
    subject = Subject(sign.kind, sign.subject, sign.queue)
    opened = transitions.open_or_reopen(connection, subject, now)
    incident = lookups.by_id(connection, opened.id)
    again = incident is not None and opened.state == "reopened"
    worst = max(sign.value, incident.worst or 0) if incident is not None and again else sign.value
    values = _seen(sign) | {"worst": worst}
    if opened.state == "opened":
        values["before"] = queue_activity.before(connection, sign.queue, now)
    transitions.update_incident(connection, opened.id, **values)
    announce_opened(setup, connection, opened, now)


def _seen(sign: Reading) -> dict[str, object]:
    return {"value": sign.value, "facts": json.dumps(dict(sign.facts), ensure_ascii=False)}


def _follow(
    setup: Setup, connection: Connection, incident: Incident, sign: Reading, now: datetime
) -> None:
    """One look more at something that an incident is open about."""
    drawn = incident.drawn_at
    values = _seen(sign)
    moved = any(getattr(incident, name) != value for name, value in values.items())
    values["worst"] = max(sign.value, incident.worst or 0)
    # What is wrong with the bot changes seldom: an edit that is put off would not come at all.
    at_once = sign.kind == BACKGROUND
    if moved and (at_once or drawn is None or drawn <= now - REDRAWN_EVERY):
        values["stale"] = True
    if sign.bad:
        values |= {"last_at": now, "clear_since": None}
    elif sign.clear:
        since = incident.clear_since or now
        values["clear_since"] = since
        if now - since >= patience(setup, incident.reopened):
            transitions.update_incident(connection, incident.id, **values)
            if sign.kind == BACKGROUND:
                _recover(setup, connection, incident, now, UNKNOWN)
                return
            found = queue_activity.since(connection, incident, since, now)
            _recover(setup, connection, incident, now, found.figures, alone=found.alone)
            return
    transitions.update_incident(connection, incident.id, **values)


def patience(setup: Setup, reopened: int) -> timedelta:
    """How long nothing may be wrong before it is over: longer each time that it came back.

    So what comes and goes is told of less and less.
    """
    first = timedelta(seconds=setup.alerting.recover_seconds)
    # After ten times twofold it is the longest anyway, and no number grows for ever.
    grown: timedelta = first * 2 ** min(reopened, 10)
    return max(first, min(grown, LONGEST_PATIENCE))


def live_once(setup: Setup, lease: Lease) -> int:
    """Let every open incident have its time; returns how many were looked at.

    What was booked of their failures is folded first.
    """

    def work(connection: Connection) -> int:
        now = setup.clock(connection)
        fold(connection, now)
        rows_open = lookups.next_open(connection, AT_ONCE)
        if rows_open:
            muted = mutes.current(connection, now)
            waits = retry_activity.unsettled(connection)
            loud = [
                incident
                for incident in rows_open
                if _live(setup, connection, incident, now, muted, settled=incident.id not in waits)
            ]
            escalation.post(
                setup, connection, [incident for incident in loud if not incident.posted_at], now
            )
            escalation.call(
                setup, connection, [incident for incident in loud if incident.posted_at], now
            )
        return len(rows_open)

    return leader_transaction(setup, lease, work)


def fold(connection: Connection, now: datetime) -> None:
    """Add to incidents what was booked of their failures; the caller has fenced it."""
    for number in incident_deltas.fold(connection):
        _come_back(connection, number, now)


def _come_back(connection: Connection, number: int, now: datetime) -> None:
    """Failures of it are there again: it is open, or they belong to what is open about them."""
    incident = lookups.by_id(connection, number)
    if incident is None or incident.open_subject is not None:
        return
    other = lookups.by_subject(connection, incident.subject)
    if other is None:
        transitions.open_as_before(connection, number, now)
        return
    moved = move_left(connection, number, other.id)
    transitions.add_failures(connection, number, -moved)
    transitions.add_failures(connection, other.id, moved)


def _live(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    now: datetime,
    muted: Sequence[Mute],
    *,
    settled: bool,
) -> bool:
    """End an open incident whose time has come; whether it is one that people are told of."""
    until = muted_until(muted, incident)
    if until != incident.muted_until:
        transitions.update_incident(connection, incident.id, muted_until=until, stale=True)
    of_failures = not incident.is_of_rule
    left = incident.failures_left
    # Nothing goes quiet unheard: what the mute kept back is told first, at the look after its end.
    suppressed = until is not None or incident.muted_until is not None
    suppressed = suppressed or escalation.is_to_be_told(setup, incident, now)
    if of_failures and _ended(
        setup, connection, incident, left, now, settled=settled, suppressed=suppressed
    ):
        return False
    return until is None and incident.needs_attention


def _ended(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    left: int,
    now: datetime,
    *,
    settled: bool,
    suppressed: bool,
) -> bool:
    """Close it where none of its failures is left, or nothing new came for long.

    `hushed`: it is muted, or was so until now, or people are still to be told of it.
    """
    if left == 0 and settled and now - incident.last_at >= patience(setup, incident.reopened):
        _recover(setup, connection, incident, now, _figures(connection, incident, now))
        return True
    moments = (incident.last_at, incident.reopened_at, incident.posted_at)
    quiet_since = max(moment for moment in moments if moment is not None)
    if left > 0 and not suppressed and now - quiet_since >= QUIET_AFTER:
        transitions.close(connection, incident.id, transitions.QUIET, now)
        return True
    return False


def _figures(connection: Connection, incident: Incident, now: datetime) -> Figures:
    """What became of its retried jobs."""
    found: list[Bulk] = []
    for number in retry_activity.whole_operations(connection, incident.id):
        operation = operations.find(connection, number)
        seen = outcomes.of_operation(connection, number)
        if operation is None or seen is None or seen.state != outcomes.SETTLED:
            return UNKNOWN
        said = counted(operation, seen, now)
        found.append(Bulk(said.processed, said.failed_again + said.failed_otherwise))
    return retry_activity.figures(connection, incident, found)


def _recover(
    setup: Setup,
    connection: Connection,
    incident: Incident,
    now: datetime,
    known: Figures,
    *,
    alone: bool | None = None,
) -> None:
    """Close it; its thread says so, except where its one card says all there is to say."""
    figures = {"processed": known.processed, "failed": known.failed, "alone": alone}
    transitions.close(connection, incident.id, transitions.RECOVERED, now, **figures)
    closed = lookups.by_id(connection, incident.id)
    single = incident.kind == GROUP and incident.count == 1
    called = incident.escalations or incident.reopened
    if incident.posted_at is None or (single and not called) or _mute_of(connection, incident, now):
        return
    said = None if closed is None else message.recovered(closed, channel_context(setup, now))
    if said is not None:
        message.answer(setup, connection, incident, said, now, call=False)
