"""What a watcher does in the state machine, a step at a time, and what no step may do."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select

from bot.ledger import journal, watching
from bot.ledger.leases import Lease
from bot.ledger.tables import failures as index
from bot.ledger.watch_model import Topic
from bot.registry import Setup
from bot.watch import (
    canary,
    conditions,
    failures,
    folding,
    incidents,
    lifecycle,
    outcomes,
    receipts,
    rolling,
    sampling,
    sealing,
)
from tests.queues import TestQueue

Step = Callable[[Setup, Lease], object]


def sample(setup: Setup, lease: Lease) -> None:
    """Count once; all that had failed before the first start is indexed by then, or said not to."""
    sampling.sample_once(setup, lease, indexed=True)


STEPS: Mapping[str, Step] = {
    "index": failures.index_once,
    "open": incidents.open_once,
    "sweep": failures.sweep_once,
    "observe": conditions.observe_once,
    "receipts": receipts.receipts_once,
    "canary": canary.decide_once,
    "outcomes": outcomes.outcomes_once,
    "live": lifecycle.live_once,
    "fold": folding.fold_once,
    "sample": sample,
    "roll": rolling.roll_once,
    "seal": sealing.seal_once,
    "refresh": incidents.refresh_once,
}
"""By name, in the order of a pass."""

AGAIN = ("index", "open", "seal", "refresh")
"""Those that a pass repeats until nothing is left to do."""


def a_pass(setup: Setup, lease: Lease) -> None:
    """All steps, and what is left of each."""
    for name, step in STEPS.items():
        more = take(step, setup, lease)
        while name in AGAIN and more:
            more = take(step, setup, lease)


def take(step: Step, setup: Setup, lease: Lease) -> object:
    """One step; raises `AssertionError` where it said what nobody is to hear."""
    before = _Before(setup)
    done = step(setup, lease)
    found = [*before.wrongly_said(), *before.wrongly_summed()]
    assert found == [], found
    return done


class _Before:
    """What there was before a step."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        with setup.engine.begin() as connection:
            self._letter = connection.execute(select(func.max(journal.outbox.c.id))).scalar() or 0
            self._now: datetime = setup.clock(connection)
            chosen = select(watching.mutes).where(
                watching.mutes.c.ended_at.is_(None), watching.mutes.c.until > self._now
            )
            self._muted = list(connection.execute(chosen).mappings())
        self._samples = self._sums()

    def wrongly_said(self) -> Iterator[str]:
        """What a step posted of a muted incident, or called for one that is acknowledged."""
        o = journal.outbox.c
        with self._setup.engine.begin() as connection:
            rows = connection.execute(
                select(o.subject, o.kind, o.body).where(
                    o.id > self._letter, o.subject.like("incident:%"), o.kind != "edit"
                )
            ).all()
            known = {
                f"incident:{row['id']}": row
                for row in connection.execute(select(watching.incidents)).mappings()
            }
        for subject, kind, body in rows:
            incident = known[subject]
            if any(_covers(mute, incident) for mute in self._muted):
                yield f"I5: a {kind} about {subject}, which is muted"
            if incident["acknowledged_at"] is not None and kind == "reply" and "<!subteam^" in body:
                yield f"I5: {subject} is acknowledged, and somebody was called"

    def _sums(self) -> tuple[int, int, int]:
        """Samples kept, seconds they are of, failures that they say appeared."""
        c = watching.rollups.c
        sums = select(func.sum(c.looks), func.sum(c.seconds), func.sum(c.appeared))
        with self._setup.engine.begin() as connection:
            found = connection.execute(sums.where(c.span == "minute", c.queue == "")).one()
        return (int(found[0] or 0), int(found[1] or 0), int(found[2] or 0))

    def wrongly_summed(self) -> Iterator[str]:
        """A sample that says what happened since the one before says what the index holds."""
        looks, seconds, appeared = (
            now - before for now, before in zip(self._sums(), self._samples, strict=True)
        )
        if looks != 1:
            return
        with self._setup.engine.begin() as connection:
            samples = connection.execute(
                select(watching.samples).order_by(watching.samples.c.id.desc()).limit(2)
            ).mappings()
            rows = samples.all()
            came = 0
            if seconds:
                came = _appeared(connection, rows[1]["taken_at"], rows[0]["taken_at"])
        if appeared != came:
            yield f"{appeared} failures appeared by the sample, {came} by the index"


def _appeared(connection: Any, since: datetime, until: datetime) -> int:
    """Failures that were seen between two moments, each once, however often it came back."""
    c = index.c
    chosen = select(func.count()).where(c.seen_at > since, c.seen_at <= until)
    return int(connection.execute(chosen.where(c.returned_by.is_(None))).scalar_one())


def _covers(mute: RowMapping, incident: RowMapping) -> bool:
    topic = Topic(error_group=mute["error_group"], queue=mute["queue"], kind=mute["kind"])
    return topic.covers(incident["kind"], incident["queue"], incident["error_group"])


def new_failures(queue: TestQueue) -> list[Any]:
    """The index of failures."""
    return list(queue.rows(index))
