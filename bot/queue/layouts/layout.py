"""The parts of a layout of the queue's tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Table

from bot.queue.layouts.tables import FailedJobsTable, JobsTable


def _no_facts(payload_head: str) -> Mapping[str, str]:  # noqa: ARG001 for other layouts
    return {}


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a queue's two tables.

    `tables` returns the two tables with the given names and schema. `jobs` and `failed` give access
    to the tables.
    `has_long_queue_names`: the table of failed jobs may have queue names that are too long for the
    table of jobs. A retry refuses such rows one by one. `retry_after`: a reservation expires after
    this many seconds, or never. `has_reservation_times`: the table of jobs has the time of each
    reservation. Otherwise the bot records when it first saw the reservation. `facts` returns data
    about a job from the head of its payload.
    """

    name: str
    tables: Callable[[str, str, str | None], tuple[Table, Table]]
    jobs: Callable[[Table], JobsTable]
    failed: Callable[[Table], FailedJobsTable]
    has_long_queue_names: bool = False
    retry_after: int | None = None
    has_reservation_times: bool = True
    facts: Callable[[str], Mapping[str, str]] = _no_facts
