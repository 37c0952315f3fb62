"""What a layout of the queue's tables consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Table

from bot.queue.layouts.tables import FailedJobsTable, JobsTable


def _no_facts(payload_head: str) -> Mapping[str, str]:  # noqa: ARG001 for other layouts
    return {}


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a queue's two tables.

    `tables` returns the tables under the given names, in the given schema; `jobs` and `failed` give
    access to them.
    `has_long_queue_names`: the table of failed jobs may have names of queues that are too long for
    the table of jobs; such rows are refused one by one. `retry_after`: a reservation expires after
    this many seconds, or never. `facts` returns what the head of a payload says about its job.
    """

    name: str
    tables: Callable[[str, str, str | None], tuple[Table, Table]]
    jobs: Callable[[Table], JobsTable]
    failed: Callable[[Table], FailedJobsTable]
    has_long_queue_names: bool = False
    retry_after: int | None = None
    facts: Callable[[str], Mapping[str, str]] = _no_facts
