"""The digest as values: what was done, what failed and what is still open. No SQL.

Times are naive UTC. What is not known is None, never 0.
"""

from datetime import date, datetime

from bot.models.jobs import Value


class Figure(Value):
    """How many in the days; `before`: in the same days of the week before. None: not known.

    `at_least`, `before_at_least`: something of the days is not known, so that it may be more.
    `comparable`: so little of both is not known that one may be set against the other.
    """

    count: int | None
    before: int | None = None
    at_least: bool = False
    before_at_least: bool = False
    comparable: bool = True


class DoneBy(Value):
    """How many jobs a person did something to."""

    actor: str
    count: int


class Deeds(Value):
    """To how many jobs people did something, and who, the busiest first; `others`: not named."""

    count: int
    by: tuple[DoneBy, ...] = ()
    others: int = 0


class OpenGroup(Value):
    """A cause with failed jobs now: `E12`, its name, how many are there."""

    error: str
    name: str
    failed: int


class OpenGroups(Value):
    """The largest groups; `count` and `failed` are of all that have failed jobs now."""

    groups: tuple[OpenGroup, ...]
    count: int
    failed: int


class DigestIncident(Value):
    """An incident: what it was about, and for how long; without `resolved_at` it is open."""

    id: int
    rule: str
    queue: str | None
    error: str | None
    triggered_at: datetime
    resolved_at: datetime | None


class Incidents(Value):
    """Those that were opened in the days, and those that are open now, the newest first.

    `seconds`: how long the middle one of those that are over lasted. `longest` lasted longest.
    `more`: there were more than could be looked at.
    """

    opened: int
    over: int
    seconds: int | None
    longest: tuple[DigestIncident, ...]
    open_now: tuple[DigestIncident, ...]
    count_now: int
    more: bool = False


class Waited(Value):
    """An hour in which a job that could run had waited for so long."""

    at: datetime
    queue: str
    seconds: int


class Backlog(Value):
    """The hour with the most pending jobs."""

    at: datetime
    pending: int


class Digest(Value):
    """The days from `first` to `last` of the calendar of `zone`.

    `gap_seconds`: for how long nobody looked. `began_at`: the bot began to watch in these days.
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
