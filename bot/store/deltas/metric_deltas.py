"""Jobs that came to be or left without a worker's work, and what failed, since the last sample.

Whoever changes `jobs`, or indexes what failed, appends a row in the same transaction; the sampler
takes the rows away in the transaction that keeps its figures. So nothing is told twice or lost.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from bot.store.tables import flows

ROWS = 5_000
"""Taken at once; the rest is the next sample's."""


@dataclass(frozen=True, slots=True)
class Flow:
    """New failures; jobs removed by the bot less those put back as they were; ids not used."""

    failed: int = 0
    removed: int = 0
    skipped: int = 0

    def __add__(self, other: "Flow") -> "Flow":
        """Both together."""
        return Flow(
            self.failed + other.failed,
            self.removed + other.removed,
            self.skipped + other.skipped,
        )


def failed(connection: Connection, counts: Mapping[str, int]) -> None:
    """New failures were indexed, so many of each queue."""
    _note(connection, {queue: Flow(failed=count) for queue, count in counts.items() if count})


def removed(connection: Connection, jobs: int) -> None:
    """The bot took jobs out of `jobs`; below 0: it put them back under the ids that they had."""
    _note(connection, {_WHEREVER: Flow(removed=jobs)} if jobs else {})


def skipped(connection: Connection, ids: int) -> None:
    """An insert of the bot took ids of `jobs` that no job has."""
    _note(connection, {_WHEREVER: Flow(skipped=ids)} if ids else {})


_WHEREVER = ""
"""Only of failures the queue is of use."""


def _note(connection: Connection, changes: Mapping[str, Flow]) -> None:
    if changes:
        rows = [{"queue": queue, **asdict(flow)} for queue, flow in changes.items()]
        connection.execute(insert(flows), rows)


def take(connection: Connection) -> dict[str, Flow]:
    """What happened since the last time, by queue; gone with the caller's transaction."""
    found = connection.execute(select(flows).order_by(flows.c.id).limit(ROWS)).all()
    taken: defaultdict[str, Flow] = defaultdict(Flow)
    for row in found:
        taken[row.queue] += Flow(row.failed, row.removed, row.skipped)
    if found:
        connection.execute(delete(flows).where(flows.c.id.in_([row.id for row in found])))
    return dict(taken)
