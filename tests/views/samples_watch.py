"""Samples of messages about the state of the monitoring."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from bot.models.health import Backfill, Health, HealthProblem, Undelivered, WatcherState
from bot.models.incidents import Limits, QueueCheck, WatchExtra, Watching, WatchRoute
from bot.models.mutes import NamedMute
from bot.models.requests import Source
from bot.queue.layouts import LONGEST_QUEUE
from bot.views.incidents.watch import watch_message
from tests.views.samples import Sample
from tests.views.samples_mutes import RULES, incident
from tests.views.words import NOW, PLAIN, Words

LIMITS = Limits(
    oldest_seconds=300,
    reserved_seconds=300,
    failed_count=100,
    backlog_count=500,
    no_worker_activity_seconds=300,
    alerts_per_minute=20,
    escalate_seconds=900,
    remind_seconds=14_400,
    resolve_seconds=60,
    worker_seconds=90,
)


def state(w: Words = PLAIN, **changed: object) -> WatcherState:
    """Return the state of a replica that has been the leader for two hours."""
    values: dict[str, object] = {
        "replica": w.detail[:64] or "–",
        "since": NOW - timedelta(hours=2),
        "until": NOW + timedelta(seconds=8),
        "epoch": 1_234,
        "passed_at": NOW - timedelta(seconds=3),
        "pass_ms": 12,
        "worst_ms": 88,
        "worst_at": NOW - timedelta(minutes=20),
    }
    return WatcherState.model_validate(values | changed)


def extra(w: Words = PLAIN, **changed: object) -> WatchExtra:
    """Return settings with alerts, and a digest on three days of the week."""
    values: dict[str, object] = {
        "alert_channel": w.channel,
        "digest_channel": w.channel,
        "digest_at": "09:00",
        "digest_days": (0, 2, 6),
        "zone": "America/Lima",
        "reserved_too_soon": False,
    }
    return WatchExtra.model_validate(values | changed)


def named_mute(w: Words, number: int = 0) -> NamedMute:
    """Return a mute of a queue, a group or a rule, in turn by number."""
    rule = number % 3
    return NamedMute(
        error=f"E{number}" if rule == 1 else None,
        name=w.group if rule == 1 else None,
        queue=(w.queue[:LONGEST_QUEUE] or "–") if rule == 0 else None,
        alert="oldest_job" if rule == 2 else None,
        by=w.person[:64],
        at=NOW,
        until=NOW + timedelta(minutes=30 + number),
    )


def watching(w: Words = PLAIN, incidents: int = 0, mutes: int = 0, **changed: object) -> Watching:
    """Return this number of active incidents and mutes, with each rule in turn."""
    open_ones = tuple(
        incident(
            w,
            incident=f"I{900 - number}",
            rule=RULES[number % len(RULES)],
            name=w.group if number % len(RULES) == 0 else None,
            acknowledged_by=w.person[:64] if number % 2 else None,
            muted_until=NOW + timedelta(hours=1) if number % 3 else None,
        )
        for number in range(incidents)
    )
    muted = tuple(named_mute(w, number) for number in range(mutes))
    wrong = {name: changed.pop(name, ()) for name in ("undelivered", "problems")}
    health = Health.model_validate({"watcher": state(w, **changed), **wrong})
    return Watching(limits=LIMITS, incidents=open_ones, mutes=muted, health=health)


def _route(w: Words, number: int) -> WatchRoute:
    """Return a route that sets everything, or nothing."""
    queues = (w.queue[:LONGEST_QUEUE] or "–", "mail-*")
    if number % 2:
        return WatchRoute(queues=queues[1:])
    return WatchRoute(
        queues=queues,
        channel=w.channel,
        mention="S07ONCALL001",
        oldest_seconds=600,
        no_worker_activity_seconds=120,
        backlog_count=1,
        quiet_from="22:00",
        quiet_until="07:00",
    )


def _late(w: Words) -> tuple[Undelivered, ...]:
    since = NOW - timedelta(minutes=12)
    channel = w.channel[:32] or "–"
    return (
        Undelivered(channel=channel, count=3, since=since, error=w.error[:64]),
        Undelivered(channel=channel, count=1, since=since),
    )


def problems(w: Words = PLAIN) -> tuple[HealthProblem, ...]:
    """Return one problem of each kind that a leader can have."""
    since = NOW - timedelta(minutes=4)
    error = w.error[:64]
    return (
        HealthProblem(part="watcher", code="stalled", since=since),
        HealthProblem(part="failures", code="step-failing", since=since, step="index", error=error),
        HealthProblem(part="metrics", code="step-late", since=since, step="sample"),
        HealthProblem(part="watcher", code="step-late", since=since, step="of-a-newer-version"),
        HealthProblem(part="failures", code="index-lag", since=since, row=810_005),
        HealthProblem(part="audit", code="unsealed", since=since, row=1_234),
        HealthProblem(part="audit", code="audit-key-missing", audit_key="0f3a9c2e5b7d1864"),
        HealthProblem(part="audit", code="forged-link", row=17),
        HealthProblem(part="audit", code="forged-record", since=since, row=1_235),
        HealthProblem(part="audit", code="cursor-reset", since=since, error="audit_settled"),
        HealthProblem(part="metrics", code="sample-old", since=since),
        HealthProblem(part="metrics", code="sample-missing", since=since),
        HealthProblem(part="times", code="zone-offset", minutes=300),
        HealthProblem(part="outbox", code="unseen", error=error),
    )


NOBODY = HealthProblem(part="watcher", code="nobody", since=NOW + timedelta(seconds=8))


def _without_figures(overview: Watching) -> Watching:
    """Return the overview of the first ten seconds, which has no figures yet."""
    none = dict.fromkeys(("pass_ms", "worst_ms", "worst_at", "passed_at"))
    health = Health(watcher=overview.health.watcher.model_copy(update=none), problems=())
    return overview.model_copy(update={"health": health})


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message and dialog, in every state."""
    usual = extra(w)
    one_of_each = {
        "watch": (watching(w), usual),
        "watch-some": (watching(w, 7, 3), usual),
        "watch-most": (watching(w, 200, 100), extra(w, reserved_too_soon=True)),
        "watch-nobody": (watching(w, replica=None, since=None, problems=(NOBODY,)), usual),
        "watch-just-begun": (_without_figures(watching(w, since=NOW)), usual),
        "watch-problems": (watching(w, problems=problems(w)), usual),
        "watch-unseen": (watching(w, problems=problems(w)[-1:]), usual),
        "watch-dear": (watching(w, pass_ms=150, worst_ms=1_234), usual),
        "watch-undelivered": (watching(w, undelivered=_late(w)), usual),
        "watch-nothing-set": (
            watching(w, worst_ms=None, worst_at=None),
            extra(w, alert_channel=None, digest_at=None, reserved_too_soon=True),
        ),
    }
    checks = tuple(
        QueueCheck(queue=w.queue[:LONGEST_QUEUE] or "–", checked_at=NOW - timedelta(seconds=ago))
        for ago in (195, 7, 2)
    )
    filling = Backfill(rows=250_000, total=1_000_000, per_second=4_000, seconds_left=188)
    one_of_each["watch-first-minute"] = (watching(w), extra(w, checks=checks, backfill=filling))
    regrouping = Backfill(rows=1, total=9, per_second=None, seconds_left=None, regrouping=True)
    one_of_each["watch-regrouping"] = (watching(w), extra(w, backfill=regrouping))
    relabeling = Backfill(rows=1, total=9, per_second=None, seconds_left=None, relabeling=True)
    one_of_each["watch-relabeling"] = (watching(w), extra(w, backfill=relabeling))
    for name, (overview, more) in one_of_each.items():
        yield Sample(name, partial(watch_message, overview, more))
    routes = tuple(_route(w, number) for number in range(8))
    yield Sample("watch-routes", partial(watch_message, watching(w), extra(w, routes=routes)))
    overview = watching(w, 10, 8)
    yield Sample("watch-terminal", partial(watch_message, overview, usual), source=Source.TERMINAL)
