"""Samples of the digest: of one day and of several days, with all data and with none."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial

from bot.models.alert_rules import (
    BACKLOG_GROWTH,
    FAILED_COUNT,
    NEW_FAILURES,
    NO_WORKER_ACTIVITY,
    OLDEST_JOB,
    STUCK_JOBS,
    SUMMARY,
)
from bot.models.digest import (
    Backlog,
    Deeds,
    Digest,
    DigestIncident,
    DoneBy,
    Figure,
    Incidents,
    OpenGroup,
    OpenGroups,
    Waited,
)
from bot.models.requests import Message, Source
from bot.views.context import Context
from bot.views.reports import digest
from tests.views.samples import Sample
from tests.views.words import PLAIN, Words, utc

BEGAN = utc(2025, 11, 7, 5)


def digest_incident(w: Words, id_: int, rule: str, *, minutes: int | None = None) -> DigestIncident:
    """Return an incident: resolved after `minutes`, or active without them."""
    opened = BEGAN + timedelta(hours=id_)
    return DigestIncident(
        id=id_,
        rule=rule,
        queue=None if rule in (NEW_FAILURES, SUMMARY) else w.queue,
        error="E12" if rule == NEW_FAILURES else None,
        triggered_at=opened,
        resolved_at=None if minutes is None else opened + timedelta(minutes=minutes),
    )


def yesterday(w: Words = PLAIN, **changed: object) -> Digest:
    """Return the digest of a day with some of everything."""
    values: dict[str, object] = {
        "first": date(2025, 11, 7),
        "last": date(2025, 11, 7),
        "zone": "America/Lima",
        "since": BEGAN,
        "until": BEGAN + timedelta(days=1),
        "processed": Figure(count=12_345, before=11_400),
        "failed": Figure(count=61, before=73),
        "retried": Deeds(
            count=48,
            by=(DoneBy(actor=w.person, count=38), DoneBy(actor=w.terminal_name, count=10)),
        ),
        "deleted": Deeds(count=0),
        "groups": OpenGroups(
            groups=(
                OpenGroup(error="E12", name=w.group, failed=61),
                OpenGroup(error="E7", name=w.group, failed=2),
            ),
            count=2,
            failed=63,
        ),
        "incidents": Incidents(
            opened=3,
            over=2,
            seconds=720,
            longest=(
                digest_incident(w, 11, NO_WORKER_ACTIVITY, minutes=42),
                digest_incident(w, 10, NEW_FAILURES, minutes=12),
            ),
            open_now=(digest_incident(w, 12, OLDEST_JOB),),
            count_now=1,
        ),
        "waited": (
            Waited(at=BEGAN + timedelta(hours=9), queue=w.queue, seconds=2_520),
            Waited(at=BEGAN + timedelta(hours=10), queue=w.queue, seconds=610),
        ),
        "backlog": Backlog(at=BEGAN + timedelta(hours=9), pending=1_204),
        "gap_seconds": 0,
    }
    return Digest.model_validate(values | changed)


def weekend(w: Words) -> Digest:
    """Return the digest of three days with a gap; each list has its greatest length."""
    rules = (STUCK_JOBS, FAILED_COUNT, BACKLOG_GROWTH, SUMMARY, NEW_FAILURES)
    return yesterday(
        w,
        last=date(2025, 11, 9),
        processed=Figure(
            count=30_100, before=28_000, at_least=True, before_at_least=True, comparable=False
        ),
        failed=Figure(count=0, before=0),
        retried=Deeds(
            count=900,
            by=tuple(DoneBy(actor=w.person, count=100 + n) for n in range(5)),
            others=3,
        ),
        deleted=Deeds(count=1, by=(DoneBy(actor=w.terminal_name, count=1),)),
        groups=OpenGroups(
            groups=tuple(OpenGroup(error=f"E{n}", name=w.group, failed=n) for n in range(9, 4, -1)),
            count=40,
            failed=812_004,
        ),
        incidents=Incidents(
            opened=5_000,
            over=1,
            seconds=59,
            longest=tuple(digest_incident(w, n, rules[n], minutes=90 - n) for n in range(3)),
            open_now=tuple(digest_incident(w, 20 + n, rules[n]) for n in range(5)),
            count_now=12,
            more=True,
        ),
        gap_seconds=3 * 3_600,
    )


def nothing() -> Digest:
    """Return the digest of a day without data: the bot started late, and queries were too slow."""
    return yesterday(
        processed=Figure(count=None, at_least=True),
        failed=Figure(count=None, at_least=True),
        retried=None,
        deleted=None,
        groups=None,
        incidents=None,
        waited=(),
        backlog=None,
        gap_seconds=None,
        began_at=BEGAN + timedelta(hours=23),
    )


def quiet() -> Digest:
    """Return the digest of a day that was fully monitored and on which nothing happened."""
    return yesterday(
        processed=Figure(count=0, before=0),
        failed=Figure(count=0, before=4),
        retried=Deeds(count=0),
        groups=OpenGroups(groups=(), count=0, failed=0),
        incidents=Incidents(opened=0, over=0, seconds=None, longest=(), open_now=(), count_now=0),
        waited=(),
        backlog=None,
    )


def samples(w: Words) -> Iterator[Sample]:
    """Yield each digest as a message; one in the terminal."""

    def shown(report: Digest, ctx: Context) -> Message:
        return digest.digest_message(report, ctx)

    one_group = OpenGroups(
        groups=(OpenGroup(error="E12", name=w.group, failed=1),), count=1, failed=1
    )
    yield Sample("digest", partial(shown, yesterday(w)))
    yield Sample("digest-terminal", partial(shown, yesterday(w)), Source.TERMINAL)
    yield Sample("digest-weekend", partial(shown, weekend(w)))
    yield Sample("digest-nothing-known", partial(shown, nothing()))
    no_samples = yesterday(
        w,
        processed=Figure(count=None, at_least=True),
        waited=(),
        backlog=None,
        gap_seconds=86_400,
        groups=one_group,
    )
    yield Sample("digest-no-samples", partial(shown, no_samples))
    yield Sample("digest-quiet", partial(shown, quiet()))
