"""The story of a subject: its failures, the acts and their outcomes, as events sorted by time."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping

from bot.models.story import Act, Became, Event, Failure, Fate, Gone, Queued, Retrier, Retries
from bot.models.subject_search import FoundFailed, FoundJob
from bot.queue.layouts import Queue
from bot.store.audit.subject_history import SubjectHistory

_A_SECOND = timedelta(microseconds=999_999)
"""The largest fraction that is cut from `created_at`, which has whole seconds."""


def fates(history: SubjectHistory, jobs: Sequence[FoundJob], *, complete: bool) -> tuple[Act, ...]:
    """Return the acts; each retry has its outcome if the outcome is known.

    The outcome of an untracked retry is a later failure with an equal payload. Without such a
    failure, the outcome is a waiting job with that payload. Without such a job, the outcome is
    processed, or no longer queued if somebody deleted a job of the subject after the retry. These
    two outcomes need `complete`: all jobs and all failures were read. Each failure is the outcome
    of only one retry.
    """
    waiting = {job.payload_digest for job in jobs}
    claimed = {act.became.failed_id for act in history.acts if act.became is not None}
    updated: list[Act] = []
    for act in history.acts:
        became = act.became
        if act.is_retry and became is None:
            became = _fate(act, history, claimed, waiting, complete=complete)
            claimed.add(became.failed_id if became is not None else None)
        updated.append(act.model_copy(update={"became": became}))
    return tuple(updated)


def _fate(
    act: Act,
    history: SubjectHistory,
    claimed: Collection[int | None],
    waiting: Collection[str],
    *,
    complete: bool,
) -> Became | None:
    retried_row = next((row for row in history.failures if _is_of(act, row)), None)
    if retried_row is None:
        return None
    if retried_row["restored_by"] is not None:
        undos = (other for other in history.acts if other.operation == retried_row["restored_by"])
        undo = next(undos, None)
        by = None if undo is None else undo.actor
        return Became(fate="no-longer-queued", by=by, how="undo")
    back = {_content(row) for row in history.failures if row["restored_by"] is not None}
    for row in history.failures:
        if _content(row) in back or row["failed_id"] in claimed:
            continue
        if _is_later(row, retried_row, act.at):
            is_same_group = row["error_group"] == retried_row["error_group"]
            fate: Fate = "failed-again" if is_same_group else "failed-otherwise"
            return Became(fate=fate, at=row["seen_at"], failed_id=row["failed_id"])
    if retried_row["payload_digest"] in waiting:
        return Became(fate="waiting")
    if not complete:
        return None
    deleted = any(other.took_a_job and other.at >= act.at for other in history.acts)
    return Became(fate="no-longer-queued" if deleted else "processed")


def _is_of(act: Act, row: RowMapping) -> bool:
    """Whether the act removed this failure: their transaction writes equal times to both rows."""
    return bool(row["failed_id"] == act.row_id and row["removed_at"] == act.at)


def _content(row: RowMapping) -> tuple[str, datetime]:
    """Return the values that stay equal when an undo restores a failure under another id."""
    return row["payload_digest"], row["failed_at"]


def _is_later(row: RowMapping, retried_row: RowMapping, at: datetime) -> bool:
    """Whether the row is another failure of the retried payload, indexed at or after `at`."""
    same = (
        row["payload_digest"] == retried_row["payload_digest"]
        and row["queue"] == retried_row["queue"]
    )
    return bool(same and row["seen_at"] >= at and row["failed_id"] != retried_row["failed_id"])


def retries(acts: Iterable[Act]) -> Retries:
    """Return the number of retries, the people who retried, and the last retry's outcome."""
    every = [act for act in acts if act.is_retry]
    by = Counter(act.actor for act in every)
    return Retries(
        count=len(every),
        by=tuple(Retrier(actor=actor, count=count) for actor, count in by.most_common()),
        last=every[-1].became if every else None,
    )


def events(
    history: SubjectHistory, acts: Sequence[Act], queue: Queue, now: datetime
) -> list[Failure | Gone | Act]:
    """Return the failures, the acts on these failures, and the removals without the bot."""
    taken = {(act.row_id, act.at) for act in acts if act.row == "failed"}
    failures: dict[tuple[int, str], Failure] = {}
    gone: list[Gone] = []
    for row in history.failures:
        present = row["seq"] in history.present
        # If a row has a second entry, an undo restored the row: the second entry counts.
        failures[row["failed_id"], row["row_digest"]] = _failure(
            row, history, queue, present=present
        )
        removed_at = row["removed_at"] or now
        if not present and (row["failed_id"], removed_at) not in taken:
            gone.append(Gone(at=removed_at, failed_id=row["failed_id"], queue=row["queue"]))
    return [*failures.values(), *gone, *acts]


def _failure(row: RowMapping, history: SubjectHistory, queue: Queue, *, present: bool) -> Failure:
    return Failure(
        at=queue.utc(row["failed_at"]),
        failed_id=row["failed_id"],
        queue=row["queue"],
        job_class=row["job_class"],
        order_id=row["order_id"],
        tienda_id=row["tienda_id"],
        subjects=dict(history.subjects.get(row["seq"], {})),
        error=row["error"],
        row_digest=row["row_digest"],
        there=present,
    )


def just_failed(history: SubjectHistory, failures: Iterable[FoundFailed]) -> list[Failure]:
    """Return the failures that are not in the index yet."""
    indexed = {row["failed_id"] for row in history.failures}
    return [
        Failure(
            at=failure.failed_at,
            failed_id=failure.failed_job.id,
            queue=failure.failed_job.queue,
            job_class=failure.failed_job.job_class,
            order_id=_text(failure.failed_job.order_id),
            tienda_id=_text(failure.failed_job.tienda_id),
            subjects={name: str(value) for name, value in failure.failed_job.subjects.items()},
            error=failure.failed_job.exception_short,
            row_digest=failure.row_digest,
            there=True,
        )
        for failure in failures
        if failure.failed_job.id not in indexed
    ]


def _text(value: int | str | None) -> str | None:
    """Return a subject's value in the form that the index stores."""
    return None if value is None else str(value)


def in_order(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the events by time; put a retry's result after the retry.

    A result's time has whole seconds, so it may be earlier than the retry's time.
    """
    all_events = list(events)
    after: dict[tuple[str, int], datetime] = {}
    for act in all_events:
        if act.what == "act":
            if act.job_id is not None:
                after["job", act.job_id] = act.at
            if act.became is not None and act.became.failed_id is not None:
                after["failed", act.became.failed_id] = act.at

    def moment(event: Event) -> tuple[datetime, int]:
        match event:
            case Failure():
                return max(event.at, after.get(("failed", event.failed_id), event.at)), 1
            case Queued():
                return max(
                    event.at + _A_SECOND, after.get(("job", event.found.job.id), event.at)
                ), 1
        return event.at, 0

    return tuple(sorted(all_events, key=moment))
