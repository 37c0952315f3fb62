"""Samples of the lists of jobs and of failed jobs."""

from collections.abc import Iterator
from functools import partial

from bot.models.requests import Source
from bot.views.context import Links
from tests.views.rows import failed_job, failed_list, job, job_list, mixed_jobs
from tests.views.samples import Sample
from tests.views.words import Words


def samples(w: Words) -> Iterator[Sample]:
    links = Links(
        order="https://shop.example.com/orders/{order_id}",
        job="https://admin.example.com/{queue}/{job_id}",
    )
    filtered = w.queue[:255]  # the longest queue that the arguments of the two lists allow
    two = tuple(failed_job(id_, w) for id_ in (46, 45))
    many = tuple(failed_job(id_, w) for id_ in range(60, 45, -1))
    yield Sample("failed", partial(failed_list, two))
    yield Sample("failed-home", partial(failed_list, two), source=Source.HOME)
    yield Sample("failed-linked", partial(failed_list, two), links=links)
    yield Sample("failed-paged", partial(failed_list, many, queue=filtered))
    yield Sample("failed-none", partial(failed_list, (), queue=filtered))
    each = tuple(failed_job(id_, w) for id_ in range(10**18, 10**18 - 200, -1))
    yield Sample("failed-typed-limit", partial(failed_list, many[:12], limit=12, whole=True))
    yield Sample("failed-50", partial(failed_list, each[:50], whole=True))
    yield Sample("failed-200", partial(failed_list, each, limit=200, queue=filtered, whole=True))
    yield Sample("failed-terminal", partial(failed_list, many), source=Source.TERMINAL)
    jobs = mixed_jobs(w)
    yield Sample("jobs", partial(job_list, jobs))
    unknown = job(127, w, reserved_at_human="at noon")
    yield Sample("jobs-reserved-at-no-time", partial(job_list, (unknown,)))
    yield Sample("jobs-linked", partial(job_list, jobs), links=links)
    yield Sample("jobs-limit-reached", partial(job_list, jobs, limit=4, queue=filtered))
    yield Sample("jobs-many", partial(job_list, tuple(job(id_, w) for id_ in range(40, 20, -1))))
    each_job = tuple(job(id_, w) for id_ in range(2_200, 2_000, -1))
    yield Sample("jobs-typed-limit", partial(job_list, each_job[:12], limit=12, whole=True))
    yield Sample("jobs-50", partial(job_list, each_job[:50], whole=True))
    yield Sample("jobs-200", partial(job_list, each_job, limit=200, whole=True))
    yield Sample("jobs-none", partial(job_list, ()))
    yield Sample("jobs-partial", partial(job_list, jobs, queue=filtered, in_part=True))
    yield Sample("jobs-partial-none", partial(job_list, (), queue=filtered, in_part=True))
    yield Sample("jobs-terminal", partial(job_list, jobs), source=Source.TERMINAL)
