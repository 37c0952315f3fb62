"""Who is told again of what is open, and how often: a handful of calls, however much goes wrong.

Each call is heard by people who see to another one already, so all incidents share a number of
them; the largest comes first, and the others follow.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.app.command import Setup
from bot.app.responses import channel_context
from bot.background.incidents import message
from bot.models.incidents import Incident
from bot.store.incidents import lookups, transitions

MINUTE = timedelta(minutes=1)
"""Of one incident nobody is called twice within this, however fast it grows."""
CALLS = 5
"""So many incidents are escalated within a minute."""
TENFOLD = 10
FEW = 10
"""Tenfold counts from no less: ten failures where there was one are no other matter."""


def post(setup: Setup, connection: Connection, rows: Sequence[Incident], now: datetime) -> None:
    """Post what has no message: its mute has ended, or somebody deleted it.

    No more in a minute than are opened in one.
    """
    if rows:
        room = setup.alerts_per_minute - lookups.posted_since(connection, now - MINUTE)
        for incident in _largest(rows)[: max(0, room)]:
            # Whoever deleted its message was called before.
            message.post(setup, connection, incident.id, now, call=not incident.told)


def call(setup: Setup, connection: Connection, rows: Sequence[Incident], now: datetime) -> None:
    """Call in the threads of posted incidents that nobody sees to, or that have become tenfold.

    For growth once a minute, and only where nobody was called within it.
    """
    due = [
        incident
        for incident in rows
        if incident.acknowledged_at is None and _may_call(incident, now)
    ]
    grown = _largest([incident for incident in due if is_grown(incident, now)])
    unseen = _largest([incident for incident in due if _is_unseen(setup, incident, now)])
    if not grown and not unseen:
        return
    lately = lookups.escalated_since(connection, now - MINUTE)
    first = grown[:1] if lately == 0 else []
    chosen = [*first, *(incident for incident in unseen if incident not in first)]
    for incident in chosen[: max(0, CALLS - lately)]:
        _escalate(setup, connection, incident, now, grown=incident in grown)


def _largest(rows: Sequence[Incident]) -> list[Incident]:
    return sorted(rows, key=lambda incident: (-incident.size, incident.id))


def _since(incident: Incident) -> datetime:
    """Since when people know of it."""
    posted_at = incident.posted_at or incident.opened_at
    return max(posted_at, incident.reopened_at or posted_at)


def _may_call(incident: Incident, now: datetime) -> bool:
    return now - (incident.escalated_at or _since(incident)) >= MINUTE


def is_grown(incident: Incident, now: datetime) -> bool:
    """Whether it is ten times what was told last, and became so only just now."""
    grown = incident.size >= TENFOLD * max(FEW, incident.told)
    return grown and bool(now - incident.last_at <= MINUTE)


def _is_unseen(setup: Setup, incident: Incident, now: datetime) -> bool:
    """Whether nobody has been called again though it was told of long ago."""
    long = timedelta(seconds=setup.alerting.escalate_seconds)
    return incident.escalations == 0 and now - _since(incident) >= long


def is_to_be_told(setup: Setup, incident: Incident, now: datetime) -> bool:
    """Whether people are still to be told of it, once those before it were."""
    if incident.acknowledged_at is not None or setup.alert_channel is None:
        return False
    return incident.posted_at is None or _is_unseen(setup, incident, now)


def _escalate(
    setup: Setup, connection: Connection, incident: Incident, now: datetime, *, grown: bool
) -> None:
    said = message.escalated(incident, now, channel_context(setup, now), grown=grown)
    message.answer(setup, connection, incident, said, now, call=True)
    told = {
        "escalations": incident.escalations + 1,
        "escalated_at": now,
        "told": incident.size,
    }
    transitions.update_incident(connection, incident.id, **told, stale=True)
