"""Samples of messages about undo."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Literal

from bot.models.job_changes import RestoredRow, SkippedRow, Undone
from bot.models.operations import Freeze, PutBack, Scope
from bot.views import changes
from bot.views.context import Context
from bot.views.operations import progress as bulk
from bot.views.operations import undo
from tests.views.rows import preview, progress, retried_jobs
from tests.views.samples import Sample
from tests.views.words import NOW, PLAIN, Shown, Words


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message and dialog, in every state."""
    yield from _undo_samples(w)
    yield from _bulk_undo_samples(w)


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
    """Make the answer to a request that can be undone."""
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
