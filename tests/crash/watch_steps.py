"""A leader's steps in the state machine, one at a time, and what no step may do."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy import RowMapping, func, select

from bot.app.setup import Setup
from bot.background import audit, metrics
from bot.background.failures import aggregate_once, copy_removed_once, index_once, scan_once
from bot.background.incidents import grouping, lifecycle, probe
from bot.background.operations import canary
from bot.background.retries import track, track_bulk
from bot.models.mutes import Topic
from bot.store import tables
from bot.store.leases import Lease
from bot.store.tables import failures as index

Step = Callable[[Setup, Lease], object]


def sample(setup: Setup, lease: Lease) -> None:
    """Take a sample; the step checks itself whether failures before the first start are indexed."""
    metrics.sample_once(setup, lease, indexed=True)


STEPS: Mapping[str, Step] = {
    "index": index_once,
    "open": grouping.group_once,
    "scan": scan_once,
    "copy-removed": copy_removed_once,
    "observe": probe.probe_once,
    "outcomes": track.track_once,
    "canary": canary.decide_once,
    "bulk-outcomes": track_bulk.outcomes_once,
    "live": lifecycle.advance_once,
    "aggregate": aggregate_once,
    "sample": sample,
    "roll": metrics.roll_once,
    "seal": audit.seal_once,
    "refresh": grouping.refresh_once,
}
"""The steps by name, in the order of a pass."""

AGAIN = ("index", "open", "seal", "refresh")
"""The steps that a pass repeats until no work is left."""


class StepObserver:
    """Takes a leader's steps and checks that none posts a forbidden message or a wrong sum."""

    def __init__(self) -> None:
        self._appeared: int | None = None

    def run_all_steps(self, setup: Setup, lease: Lease) -> None:
        """Take all steps in order, and repeat those that have work left."""
        for name in STEPS:
            more = self.take(name, setup, lease)
            while name in AGAIN and more:
                more = self.take(name, setup, lease)

    def take(self, name: str, setup: Setup, lease: Lease) -> object:
        """Take one step; raise `AssertionError` if it posted a forbidden message or a wrong sum."""
        before = _Before(setup)
        done = STEPS[name](setup, lease)
        violations = [*before.forbidden_posts()]
        if name == "sample":
            now = appeared(setup)
            violations += () if self._appeared is None else before.wrong_sums(now - self._appeared)
            self._appeared = now
        assert violations == [], violations
        return done


def appeared(setup: Setup) -> int:
    """Return how many failures were ever indexed, each once, however often it was restored."""
    query = select(func.count()).select_from(index).where(index.c.restored_by.is_(None))
    with setup.engine.begin() as connection:
        return int(connection.execute(query).scalar_one())


class _Before:
    """The state before a step."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        m, o = tables.mutes.c, tables.outbox.c
        with setup.engine.begin() as connection:
            self._message_id = connection.execute(select(func.max(o.id))).scalar() or 0
            muted = select(tables.mutes).where(
                m.ended_at.is_(None), m.until > setup.clock(connection)
            )
            self._muted = list(connection.execute(muted).mappings())
        self._sums = self._summed()

    def forbidden_posts(self) -> Iterator[str]:
        """Yield posts about a muted incident, and mentions for an acknowledged one."""
        o = tables.outbox.c
        query = select(o.subject, o.kind, o.body).where(
            o.id > self._message_id, o.subject.like("incident:%"), o.kind != "edit"
        )
        with self._setup.engine.begin() as connection:
            messages = connection.execute(query).all()
            rows = connection.execute(select(tables.incidents)).mappings() if messages else ()
            known = {f"incident:{row['id']}": row for row in rows}
        for message in messages:
            incident, calls = known[message.subject], "<!subteam^" in message.body
            if any(_covers(mute, incident) for mute in self._muted):
                yield f"I5: a {message.kind} about {message.subject}, which is muted"
            if incident["acknowledged_at"] is not None and message.kind == "reply" and calls:
                yield f"I5: {message.subject} is acknowledged, and somebody was called"

    def _summed(self) -> Sequence[int]:
        """Return the seconds and the new failures that all minute rollups add up to."""
        c = tables.rollups.c
        sums = select(func.sum(c.seconds), func.sum(c.appeared))
        with self._setup.engine.begin() as connection:
            row = connection.execute(sums.where(c.span == "minute", c.queue == "")).one()
        return [int(one or 0) for one in row]

    def wrong_sums(self, came: int) -> Iterator[str]:
        """Yield a violation if the sample's count of new failures differs from the index's."""
        seconds, by_sample = (
            now - before for now, before in zip(self._summed(), self._sums, strict=True)
        )
        if (seconds or by_sample) and by_sample != came:
            yield f"{by_sample} failures appeared by the sample, {came} by the index"


def _covers(mute: RowMapping, incident: RowMapping) -> bool:
    topic = Topic(error_group=mute["error_group"], queue=mute["queue"], rule=mute["rule"])
    return topic.covers(incident["rule"], incident["queue"], incident["error_group"])
