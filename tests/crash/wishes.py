"""What people ask of a bulk change in the state machine, and what that may be about.

A second reading of the filters, by what the index of failures says: not the product's own SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

NOON = datetime(2025, 11, 8, 12)  # noqa: DTZ001 wall clock
MOMENTS = (datetime(2025, 11, 7, 17, 45, 59), NOON, datetime(2025, 11, 9, 8))  # noqa: DTZ001 wall clock
"""When jobs fail here: before, at and after the moment that people ask for."""

FILTERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "": lambda _row, _like: True,
    "queue=mail": lambda row, _like: row.queue == "mail",
    "queue=netsuite": lambda row, _like: row.queue == "netsuite",
    "error=E{like.error_group}": lambda row, like: row.error_group == like.error_group,
    "error=E{like.error_group} queue=mail": lambda row, like: (
        row.error_group == like.error_group and row.queue == "mail"
    ),
    "order={like.order_id}": lambda row, like: row.order_id == like.order_id,
    "before=2025-11-08T12:00": lambda row, _like: row.failed_at < NOON,
    "after=2025-11-08T12:00": lambda row, _like: row.failed_at >= NOON,
}
"""Words, and whether a row of the index is meant; `like` is the failure that somebody saw."""

WAYS: Mapping[str, Sequence[str]] = {
    "retry": ("", "", "rate=2/min", "canary=1", "canary=2", "canary=1 rate=3/min"),
    "clear-failed": ("", "archive=no"),
}


@dataclass(frozen=True)
class Wish:
    """A bulk change as somebody would type it."""

    action: str
    within: str
    limit: int | None
    way: str

    def words(self, like: Any) -> str:
        """What is typed by somebody who saw this failure."""
        every = self.limit is None and self.within in ("", "queue=mail")
        name = "retry-all" if self.action == "retry" and every else self.action
        limit = "" if self.limit is None else f"limit={self.limit}"
        return " ".join(f"{name} {self.within.format(like=like)} {limit} {self.way}".split())

    def meant(self, rows: Sequence[Any], like: Any) -> set[int]:
        """The `seq` of the failures that are meant, of these in the order of `seq`."""
        holds = FILTERS[self.within]
        return set([row.seq for row in rows if holds(row, like)][: self.limit])


WISHES = st.sampled_from(sorted(WAYS)).flatmap(
    lambda action: st.builds(
        Wish,
        st.just(action),
        st.sampled_from(list(FILTERS)),
        st.sampled_from([None, None, 1, 3]),
        st.sampled_from(WAYS[action]),
    )
)
