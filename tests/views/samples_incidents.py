"""Samples of alerts in each state, and of the replies in their threads."""

from collections.abc import Callable, Iterator
from functools import partial

from bot.models.alert_rules import METRIC_RULES
from bot.models.requests import Message
from bot.text import Plain
from bot.views.context import Context
from bot.views.incidents import alert, alert_parts, rule_alert
from bot.views.incidents.alert_parts import Ending
from tests.views.samples import Sample
from tests.views.words import DIGEST, NOW, PLAIN, Words, utc

EARLIER = utc(2025, 11, 8, 0, 18)
GROUP_ID = "S0OPS00001"


def card(w: Words = PLAIN, **changed: object) -> alert.FailedJobAlert:
    """Return the alert of a failed job."""
    values: dict[str, object] = {
        "failed_id": 45,
        "queue": w.queue,
        "job_class": w.job_class,
        "order_id": w.order,
        "tienda_id": w.tienda,
        "error": w.error,
        "failed_at": utc(2025, 11, 7, 22, 45, 59),
        "row_digest": DIGEST,
    }
    return alert.FailedJobAlert.model_validate(values | changed)


def incident_view(**changed: object) -> alert_parts.IncidentView:
    """Return an active incident."""
    values: dict[str, object] = {"id": 12, "rule": "new_failures", "triggered_at": EARLIER}
    return alert_parts.IncidentView.model_validate(values | changed)


def group(w: Words = PLAIN, **changed: object) -> alert.ErrorGroupAlert:
    """Return the alert of an error group with ten thousand failures."""
    values: dict[str, object] = {
        "error_group": 7,
        "name": w.error,
        "queue": w.queue,
        "count": 10_000,
        "left": 10_000,
        "retried": 0,
        "deleted": 0,
        "newest": tuple(card(w, failed_id=10_045 - number) for number in range(3)),
        "first_at": EARLIER,
        "last_at": NOW,
    }
    return alert.ErrorGroupAlert.model_validate(values | changed)


def samples(w: Words) -> Iterator[Sample]:
    """Yield every message about an incident."""
    seen = incident_view(
        acknowledged_by=w.person, acknowledged_at=NOW, muted_until=utc(2025, 11, 8, 2)
    )
    of_queue = incident_view(queue=w.queue[:80])
    yield Sample("alert-open", partial(alert.failure_message, card(w), of_queue))
    yield Sample("alert-acknowledged-muted", partial(alert.failure_message, card(w), seen))
    for name, assigned_by in {"taken-over": w.person, "assigned": w.channel}.items():
        assigned = incident_view(
            acknowledged_by=w.person, acknowledged_at=NOW, assigned_by=assigned_by
        )
        yield Sample(f"alert-{name}", partial(alert.failure_message, card(w), assigned))
    quiet = incident_view(resolution="quiet", quiet_seconds=3_600)
    yield Sample("alert-quiet", partial(alert.failure_message, card(w), quiet))
    for state in ("retried", "deleted", "gone"):
        settled = card(w, state=state, by=w.person, at=NOW)
        yield Sample(f"alert-{state}", partial(alert.failure_message, settled, incident_view()))
        unknown = card(w, state=state)
        yield Sample(
            f"alert-{state}-unknown", partial(alert.failure_message, unknown, incident_view())
        )
    yield from _group_samples(w)
    for left in (37, 12, 1, 0):
        summary = incident_view(triggered_at=utc(2025, 11, 8, 0, 29), rule="summary")
        yield Sample(f"summary-{left}-left", partial(_summary, 37, left, summary))
    yield from _thread_samples(w)
    for rule in METRIC_RULES:
        yield from _metric_samples(w, rule)


def _group_samples(w: Words) -> Iterator[Sample]:
    by = {"by": w.person, "at": NOW}
    shown = group(w)
    yield Sample("alert-group-open", partial(alert.group_message, shown, incident_view()))
    few = group(w, count=2, left=2, queue=None, newest=shown.newest[:2])
    yield Sample("alert-group-of-two", partial(alert.group_message, few, incident_view()))
    part = group(w, left=9_000, retried=900, deleted=99, **by)
    seen = incident_view(
        acknowledged_by=w.person, acknowledged_at=NOW, muted_until=utc(2025, 11, 8, 2)
    )
    yield Sample("alert-group-partly", partial(alert.group_message, part, seen))
    done = group(w, count=40, left=0, retried=38, deleted=2, newest=(), **by)
    yield Sample("alert-group-waits", partial(alert.group_message, done, incident_view()))
    over = incident_view(resolution="recovered", ending=_ending(36, 2, 38))
    yield Sample("alert-group-recovered", partial(alert.group_message, done, over))
    quiet = incident_view(resolution="quiet", quiet_seconds=3_600)
    yield Sample(
        "alert-group-quiet", partial(alert.group_message, group(w, count=40, left=3), quiet)
    )


def _summary(count: int, left: int, state: alert_parts.IncidentView, ctx: Context) -> Message:
    return alert.summary_message(count, left, NOW, state, ctx)


def _thread_samples(w: Words) -> Iterator[Sample]:
    unseen = partial(
        alert_parts.escalated_message, 900, Plain("40 failed jobs"), None, incident_view()
    )
    yield Sample("thread-unseen", unseen)
    acknowledged = incident_view().model_copy(
        update={"acknowledged_by": w.person[:64], "acknowledged_at": NOW}
    )
    reminder = partial(alert_parts.reminder_message, 14_400, Plain("40 failed jobs"), acknowledged)
    yield Sample("thread-reminder", reminder)
    grown = partial(
        alert_parts.escalated_message, 900, Plain("400 jobs"), Plain("38 jobs"), incident_view()
    )
    yield Sample("thread-grown", grown)
    back = partial(alert_parts.reopened_message, 1_200, Plain("1 failed job"), incident_view())
    yield Sample("thread-reopened", back)
    for name, figures in (("known", (38, 2, 40)), ("one", (1, 0, 1)), ("none", (None, None, 0))):
        yield Sample(f"thread-recovered-{name}", _recovered(*figures))
    yield Sample("thread-recovered-retried", _recovered(None, None, 38))
    queue = {"queue": w.queue}
    for name, meant in (
        ("of-queue", _meanwhile(38, 2, of="queue", **queue)),
        ("of-all", _meanwhile(38, 2, of="all")),
        ("of-one-in-all", _meanwhile(1, 1, of="all", **queue)),
        ("only-failed", _meanwhile(None, 0, of="all", **queue)),
        ("of-nothing", _meanwhile(None, None, of="all", **queue)),
    ):
        yield Sample(
            f"thread-recovered-{name}",
            partial(alert_parts.recovered_message, incident_view(), meant),
        )
    yield Sample("alert-called", partial(_called, card(w)))


def _meanwhile(processed: int | None, failed: int | None, **of: str | None) -> Ending:
    return Ending.model_validate({"seconds": 720, "processed": processed, "failed": failed, **of})


def _ending(processed: int | None, failed: int | None, retried: int) -> Ending:
    return Ending(seconds=720, processed=processed, failed=failed, retried=retried)


def _recovered(
    processed: int | None, failed: int | None, retried: int
) -> Callable[[Context], Message]:
    ending = _ending(processed, failed, retried)
    return partial(alert_parts.recovered_message, incident_view(), ending)


def _called(shown: alert.FailedJobAlert, ctx: Context) -> Message:
    drawn = alert.failure_message(shown, incident_view(), ctx)
    return alert_parts.with_group_mention(drawn, GROUP_ID, ctx)


def _metric_samples(w: Words, rule: str) -> Iterator[Sample]:
    queue = None if rule == "failed_count" else w.queue
    shown = rule_alert.RuleAlert(rule=rule, queue=queue, value=700, peak=900, facts={})
    for resolution in (None, "recovered"):
        ending = _meanwhile(38, 2, of="all", queue=queue) if resolution else None
        now = incident_view(rule=rule, resolution=resolution, queue=queue, ending=ending)
        drawn = partial(rule_alert.rule_alert_message, shown, now)
        yield Sample(f"alert-{rule}-{resolution or 'open'}", drawn)
    if rule == "stuck_jobs":
        for jobs in ([[104, 301, 1_762_533_909]], [[104, 4_210], [103, 403]]):
            facts = {"limit": 300, "held": len(jobs), "counted": "exact", "jobs": jobs}
            stuck = shown.model_copy(update={"facts": facts})
            drawn = partial(rule_alert.rule_alert_message, stuck, incident_view(rule=rule))
            yield Sample(f"alert-stuck_jobs-{len(jobs)}", drawn)
