"""Bulk changes that people request in the state machine, and the rows that each may change.

The filters are written a second time here, on the index of failures and without the product's SQL.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

NOON = datetime(2025, 11, 8, 12)  # noqa: DTZ001 wall clock
MOMENTS = (datetime(2025, 11, 7, 17, 45, 59), NOON, datetime(2025, 11, 9, 8))  # noqa: DTZ001 wall clock
"""Times of failures: before, at and after the time in the filters."""

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
"""Filters, and whether each selects a row of the index; `like` is the failure a person saw."""

WAYS: Mapping[str, Sequence[str]] = {
    "retry": ("", "", "rate=2/min", "canary=1", "canary=2", "canary=1 rate=3/min"),
    "clear-failed": ("", "archive=no"),
}


@dataclass(frozen=True)
class Wish:
    """A bulk change as a person types it."""

    action: str
    within: str
    limit: int | None
    way: str

    def words(self, like: Any) -> str:
        """Return the command as typed by a person who saw this failure."""
        every = self.limit is None and self.within in ("", "queue=mail")
        name = "retry-all" if self.action == "retry" and every else self.action
        limit = "" if self.limit is None else f"limit={self.limit}"
        return " ".join(f"{name} {self.within.format(like=like)} {limit} {self.way}".split())

    def meant(self, rows: Sequence[Any], like: Any) -> set[int]:
        """Return the `seq` of the selected failures; `rows` are in the order of `seq`."""
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
