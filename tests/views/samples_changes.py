"""Samples of the answers about changes."""

from collections.abc import Iterator
from functools import partial

from bot.views import changes
from tests.views.rows import deleted_rows, retried_jobs, skipped_rows
from tests.views.samples import Sample
from tests.views.words import Words


def samples(w: Words) -> Iterator[Sample]:
    skipped = skipped_rows(w)
    for count in (1, 3, 20):
        done = retried_jobs(w, count)
        gone = deleted_rows(w, count, attempts=2, reserved=True)
        failed = deleted_rows(w, count, failed_at=w.time)
        yield Sample(f"retried-{count}", partial(changes.retried, done, skipped[: count - 1]))
        yield Sample(f"retried-{count}-visible", partial(changes.retried_visible, done))
        yield Sample(f"deleted-{count}", partial(changes.deleted, gone, skipped[: count - 1]))
        yield Sample(f"deleted-{count}-visible", partial(changes.deleted_visible, gone))
        pending = deleted_rows(w, count, attempts=0)
        yield Sample(f"deleted-{count}-pending", partial(changes.deleted, pending, ()))
        yield Sample(f"deleted-failed-{count}", partial(changes.deleted_failed, failed, ()))
        visible = partial(changes.deleted_failed_visible, failed)
        yield Sample(f"deleted-failed-{count}-visible", visible)
