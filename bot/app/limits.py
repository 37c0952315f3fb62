"""Limits for each person: commands, previews and recorded refusals per minute.

Each replica counts in its own memory, because a flood must not cause database statements.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from time import monotonic
from typing import Literal

from bot.models.requests import Actor

Limited = Literal["commands", "previews", "refusals"]

MINUTE = 60.0
REMEMBERED = 10_000
"""The most buckets in memory. Full buckets are discarded first, because they limit nobody."""


@dataclass
class Bucket:
    """A token bucket: it has `size` tokens at the start, and gets `rate` tokens a second."""

    size: float
    rate: float
    clock: Callable[[], float] = monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        """Start with a full bucket."""
        self._left = self.size
        self._at = self.clock()

    def take(self) -> bool:
        """Remove one token; return False if the bucket is empty."""
        if self.seconds_to_next > 0:
            return False
        self._left -= 1
        return True

    @property
    def seconds_to_next(self) -> float:
        """The seconds until a token can be removed."""
        self._fill()
        return max(0.0, (1 - self._left) / self.rate)

    @property
    def is_full(self) -> bool:
        """Whether the bucket has all its tokens."""
        self._fill()
        return self._left >= self.size

    def _fill(self) -> None:
        now = self.clock()
        self._left = min(self.size, self._left + (now - self._at) * self.rate)
        self._at = now


@dataclass(frozen=True, slots=True)
class FoldedRefusals:
    """Refusals of one person without separate audit records; `since` is the first one's time."""

    actor: Actor
    channel: str | None
    count: int
    since: float


class PersonLimits:
    """The buckets of all people. A limit does not apply if `per_minute` does not have it."""

    def __init__(
        self,
        per_minute: Mapping[Limited, int] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.per_minute = dict(per_minute or {})
        self._clock = clock
        self._buckets: dict[tuple[Limited, str], Bucket] = {}
        self._folded: dict[str, FoldedRefusals] = {}
        self._guard = threading.Lock()

    def seconds_to_wait(self, limited: Limited, actor: Actor) -> int:
        """Count one request; return 0, or the seconds until the person may try again.

        A person in a terminal could use the database directly, so a terminal has no limit.
        """
        most = self.per_minute.get(limited)
        if most is None or actor.is_terminal:
            return 0
        with self._guard:
            bucket = self._bucket(limited, actor.user, most)
            return 0 if bucket.take() else ceil(bucket.seconds_to_next)

    def fold(self, actor: Actor, channel: str | None) -> None:
        """Count a refusal that gets no separate audit record."""
        with self._guard:
            first = FoldedRefusals(actor, channel, 0, self._clock())
            folded = self._folded.get(actor.user, first)
            self._folded[actor.user] = replace(folded, count=folded.count + 1)

    def take_folded(self, *, everything: bool = False) -> Sequence[FoldedRefusals]:
        """Remove and return the counts that are at least a minute old, or all counts."""
        if not self._folded:
            return ()
        with self._guard:
            now = self._clock()
            due = [
                folded
                for folded in self._folded.values()
                if everything or now - folded.since >= MINUTE
            ]
            for folded in due:
                del self._folded[folded.actor.user]
            return due

    def restore(self, due: Sequence[FoldedRefusals]) -> None:
        """Count these refusals again, because their record could not be written."""
        with self._guard:
            for folded in due:
                newer = self._folded.get(folded.actor.user)
                count = folded.count + (0 if newer is None else newer.count)
                self._folded[folded.actor.user] = replace(folded, count=count)

    def _bucket(self, limited: Limited, user: str, most: int) -> Bucket:
        key = (limited, user)
        if key not in self._buckets:
            if len(self._buckets) >= REMEMBERED:
                self._buckets = {
                    key: bucket for key, bucket in self._buckets.items() if not bucket.is_full
                }
            self._buckets[key] = Bucket(most, most / MINUTE, self._clock)
        return self._buckets[key]
