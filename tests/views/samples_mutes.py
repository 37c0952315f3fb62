"""Samples of messages about acknowledged incidents and about mutes."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from bot.models.incidents import ListedIncident
from bot.models.mutes import Mute, MuteDetails, Topic
from bot.queue.layouts import LONGEST_QUEUE
from bot.views.incidents import mutes
from tests.views.samples import Sample
from tests.views.words import NOW, PLAIN, Words

RULES = (
    "new_failures",
    "oldest_job",
    "stuck_jobs",
    "failed_count",
    "backlog_growth",
    "no_worker_activity",
    "summary",
)


def incident(w: Words = PLAIN, **changed: object) -> ListedIncident:
    """Return an incident about new failures of one error group, posted 30 min ago."""
    values: dict[str, object] = {
        "incident": "I12",
        "rule": "new_failures",
        "queue": w.queue[:LONGEST_QUEUE],
        "error": "E7",
        "name": w.group,
        "triggered_at": NOW - timedelta(minutes=30),
        "count": 38,
        "value": None,
    }
    return ListedIncident.model_validate(values | changed)


def mute(w: Words = PLAIN, topic: Topic | None = None, minutes: int = 60) -> Mute:
    """Return a mute of this topic, by default of an error group."""
    until = NOW + timedelta(minutes=minutes)
    return Mute(topic=topic or Topic(error_group=7), by=w.person[:64], at=NOW, until=until)


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message and dialog, in every state."""
    for rule in RULES:
        grouped = rule == "new_failures"
        one = incident(
            w, rule=rule, error="E7" if grouped else None, name=w.group if grouped else None
        )
        yield Sample(f"acknowledged-{rule}", partial(mutes.acknowledged, one))
    whole = incident(w, rule="failed_count", queue=None, error=None, name=None)
    yield Sample("acknowledged-without-a-queue", partial(mutes.acknowledged, whole))
    yield Sample("acknowledged-visible", partial(mutes.acknowledged_visible, incident(w)))
    several = [incident(w, incident=f"I{number}") for number in range(1, 13)]
    yield Sample("acknowledged-all", partial(mutes.acknowledged_all, several))
    yield Sample("acknowledged-all-visible", partial(mutes.acknowledged_all_visible, several[:1]))
    unknown = incident(w, rule="newer", error=None, name=None)
    yield Sample("acknowledged-of-a-newer-rule", partial(mutes.acknowledged, unknown))
    queue = Topic(queue=w.queue[:LONGEST_QUEUE] or "–")
    for name, details in {
        "group": MuteDetails(mute=mute(w), name=w.group, incidents=1),
        "queue": MuteDetails(mute=mute(w, queue), no_jobs=True),
        "rule": MuteDetails(mute=mute(w, Topic(rule="oldest_job")), incidents=3),
        "rule-in-queue": MuteDetails(
            mute=mute(w, queue.model_copy(update={"rule": "oldest_job"})), incidents=1
        ),
        "extended": MuteDetails(mute=mute(w), name=w.group, extended=NOW),
    }.items():
        yield Sample(f"mute-{name}", partial(mutes.muted, details))
        yield Sample(f"mute-{name}-visible", partial(mutes.muted_visible, details))
        if name != "extended":
            yield Sample(f"unmute-{name}", partial(mutes.unmuted, details))
            yield Sample(f"unmute-{name}-visible", partial(mutes.unmuted_visible, details))
