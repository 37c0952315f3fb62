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
    """A subject: the name that people type, and the paths of its value in a payload."""

    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """One subject's value, in one shop or in any shop, in the form that the index stores."""

    value: str
    tienda: str | None = None
    name: str = ORDER
