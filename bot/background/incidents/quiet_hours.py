"""The quiet hours of a route: the alerts of its queues wait until their end, as during a mute."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.app.setup import Setup
from bot.models.incidents import Incident, muted_until
from bot.models.mutes import Mute
from bot.models.routes import route_of
from bot.store.incidents import mutes
from bot.wall_clock import from_utc, to_utc


def suppressed_until(
    setup: Setup, muted: Sequence[Mute], incident: Incident, now: datetime
) -> datetime | None:
    """Return the end of the incident's mute or of its route's quiet hours, the later one."""
    ends = (muted_until(muted, incident), _quiet_until(setup, incident.queue, now))
    return max((end for end in ends if end is not None), default=None)


def _quiet_until(setup: Setup, queue: str | None, now: datetime) -> datetime | None:
    route = route_of(setup.routes, queue)
    if route is None or route.quiet_hours is None:
        return None
    end = route.quiet_hours.end_after(from_utc(now, setup.zone))
    return None if end is None else to_utc(end, setup.zone)


def current_mute(
    setup: Setup, connection: Connection, incident: Incident, now: datetime
) -> datetime | None:
    """Return the end of the incident's mute or quiet hours.

    The function reads the mutes, because the incident's row may be one pass old.
    """
    return suppressed_until(setup, mutes.current(connection, now), incident, now)
