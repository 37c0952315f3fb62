"""Messages about stuck jobs, freezing and undoing."""

from collections.abc import Iterator
from functools import partial

from bot.ledger.model import Freeze
from bot.model import Source
from bot.queue.model import ReleasedJob, ReleasedJobs, StuckJobs, StuckListed
from bot.views import freeze, status, stuck
from tests.views.samples import DIGEST, NOW, PLAIN, Sample, Words, job, queue_status, skipped_rows


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Every message and dialog, in every state."""
    yield from _stuck_samples(w)
    yield from _freeze_samples(w)


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
        yield Sample(f"freeze{name}", partial(freeze.freeze_message, on))
        yield Sample(f"freeze{name}-visible", partial(freeze.freeze_visible, on))
        frozen = partial(status.status_message, queue_status(w), None, freeze=on)
        yield Sample(f"status-frozen{name}", frozen)
    yield Sample("unfreeze", partial(freeze.unfreeze_message, 4_000))
    yield Sample("unfreeze-visible", partial(freeze.unfreeze_visible, 4_000))
