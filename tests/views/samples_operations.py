"""Samples of messages about operations: preview, progress and end."""

from collections.abc import Iterator
from functools import partial

from bot.models import refusals
from bot.models.duplicates import Duplicates
from bot.models.operations import SampleJob, Scope, Share, WiderPlan
from bot.models.requests import Source
from bot.models.roles import Role
from bot.views import refusal
from bot.views.operations import progress as bulk
from tests.views.rows import preview, progress
from tests.views.samples import Sample
from tests.views.words import PLAIN, Words, utc


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield operations on everything and on some failures, with a rate and with a canary."""
    yield from _whole_queue_samples(w)
    yield from _scope_samples(w)


def _scope_samples(w: Words) -> Iterator[Sample]:
    everything = Scope(
        queue=w.queue,
        error_group=12,
        order_id=str(w.order),
        tienda_id=str(w.tienda),
        failed_after=utc(2025, 11, 7),
        failed_before=utc(2025, 11, 8, 9, 30),
        ids=tuple(range(1, 31)),
    )
    duplicates = Duplicates(
        queued=2,
        queued_orders=(str(w.order),),
        identical=3,
        processed_later=1,
        processed_orders=(str(w.order),),
        bounded=True,
    )
    newest = (SampleJob(failed_id=46, order_id=str(w.order), job_class=w.job_class),)
    filtered = preview(
        w,
        action="retry",
        scope=everything,
        samples=newest,
        duplicates=duplicates,
        rate=90,
        canary=3,
    )
    for source in (Source.SLASH, Source.TERMINAL):
        shown = partial(bulk.bulk_answer, "retry", filtered, None)
        yield Sample(f"retry-preview-{source}", shown, source=source)
    some = preview(w, action="retry", scope=Scope(order_id=str(w.order), limit=5), total=5)
    yield Sample("retry-preview-limit", partial(bulk.bulk_answer, "retry", some, None))
    own = Scope(incident=12, error_group=7)
    older = preview(w, action="retry", scope=own, total=3, older=WiderPlan(plan=4, count=2))
    yield Sample("retry-preview-older", partial(bulk.bulk_answer, "retry", older, None))
    final = preview(
        w, action="clear-failed", archive=False, children=("order_notes", "billing.notes")
    )
    yield Sample("clear-failed-final", partial(bulk.bulk_answer, "clear-failed", final, None))
    none = preview(w, action="retry", scope=everything, total=0, plan=0)
    yield Sample("retry-fits-nothing", partial(bulk.bulk_answer, "retry", none, None))
    limited = progress(w, action="retry", rate=90)
    yield Sample("retry-all-at-a-rate", partial(bulk.progress_message, limited))
    for action in ("retry", "clear-failed", "undo"):
        gone = progress(w, action=action, state="done", done=0, total=5, skipped=5)
        yield Sample(f"{action}-done-none", partial(bulk.progress_message, gone))
    many = refusals.Denied(
        needed=Role.ADMIN, has=Role.OPERATOR, holders=(w.person,), total=812, most=500
    )
    yield Sample("refusal-denied-many", partial(refusal.refusal_message, many))
    every = refusals.WrongQueue(queue="*", queues=(w.queue,))
    yield Sample("refusal-wrong-queue-all", partial(refusal.refusal_message, every))


def _whole_queue_samples(w: Words) -> Iterator[Sample]:
    retry = preview(w, layout="laravel")
    groups = tuple(Share(name=f"{w.group} {n}", count=10 - n) for n in range(10))
    queues = tuple(Share(name=f"{w.queue}-{n}", count=20 - n) for n in range(14))
    clear = preview(
        w,
        action="clear-failed",
        scope=Scope(queue=w.queue, failed_before=utc(2025, 10, 31, 19, 30)),
        total=123_456,
        bytes=987_654_321,
        queues=queues,
        error_groups=groups,
        other_groups=3,
        indexing=True,
    )
    for source in (Source.SLASH, Source.TERMINAL):
        yield Sample(
            f"retry-all-preview-{source}",
            partial(bulk.bulk_answer, "retry-all", retry, None),
            source=source,
        )
        yield Sample(
            f"clear-failed-preview-{source}",
            partial(bulk.bulk_answer, "clear-failed", clear, None),
            source=source,
        )
    for action in ("retry-all", "clear-failed"):
        nothing = preview(w, action=action, total=0, queues=(), error_groups=(), plan=0)
        started = progress(w, action=action, done=0)
        yield Sample(f"{action}-nothing", partial(bulk.bulk_answer, action, nothing, None))
        yield Sample(f"{action}-started", partial(bulk.bulk_answer, action, None, started))
        ended = progress(w, action=action, state="done", total=5, done=5)
        yield Sample(
            f"{action}-ended-terminal",
            partial(bulk.bulk_answer, action, None, ended),
            source=Source.TERMINAL,
        )
        for state in ("running", "cancelling", "done", "cancelled", "stopped"):
            now = progress(
                w,
                action=action,
                state=state,
                total=5,
                done=5 if state == "done" else 2,
                skipped=2 if state == "done" else 0,
                reason=w.reason if state == "stopped" else None,
            )
            yield Sample(f"{action}-{state}", partial(bulk.progress_message, now))
    failed = progress(w, state="stopped", total=5, done=2, reason="batch-failed")
    yield Sample("retry-all-stopped-by-a-batch", partial(bulk.progress_message, failed))
    yield Sample("cancelled", partial(bulk.cancelled, 7, 1000, 2000))
