"""The values of the digest: changes, failures and incidents. This module has no SQL.

Times are naive UTC. An unknown value is None, never 0.
"""

from datetime import date, datetime

from bot.models.value import Value


class Figure(Value):
    """A count over the digest's days. `before` is the count one week earlier. None: unknown.

    `at_least` and `before_at_least`: a part of the period is unknown, so the real count may be
    higher. `comparable`: the unknown parts are so small that people can compare the two counts.
    """

    count: int | None
    before: int | None = None
    at_least: bool = False
    before_at_least: bool = False
    comparable: bool = True


class DoneBy(Value):
    """A person, and the number of jobs that this person changed."""

    actor: str
    count: int


class Deeds(Value):
    """The number of changed jobs, and the busiest people; `others` counts the remaining people."""

    count: int
    by: tuple[DoneBy, ...] = ()
    others: int = 0


class OpenGroup(Value):
    """An error group that has failed jobs now: its id `E12`, its name and the number of jobs."""

    error: str
    name: str
    failed: int


class OpenGroups(Value):
    """The largest error groups. `count` and `failed` are totals of all groups with failed jobs."""

    groups: tuple[OpenGroup, ...]
    count: int
    failed: int


class DigestIncident(Value):
    """An incident with its subject and times. The incident is active if `resolved_at` is None."""

    id: int
    rule: str
    queue: str | None
    error: str | None
    triggered_at: datetime
    resolved_at: datetime | None


class Incidents(Value):
    """Incidents that were triggered in the digest's days or are active now, newest first.

    `seconds` is the median duration of the resolved incidents. `longest` is the incident with the
    longest duration. `more`: there are more incidents than the bot reads.
    """

    opened: int
    over: int
    seconds: int | None
    longest: tuple[DigestIncident, ...]
    open_now: tuple[DigestIncident, ...]
    count_now: int
    more: bool = False


class Waited(Value):
    """The hour in which an available job waited longest."""

    at: datetime
    queue: str
    seconds: int


class Backlog(Value):
    """The hour with the most pending jobs."""

    at: datetime
    pending: int


class Digest(Value):
    """The digest of the days from `first` to `last` in the calendar of `zone`.

    `gap_seconds` is the time without monitoring. `began_at` is the start of monitoring, if
    monitoring began on one of these days.
    """

    first: date
    last: date
    zone: str
    since: datetime
    until: datetime
    processed: Figure
    failed: Figure
    retried: Deeds | None
    deleted: Deeds | None
    groups: OpenGroups | None
    incidents: Incidents | None
    waited: tuple[Waited, ...]
    backlog: Backlog | None
    gap_seconds: int | None
    began_at: datetime | None = None
