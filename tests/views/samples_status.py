"""Samples of the status."""

from collections.abc import Iterator
from functools import partial

from bot.models.queue_jobs import QueueJobs
from bot.models.requests import Source
from bot.views import status
from tests.views.rows import queue_jobs
from tests.views.samples import Sample
from tests.views.words import NOW, Words


def samples(w: Words) -> Iterator[Sample]:
    alarm = queue_jobs(w, oldest_seconds=4_000)
    many = tuple(
        QueueJobs(queue=f"{w.queue}{n}", pending=n, reserved=0, delayed=0, oldest_seconds=n)
        for n in range(1, 101)
    )
    yield Sample("status", partial(status.status_message, queue_jobs(w), 5, None))
    estimated = partial(status.status_message, alarm, 5, None, estimated=True)
    yield Sample("status-estimated", estimated)
    yield Sample("status-alarm-sampled", partial(status.status_message, alarm, 5, NOW))
    home = partial(status.status_message, alarm, 5, None)
    yield Sample("status-home", home, source=Source.HOME)
    yield Sample("status-piled-up", partial(status.status_message, queue_jobs(w), 1_234, None))
    yield Sample("status-empty", partial(status.status_message, (), 0, None))
    delayed = queue_jobs(w)[1:]
    yield Sample("status-delayed-only", partial(status.status_message, delayed, 0, None))
    yield Sample("status-many-queues", partial(status.status_message, many, 5, None))
