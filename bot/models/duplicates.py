"""The failures of a scope whose retry may repeat work."""

from pydantic import Field

from bot.models.value import Value, is_empty


class SubjectDuplicates(Value):
    """The counts of `Duplicates` for the subject `name` instead of the order."""

    name: str
    queued: int | None
    queued_values: tuple[str, ...] = ()
    processed_later: int | None
    processed_values: tuple[str, ...] = ()


class Duplicates(Value):
    """Failures of a scope whose retry may repeat work. None: the count took too long.

    `queued` counts failures whose order now has a job in the failure's queue. `identical` counts
    failures with the queue and payload of another failure. `processed_later` counts failures
    whose order had a successful retry after the failure. `bounded`: the scan stopped at its limit.
    """

    queued: int | None
    queued_orders: tuple[str, ...] = ()
    identical: int | None
    processed_later: int | None
    processed_orders: tuple[str, ...] = ()
    bounded: bool
    subjects: tuple[SubjectDuplicates, ...] = Field(default=(), exclude_if=is_empty)
