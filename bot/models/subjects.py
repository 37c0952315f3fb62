"""Subjects: what a job is about, such as an order, a shop or a user."""

from dataclasses import dataclass

ORDER = "order"
SHOP = "shop"
USUAL = frozenset({ORDER, SHOP})
"""The subjects that the index stores in columns of its own."""
LONGEST_NAME = 32
LONGEST_VALUE = 64
"""The index of failures keeps at most this many characters of a subject's value."""


@dataclass(frozen=True, slots=True)
class JobSubject:
    """A subject: the name that people type, and the paths of its value in a payload.

    `is_shared`: many jobs have one value, so jobs with equal values are no duplicates.
    """

    name: str
    paths: tuple[str, ...]
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """One subject's value, in one shop or in any shop, in the form that the index stores."""

    value: str
    tienda: str | None = None
    name: str = ORDER
