"""Routes: the alert channel, the mention, the thresholds and the quiet hours of some queues."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A time of each day, on the clock of the queue's zone; it may include midnight."""

    begin: time
    end: time

    def end_after(self, local: datetime) -> datetime | None:
        """Return the end of the quiet hours that include this local time, or None outside them."""
        begin, end = (datetime.combine(local.date(), at) for at in (self.begin, self.end))
        if begin < end:
            return end if begin <= local < end else None
        if local < end:
            return end
        return end + DAY if local >= begin else None


@dataclass(frozen=True, slots=True)
class AlertRoute:
    """The alerts of the queues whose names match a pattern. None: the setting of all queues."""

    queues: tuple[str, ...]
    channel: str | None = None
    mention: str | None = None
    oldest_seconds: int | None = None
    no_worker_activity_seconds: int | None = None
    backlog_count: int | None = None
    quiet_hours: QuietHours | None = None


def route_of(routes: Sequence[AlertRoute], queue: str | None) -> AlertRoute | None:
    """Return the first route with a pattern that matches the queue.

    An incident of several queues has no queue, and so no route.
    """
    if queue is None:
        return None
    name = queue.casefold()
    matching = (
        route
        for route in routes
        if any(fnmatchcase(name, pattern.casefold()) for pattern in route.queues)
    )
    return next(matching, None)
