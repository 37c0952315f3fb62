"""Samples of the details of one job."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from bot.models.jobs import FailedJobDetail, JobDetail
from bot.models.requests import Source
from bot.views import details
from tests.views.rows import failed_job, mixed_jobs
from tests.views.samples import Sample
from tests.views.words import DIGEST, RESERVED_AT, Words


def samples(w: Words) -> Iterator[Sample]:
    failed = FailedJobDetail(
        failed_job=failed_job(45, w),
        error_group=w.group,
        error="E12",
        exception=w.exception,
        payload=w.payload,
        row_digest=DIGEST,
        facts={"maxTries": "5", "tags": w.word},
    )
    words: list[Literal["pending", "delayed", "reserved"]]
    words = ["pending", "delayed", "reserved", "reserved"]
    for source in (Source.SLASH, Source.BUTTON, Source.TERMINAL):
        yield Sample(f"failed-job-{source}", partial(details.failed_detail, failed), source=source)
    largest = failed.model_copy(update={"failed_job": failed_job(10**18 - 1, w)})
    for source in (Source.SLASH, Source.BUTTON):
        name = f"failed-job-largest-id-{source}"
        yield Sample(name, partial(details.failed_detail, largest), source=source)
    for row, state in zip(mixed_jobs(w), words, strict=True):
        detail = JobDetail(
            job=row, state=state, payload=w.payload, row_digest=DIGEST, reserved_at=RESERVED_AT
        )
        name = f"job-{row.id}"
        yield Sample(name, partial(details.job_detail, detail))
        yield Sample(f"{name}-dialog", partial(details.job_detail, detail), source=Source.BUTTON)
