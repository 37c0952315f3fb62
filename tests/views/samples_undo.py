"""Messages about stuck jobs, freezing and undoing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Literal

from bot.models.jobs import (
    ReleasedJob,
    ReleasedJobs,
    RestoredRow,
    SkippedRow,
    StuckJobs,
    StuckListed,
    Undone,
)
from bot.models.operations import Freeze, PutBack, Scope
from bot.models.requests import Source
from bot.views import changes, status, stuck
from bot.views.context import Context
from bot.views.operations import change_freeze, undo
from bot.views.operations import progress as bulk
from tests.views.samples import (
    DIGEST,
    NOW,
    PLAIN,
    Sample,
    Shown,
    Words,
    job,
    preview,
    progress,
    queue_status,
    retried_jobs,
    skipped_rows,
)


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Every message and dialog, in every state."""
    yield from _stuck_samples(w)
    yield from _freeze_samples(w)
    yield from _undo_samples(w)
    yield from _bulk_undo_samples(w)


def _stuck_samples(w: Words) -> Iterator[Sample]:
    for name, count, partly, source in (
        ("stuck", 2, False, Source.SLASH),
        ("stuck-many", 12, True, Source.SLASH),
        ("stuck-terminal", 12, False, Source.TERMINAL),
        ("stuck-none", 0, False, Source.SLASH),
        ("stuck-none-partial", 0, True, Source.SLASH),
    ):
        rows = tuple(
            job(120 + n, w, attempts=2, reserved_at_human="2025-11-07 19:00:00")
            for n in range(count)
        )
        listed = StuckListed(
            row_digests={row.id: DIGEST for row in rows},
            reserved_at={row.id: 1_762_560_000 for row in rows},
            arguments={"limit": 50},
            partial=partly,
        )
        found = StuckJobs(jobs=rows, count=len(rows), older_seconds=300)
        yield Sample(name, partial(stuck.stuck_list, found, listed), source=source)
    for count, held in ((1, 3_600), (1, 20), (3, 3_600), (20, 20)):
        done = ReleasedJobs(
            jobs=tuple(
                ReleasedJob(
                    id=123 + n,
                    queue=w.queue,
                    job_class=w.job_class,
                    order_id=w.order,
                    attempts=1 + n % 3,
                    max_attempts=3,
                    held_seconds=held,
                )
                for n in range(count)
            ),
            skipped=skipped_rows(w)[: count - 1],
            limit_seconds=300,
        )
        name = f"released-{count}" + ("-by-force" if held < 300 else "")
        yield Sample(name, partial(stuck.released, done))
        yield Sample(f"{name}-visible", partial(stuck.released_visible, done))


def _freeze_samples(w: Words) -> Iterator[Sample]:
    for name, reason in (("", w.reason), ("-without-reason", None)):
        on = Freeze(by=w.person, at=NOW, reason=reason)
        yield Sample(f"freeze{name}", partial(change_freeze.freeze_message, on))
        yield Sample(f"freeze{name}-visible", partial(change_freeze.freeze_visible, on))
        frozen = partial(status.status_message, queue_status(w), None, freeze=on)
        yield Sample(f"status-frozen{name}", frozen)
    yield Sample("unfreeze", partial(change_freeze.unfreeze_message, 4_000))
    yield Sample("unfreeze-visible", partial(change_freeze.unfreeze_visible, 4_000))


def _undo_samples(w: Words) -> Iterator[Sample]:
    done = Undone(restored_count=1, action="retry", by=w.person, at=NOW)
    kinds: tuple[Literal["failed", "job"], ...] = ("failed", "job")
    for kind in kinds:
        for count in (1, 3, 20):
            rows = tuple(
                RestoredRow(
                    kind=kind,
                    id=45 + n,
                    new_id=None if n % 2 else 300 + n,
                    queue=w.queue,
                    job_class=w.job_class,
                    order_id=w.order,
                    job_id=77 + n if kind == "failed" else None,
                    reserved=kind == "job",
                )
                for n in range(count)
            )
            skipped = _left_alone(w)[: count - 1]
            name = f"undone-{kind}-{count}"
            yield Sample(name, partial(undo.undone, done, rows, skipped))
            yield Sample(f"{name}-visible", partial(undo.undone_visible, done, rows))
    jobs = retried_jobs(w, 1)
    yield Sample("undo-of-a-retry", _asked(partial(changes.retried, jobs, ())))
    yield Sample("undo-of-a-retry-visible", _asked(partial(changes.retried_visible, jobs)))
    body = {"text": "text", "blocks": [{"type": "actions", "block_id": "undo", "elements": []}]}
    mark = partial(undo.without_undo, body, w.person, NOW)
    yield Sample("undone-mark", mark)


def _left_alone(w: Words) -> tuple[SkippedRow, ...]:
    return (
        SkippedRow(id=46, code="job-taken", job="78"),
        SkippedRow(id=47, code="job-gone", job="79"),
        SkippedRow(id=48, code="job-gone", job="80", by=w.person, at=NOW),
        SkippedRow(id=49, code="already-undone", by=w.person, at=NOW),
        SkippedRow(id=50, code="row-there"),
        SkippedRow(id=51, code="not-reserved"),
    )


def _asked(make: Callable[[Context], Shown]) -> Callable[[Context], Shown]:
    """The answer to a request that can be undone."""
    return lambda ctx: make(replace(ctx, request="ab12" * 16))


def _bulk_undo_samples(w: Words) -> Iterator[Sample]:
    frozen = preview(w, action="undo", scope=Scope(queue=w.queue[:80], undo=7))
    off = frozen.model_copy(update={"freeze": Freeze(by=w.person, at=NOW)})
    begun = progress(w, action="undo", done=0)
    ended = progress(w, action="undo", state="done", total=5, done=3, skipped=2)
    yield Sample("undo-preview", partial(bulk.bulk_answer, "undo", frozen, None))
    yield Sample("undo-preview-frozen", partial(bulk.bulk_answer, "undo", off, None))
    yield Sample("undo-nothing", partial(bulk.bulk_answer, "undo", None, None))
    yield Sample("undo-started", partial(bulk.bulk_answer, "undo", None, begun))
    yield Sample("undo-done", partial(bulk.progress_message, ended))
    for state in ("running", "cancelling", "cancelled", "stopped"):
        now = progress(w, action="undo", state=state, total=5, done=2)
        yield Sample(f"undo-{state}", partial(bulk.progress_message, now))
    stands = progress(w, total=5, done=2, freeze=Freeze(by=w.person, at=NOW))
    yield Sample("retry-all-running-frozen", partial(bulk.progress_message, stands))
    kept = progress(w, state="done", total=5, done=5, kept=True)
    yield Sample("retry-all-done-kept", partial(bulk.progress_message, kept))
    for name, count in {"all": 5, "part": 2}.items():
        back = PutBack(by=w.person, at=NOW, count=count)
        cleared = kept.model_copy(update={"action": "clear-failed", "undone": back})
        yield Sample(f"clear-failed-undone-{name}", partial(bulk.progress_message, cleared))
