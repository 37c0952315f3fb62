"""Samples of App Home: without problems, with many, at its greatest size, and refused."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from bot.models.error_groups import ErrorGroups
from bot.models.health import Backfill
from bot.models.home import Counts, HomeData, HomeIncident
from bot.models.jobs import FailedJobList
from bot.models.metrics import Day, Point, QueueMetrics
from bot.models.operations import Freeze, Progress
from bot.models.queue_jobs import QueueJobs
from bot.models.refusals import Denied
from bot.models.requests import Message, Source
from bot.models.roles import Role
from bot.views import refusal
from bot.views.context import Context
from bot.views.reports import home
from tests.views.rows import failed_job
from tests.views.samples import Sample
from tests.views.samples_errors import group, pile
from tests.views.samples_watch import problems, watching
from tests.views.words import DIGEST, NOW, Words

FILLING = Backfill(rows=250_000, total=1_000_000, per_second=4_000, seconds_left=188)
HOUR = timedelta(hours=1)
FACTS = {"limit": 300, "waiting": 412, "exact": True, "workers": "still", "still": 720}


def incident(w: Words, id_: int, rule: str, **changed: object) -> HomeIncident:
    """Return an incident that was triggered 30 min ago and is not acknowledged."""
    values: dict[str, object] = {
        "id": id_,
        "rule": rule,
        "queue": w.queue,
        "error": None,
        "group": None,
        "since": NOW - timedelta(minutes=30),
        "count": 0,
        "left": 0,
        "value": 720,
        "peak": 900,
        "facts": FACTS,
        "acknowledged_by": None,
        "acknowledged_at": None,
    }
    return HomeIncident.model_validate(values | changed)


def of_group(w: Words, id_: int, **changed: object) -> HomeIncident:
    """Return an incident about new failures of one error group."""
    values = {"error": "E12", "group": w.group, "count": 61, "left": 38, "value": None, "facts": {}}
    return incident(w, id_, str(changed.pop("rule", "new_failures")), **{**values, **changed})


def day() -> Day:
    """Return a day whose first hours have no data."""
    known: list[QueueMetrics | None] = [
        QueueMetrics(
            pending=n * 3, reserved=2, failed=n, appeared=n % 4, processed=90, seconds=3_600
        )
        for n in range(20)
    ]
    points = tuple(
        Point(NOW - (24 - number) * HOUR, HOUR, figures)
        for number, figures in enumerate([*([None] * 4), *known])
    )
    return Day(points, (7, *(number % 4 for number in range(23))), 1_800)


def dashboard(w: Words, **changed: object) -> HomeData:
    """Return the data of a queue without problems."""
    values: dict[str, object] = {
        "health": watching(w).health,
        "counts": Counts(
            queues=(
                QueueJobs(queue=w.queue, pending=3, reserved=1, delayed=2, oldest_seconds=12),
                QueueJobs(queue="mail", pending=1, reserved=0, delayed=0, oldest_seconds=None),
            ),
            failed=0,
        ),
        "as_of": None,
        "day": Day(),
        "freeze": None,
        "at_work": (),
        "incidents": (),
        "incident_count": 0,
        "errors": ErrorGroups(errors=(), count=0, failed=0, since=None, timestamp=w.time),
        "indexing": False,
        "failed": FailedJobList(failed_jobs=(), count=0),
        "row_digests": {},
    }
    return HomeData.model_validate(values | changed)


def busy(w: Words, queues: int, rows: int, incidents: tuple[HomeIncident, ...]) -> HomeData:
    """Return data with these queues, failed jobs and incidents, a freeze and two operations."""
    work = Progress(
        operation=7,
        action="retry-all",
        state="running",
        total=3_000,
        done=1_200,
        skipped=3,
        actor=w.person,
        seconds=12,
    )
    jobs = tuple(
        QueueJobs(
            queue=w.queue if n == 0 else f"{n}{w.queue}",
            pending=60_000 - n,
            reserved=n,
            delayed=n % 3,
            oldest_seconds=700 - n,
        )
        for n in range(queues)
    )
    ids = range(45 + rows, 45, -1)
    failures = FailedJobList(failed_jobs=tuple(failed_job(id_, w) for id_ in ids), count=rows)
    errors = (*(group(w, error=f"E{n}") for n in range(1, home.GROUPS)), pile(w))
    return dashboard(
        w,
        counts=Counts(queues=jobs, failed=812_345),
        as_of=NOW - timedelta(seconds=90),
        day=day(),
        freeze=Freeze(by=w.person, at=NOW - timedelta(minutes=3), reason=w.reason),
        at_work=(work, work.model_copy(update={"operation": 6, "state": "waiting"})),
        incidents=incidents,
        incident_count=200,
        errors=ErrorGroups(errors=errors, count=200, failed=812_345, since=None, timestamp=w.time),
        indexing=True,
        failed=failures,
        row_digests=dict.fromkeys(ids, DIGEST),
    )


def every_incident(w: Words) -> tuple[HomeIncident, ...]:
    """Return as many incidents as Home lists, of the rules with the longest texts."""
    known = {"acknowledged_by": w.person, "acknowledged_at": NOW - timedelta(minutes=20)}
    return (
        of_group(w, 12),
        of_group(w, 11, **known),
        incident(w, 10, "oldest_job"),
        incident(w, 8, "failed_count", value=900, facts={"limit": 100}),
        of_group(w, 7, rule="summary", error=None, group=None, queue=None),
    )


def draw(make: HomeData, ctx: Context) -> Message:
    """Return the dashboard."""
    return home.home_message(make, ctx)


def refused(w: Words, ctx: Context, *, passing: bool) -> Message:
    """Return the Home that names the reason of a refusal."""
    denied = Denied(needed=Role.VIEWER, has=Role.NONE, holders=(w.person,))
    return home.refused_home(refusal.refusal_message(denied, ctx).blocks, ctx, passing=passing)


def samples(w: Words) -> Iterator[Sample]:
    """Yield every sample of Home."""
    late = dashboard(w, counts=None, errors=None, failed=None)
    shown = {
        "home-calm": partial(draw, dashboard(w)),
        "home-busy": partial(draw, busy(w, 3, 3, every_incident(w))),
        "home-full": partial(draw, busy(w, 60, home.FAILED + 1, every_incident(w))),
        "home-too-late": partial(draw, late),
        "home-first-minute": partial(draw, dashboard(w, estimated=True, backfill=FILLING)),
        "home-unwell": partial(draw, dashboard(w, health=watching(w, problems=problems(w)).health)),
        "home-refused": partial(refused, w, passing=False),
        "home-unverifiable": partial(refused, w, passing=True),
    }
    for name, make in shown.items():
        yield Sample(name, make, source=Source.HOME)
