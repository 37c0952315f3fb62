"""The state of the bot and of the queue; a replica reads the state at most once in 5 s."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    Select,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.exc import DBAPIError

from bot.database.transactions import polling, time_column, time_limit
from bot.models.queue_jobs import QueueJobs
from bot.models.refusals import Refusal
from bot.queue.job_counts import JobCounts
from bot.queue.layouts.rows import as_text
from bot.store.background_steps import error_code
from bot.store.operations.operations import WORKING
from bot.store.tables import background_steps, incidents, leases, operations, outbox, samples

log = structlog.get_logger(__name__)

CACHED_SECONDS = 5.0
"""A probe or a scrape reads the database only if the last read is older than this."""
READ_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class MonitoredState:
    """The state at one moment; ages are in seconds.

    `leader` is the replica that leads, or None. `failing_steps` are the consecutive failures of
    each step of the background work. `queues` and `failed` are the counts of the newest sample;
    before the first sample, `queues` is empty and `failed` is None.
    """

    leader: str | None
    unsent: int
    unsent_age: float
    operations: int
    incidents: dict[str, int] = field(default_factory=dict)
    failing_steps: dict[str, int] = field(default_factory=dict)
    queues: tuple[QueueJobs, ...] = ()
    failed: int | None = None
    sample_age: float | None = None


class StateReader:
    """Reads the state at most once in 5 s, even if several scrapes arrive at the same time."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._state: MonitoredState | None = None

    def read(self) -> MonitoredState | None:
        """Return the state, or None if the last attempt to read it failed."""
        with self._lock:
            now = self._clock()
            if self._read_at is None or now - self._read_at >= CACHED_SECONDS:
                self._read_at = now
                self._state = self._attempt()
            return self._state

    def _attempt(self) -> MonitoredState | None:
        try:
            with polling(self._engine, time_limit(self._engine, READ_SECONDS)) as connection:
                return read_state(connection)
        except (Refusal, DBAPIError) as error:
            # The probe answers that the database is not readable; the log has the reason.
            log.warning("state not readable", error=error_code(error))
            return None


def read_state(connection: Connection) -> MonitoredState:
    """Return the present state."""
    rows: dict[str, list[Any]] = {}
    for row in connection.execute(_statement(connection)):
        rows.setdefault(as_text(row.kind), []).append(row)
    (clock,), (lease,), (unsent,) = rows["now"], rows["lease"], rows["outbox"]
    now = clock.moment
    sample = next(iter(rows.get("sample", [])), None)
    counts = None if sample is None else JobCounts.model_validate_json(as_text(sample.label))
    return MonitoredState(
        leader=as_text(lease.label) or None if _age(now, lease.moment) < 0 else None,
        unsent=int(unsent.number),
        unsent_age=max(0.0, _age(now, unsent.moment)) if unsent.number else 0.0,
        operations=int(rows["operation"][0].number),
        incidents=_numbers(rows.get("incident", [])),
        failing_steps=_numbers(rows.get("step", [])),
        queues=() if counts is None else counts.queues,
        failed=None if counts is None else counts.status.failed_jobs_count,
        sample_age=None if sample is None else max(0.0, _age(now, sample.moment)),
    )


def _age(now: datetime, moment: datetime) -> float:
    return (now - moment).total_seconds()


def _numbers(rows: list[Any]) -> dict[str, int]:
    return {as_text(row.label): int(row.number) for row in rows}


def _statement(connection: Connection) -> Any:
    i, newest = incidents.c, select(func.max(samples.c.id)).scalar_subquery()
    return union_all(
        _row("now", None, literal(0), time_column(connection)),
        _row("lease", leases.c.owner, leases.c.epoch, leases.c.expires).where(
            leases.c.name == "watcher"
        ),
        _row("outbox", None, func.count(), func.min(outbox.c.created_at)).where(
            outbox.c.sent_at.is_(None)
        ),
        _row("operation", None, func.count(), func.min(operations.c.heartbeat)).where(
            operations.c.state.in_(WORKING)
        ),
        _row("incident", i.rule, func.count(), func.min(i.triggered_at))
        .where(i.active_subject.is_not(None))
        .group_by(i.rule),
        _row(
            "step",
            background_steps.c.name,
            background_steps.c.failures,
            background_steps.c.succeeded_at,
        ),
        _row("sample", samples.c.body, samples.c.took_ms, samples.c.taken_at).where(
            samples.c.id == newest
        ),
    )


def _row(kind: str, label: Any, number: Any, moment: Any) -> Select[Any]:
    """Select rows of one kind. Labels are bytes, because the tables may have other collations."""
    return select(
        cast(literal(kind), LargeBinary).label("kind"),
        cast(null() if label is None else label, LargeBinary).label("label"),
        cast(number, Integer).label("number"),
        func.coalesce(moment, null(), type_=DateTime).label("moment"),
    )
