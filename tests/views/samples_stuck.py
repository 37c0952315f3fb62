"""Samples of messages about stuck jobs."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from bot.models.job_changes import ReleasedJob, ReleasedJobs
from bot.models.jobs import Listed, StuckJobs
from bot.models.requests import Message, Source
from bot.views import stuck
from bot.views.context import Context
from tests.views.rows import job, skipped_rows
from tests.views.samples import Sample
from tests.views.words import DIGEST, PLAIN, Words


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield the list of stuck jobs, and the messages about released jobs."""
    for name, count, partly, source in (
        ("stuck", 2, False, Source.SLASH),
        ("stuck-many", 12, True, Source.SLASH),
        ("stuck-200", 200, False, Source.SLASH),
        ("stuck-terminal", 12, False, Source.TERMINAL),
        ("stuck-none", 0, False, Source.SLASH),
        ("stuck-none-partial", 0, True, Source.SLASH),
    ):
        rows = tuple(
            job(120 + n, w, attempts=2, reserved_at_human="2025-11-07 19:00:00")
            for n in range(count)
        )
        listed = Listed(
            row_digests={row.id: DIGEST for row in rows},
            reserved_at={row.id: 1_762_560_000 for row in rows},
            arguments={"limit": 50},
            whole=count == 200,
            partial=partly,
            retry_after=90 if partly else None,
        )
        stuck_jobs = StuckJobs(jobs=rows, count=len(rows), older_seconds=300)
        yield Sample(name, partial(stuck.stuck_list, stuck_jobs, listed), source=source)
        if name in ("stuck", "stuck-none"):
            yield Sample(f"{name}-without-times", partial(_without_times, stuck_jobs, listed))
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


def _without_times(stuck_jobs: StuckJobs, listed: Listed, ctx: Context) -> Message:
    """Return the list for tables without the times of reservations."""
    return stuck.stuck_list(stuck_jobs, listed, replace(ctx, has_reservation_times=False))
