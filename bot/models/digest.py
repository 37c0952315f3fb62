"""The digest as values: changes, failures and open incidents. No SQL.

Times are naive UTC. An unknown value is None, never 0.
"""

from datetime import date, datetime

from bot.models.jobs import Value


class Figure(Value):
    """A count of the digest's days; `before` counts the same days a week before. None: not known.

    `at_least` and `before_at_least`: a part of the days is unknown, so the real count may be
    higher. `comparable`: so little of both is unknown that the two counts can be compared.
    """

    count: int | None
    before: int | None = None
    at_least: bool = False
    before_at_least: bool = False
    comparable: bool = True


class DoneBy(Value):
    """The number of jobs that a person changed."""

    actor: str
    count: int


class Deeds(Value):
    """The number of changed jobs, and who changed them, busiest first; `others` are not named."""

    count: int
    by: tuple[DoneBy, ...] = ()
    others: int = 0


class OpenGroup(Value):
    """An error group with failed jobs now: `E12`, its name and the number of jobs."""

    error: str
    name: str
    failed: int


class OpenGroups(Value):
    """The largest error groups; `count` and `failed` are totals of groups with failed jobs now."""

    groups: tuple[OpenGroup, ...]
    count: int
    failed: int


class DigestIncident(Value):
    """An incident with its subject and times; it is open while `resolved_at` is None."""

    id: int
    rule: str
    queue: str | None
    error: str | None
    triggered_at: datetime
    resolved_at: datetime | None


class Incidents(Value):
    """Incidents that were triggered in the digest's days or are open now, newest first.

    `seconds` is the median duration of the resolved incidents, `longest` the one that lasted
    longest. `more`: there are more incidents than the bot reads.
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

    `gap_seconds` is how long monitoring was off. `began_at` is set if monitoring began in these
    days.
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
