"""Samples of messages about one order: its events, and its history with outcomes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from bot.models.actions import counted_as
from bot.models.requests import Source
from bot.models.story import Act, Became, Event, Failure, Gone, Queued, Retrier, Retries, Story
from bot.models.subject_search import FoundJob, JobPlace, Looked
from bot.text import Mrkdwn
from bot.views.audit import records, story
from bot.views.context import Context, Links
from tests.views.rows import audit_line, job
from tests.views.samples import Sample
from tests.views.words import ACTIONS, DIGEST, NOW, PLAIN, Shown, Words

ALL = Looked(newest=812)


def ago(minutes: float) -> datetime:
    """Return the time that is this many minutes before now."""
    return NOW - timedelta(minutes=minutes)


def failure(w: Words = PLAIN, *, id_: int = 45, minutes: float = 60, there: bool = True) -> Failure:
    """Return a failure of the order."""
    return Failure(
        at=ago(minutes),
        failed_id=id_,
        queue=w.queue,
        job_class=w.job_class,
        order_id=str(w.order),
        tienda_id=str(w.tienda),
        error=w.error,
        row_digest=DIGEST,
        there=there,
    )


def act(w: Words = PLAIN, *, minutes: float = 50, **changed: Any) -> Act:
    """Return a retry, or another action that a person took or was refused."""
    values: dict[str, Any] = {
        "at": ago(minutes),
        "actor": w.person,
        "action": "retry",
        "outcome": "ok",
        "row": "failed",
        "row_id": 45,
        "job_id": 812,
    }
    values |= changed
    counts_as = counted_as(ACTIONS, values["action"])
    return Act.model_validate(values | {"counts_as": counts_as})


def queued(w: Words = PLAIN, *, id_: int = 815, state: JobPlace = "pending") -> Queued:
    """Return a job of the order."""
    held = {"reserved_at_human": "2025-11-07 19:20:00"} if state == "reserved" else {}
    at = {"available_at_human": "2025-11-07 20:00:00"} if state == "delayed" else {}
    return Queued(
        at=ago(5),
        found=FoundJob(
            job=job(id_, w, **held, **at),
            state=state,
            created_at=ago(5),
            row_digest=DIGEST,
            payload_digest=DIGEST,
            reserved_at=1_762_530_000,
        ),
    )


def story_of(w: Words, events: list[Event], **changed: Any) -> Story:
    """Return a story with these events."""
    values: dict[str, Any] = {
        "order_id": w.order if isinstance(w.order, str) else str(w.order),
        "tienda_id": None,
        "events": tuple(events),
        "retries": Retries(),
        "jobs": ALL,
        "about": None,
    }
    return Story.model_validate(values | changed)


def everything(w: Words) -> list[Event]:
    """Return one event of each kind, oldest first."""
    again = Became(fate="failed-again", at=ago(49), failed_id=52)
    return [
        failure(w, there=False),
        act(w, minutes=55, outcome="denied", reason=w.reason, actor=w.terminal_name, job_id=None),
        act(w, became=again),
        failure(w, id_=52, minutes=49, there=False),
        act(w, minutes=40, row_id=52, action="retry-all", operation=7, job_id=None),
        failure(w, id_=60, minutes=39, there=False),
        Gone(at=ago(30), failed_id=60, queue=w.queue),
        act(w, minutes=25, row="order", row_id=0, job_id=None, action="retry", outcome="started"),
        act(w, minutes=20, row="job", row_id=813, job_id=None, action="delete", kept=True),
        failure(w, id_=61, minutes=10),
        queued(w),
        queued(w, id_=816, state="delayed"),
        queued(w, id_=817, state="reserved"),
    ]


def retries(w: Words, *people: int, last: Became | None = None) -> Retries:
    """Return the number of retries by each person."""
    by = tuple(
        Retrier(actor=w.person if n == 0 else "U0ANA00001", count=count)
        for n, count in enumerate(people)
    )
    return Retries(count=sum(people), by=by, last=last)


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message and dialog, in every state."""
    processed = Became(fate="processed", at=NOW)
    whole = story_of(w, everything(w), retries=retries(w, 2, 1, last=processed), indexing=True)
    links = Links(
        order="https://shop.example.com/orders/{order_id}?shop={tienda_id}",
        job="https://admin.example.com/jobs/{job_id}",
    )
    yield Sample("find", partial(story.story_message, whole), links=links)
    yield Sample("find-terminal", partial(story.story_message, whole), source=Source.TERMINAL)
    many = [failure(w, id_=100 + n, minutes=60 - n) for n in range(30)]
    yield Sample("find-many", partial(story.story_message, story_of(w, list(many))))
    earlier = [failure(w, id_=1_000 + n, minutes=200 - n) for n in range(150)]
    yield Sample("find-150", partial(story.story_message, story_of(w, list(earlier))))
    most = story_of(w, list(many), more=True, tienda_id=str(w.tienda)[:64])
    yield Sample("find-more", partial(story.story_message, most))
    for name, looked, about in (
        ("none", ALL, None),
        ("none-empty", Looked(newest=0), None),
        ("none-newest", Looked(newest=5_000, complete=False, in_time=False), None),
        ("none-ends", Looked(newest=20_000, oldest=5_000, complete=False), 3_000_000),
    ):
        nothing = story_of(w, [], jobs=looked, about=about)
        yield Sample(f"find-{name}", partial(story.story_message, nothing))
    yield from _history_samples(w)


def _history_samples(w: Words) -> Iterator[Sample]:
    undone = Became(fate="no-longer-queued", by=w.person, how=w.word)
    outcomes = (None, undone, Became(fate="failed-otherwise", failed_id=52))
    for name, people, last in (
        ("one-retry", (1,), outcomes[0]),
        ("retries-of-one", (3,), outcomes[1]),
        ("retries-of-many", (3, 2, 1, 1, 1, 1, 1), outcomes[2]),
    ):
        yield Sample(f"history-{name}", partial(_history, w, retries(w, *people, last=last)))
    none = partial(records.history_message, [], Mrkdwn(), {"order": "1"}, more=False)
    yield Sample("history-none-here", none)


def _history(w: Words, past_retries: Retries, ctx: Context) -> Shown:
    lines = [audit_line(w, id=9, seq=12, hash=w.hash)]
    asked: dict[str, str | int] = {"order": str(w.order)[:64], "since": "24h", "limit": 1}
    return records.history_message(
        lines, story.retries_line(past_retries, ctx), asked, ctx, more=True
    )
