"""Messages about bulk changes that are of some failures, paced, or tried first."""

from collections.abc import Iterator
from functools import partial

from bot.models import refusals
from bot.models.operations import Duplicates, SampleJob, Scope
from bot.models.requests import Role, Source
from bot.views import refusal
from bot.views.operations import progress as bulk
from tests.views.samples import PLAIN, Sample, Words, preview, progress, utc


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Previews of every scope, and how they went."""
    everything = Scope(
        queue=w.queue,
        error_group=12,
        order_id=str(w.order),
        tienda_id=str(w.tienda),
        failed_after=utc(2025, 11, 7),
        failed_before=utc(2025, 11, 8, 9, 30),
        ids=tuple(range(1, 31)),
    )
    found = Duplicates(
        queued=2,
        queued_orders=(str(w.order),),
        identical=3,
        processed_later=1,
        processed_orders=(str(w.order),),
        bounded=True,
    )
    newest = (SampleJob(failed_id=46, order_id=str(w.order), job_class=w.job_class),)
    chosen = preview(
        w,
        action="retry",
        scope=everything,
        samples=newest,
        duplicates=found,
        pace=90,
        canary=3,
    )
    for source in (Source.SLASH, Source.TERMINAL):
        shown = partial(bulk.bulk_answer, "retry", chosen, None)
        yield Sample(f"retry-preview-{source}", shown, source=source)
    some = preview(w, action="retry", scope=Scope(order_id=str(w.order), limit=5), total=5)
    yield Sample("retry-preview-limit", partial(bulk.bulk_answer, "retry", some, None))
    final = preview(w, action="clear-failed", archive=False)
    yield Sample("clear-failed-final", partial(bulk.bulk_answer, "clear-failed", final, None))
    none = preview(w, action="retry", scope=everything, total=0, plan=0)
    yield Sample("retry-fits-nothing", partial(bulk.bulk_answer, "retry", none, None))
    paced = progress(w, action="retry", pace=90)
    yield Sample("retry-all-paced", partial(bulk.progress_message, paced))
    for action in ("retry", "clear-failed", "undo"):
        gone = progress(w, action=action, state="done", done=0, total=5, skipped=5)
        yield Sample(f"{action}-done-none", partial(bulk.progress_message, gone))
    many = refusals.Denied(
        needed=Role.ADMIN, has=Role.OPERATOR, holders=(w.person,), total=812, most=500
    )
    yield Sample("refusal-denied-many", partial(refusal.refusal_message, many))
    every = refusals.WrongQueue(queue="*", queues=(w.queue,))
    yield Sample("refusal-wrong-queue-all", partial(refusal.refusal_message, every))
