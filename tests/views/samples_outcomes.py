"""Samples of messages about the outcomes of retried jobs."""

from collections.abc import Iterator
from functools import partial

from bot.models.retry_outcomes import Outcomes, RetryOutcome
from bot.views.incidents import alert as incident
from bot.views.operations import outcomes as messages
from bot.views.operations import progress as bulk
from tests.views.rows import progress
from tests.views.samples import Sample
from tests.views.samples_incidents import card, incident_view
from tests.views.words import NOW, PLAIN, Words


def outcome(w: Words = PLAIN, number: int = 0, **changed: object) -> RetryOutcome:
    """Return the outcome of failed job 45 + `number`: processed unless changed."""
    values: dict[str, object] = {
        "failed_id": 45 + number,
        "job_id": 812 + number,
        "queue": w.queue,
        "job_class": w.job_class,
        "order_id": w.order,
        "state": "processed",
        "seconds": 4,
    }
    return RetryOutcome.model_validate(values | changed)


def retry_outcomes(w: Words = PLAIN) -> dict[str, RetryOutcome]:
    """Return every outcome of one job, by name."""
    new = {"again_id": 61, "error": w.error}
    return {
        "waiting": outcome(w, state="waiting"),
        "late": outcome(w, state="waiting", late=True, seconds=603),
        "processed": outcome(w),
        "failed-same": outcome(w, state="failed-again", same=True).model_copy(update=new),
        "failed-again": outcome(w, state="failed-again").model_copy(update=new),
        "failed-otherwise": outcome(w, state="failed-otherwise").model_copy(update=new),
        "deleted": outcome(w, state="no-longer-queued", how="delete"),
        "deleted-by": outcome(w, state="no-longer-queued", how="delete", by=w.person),
        "undone": outcome(w, state="no-longer-queued", how="undo", by=w.person),
        "no-longer-queued": outcome(w, state="no-longer-queued"),
        "stopped-following": outcome(w, state="stopped-following", seconds=86_410),
    }


def counts(**changed: object) -> Outcomes:
    """Return the outcomes of 100 jobs, most of them processed."""
    values: dict[str, object] = {
        "processed": 91,
        "failed_again": 4,
        "failed_otherwise": 3,
        "waiting": 0,
        "no_longer_queued": 2,
        "seconds": 754,
        "state": "settled",
    }
    return Outcomes.model_validate(values | changed)


def bulk_counts(w: Words = PLAIN) -> dict[str, tuple[str, Outcomes]]:
    """Return the state of an operation and its counts, by name, for every state of a bulk retry."""
    nothing = {"failed_again": 0, "failed_otherwise": 0, "no_longer_queued": 0}
    canary = {**nothing, "processed": 2, "canary": 3, "seconds": 9}
    failed = {**canary, "failed_again": 1, "error": w.error}
    return {
        "following": ("done", counts(processed=80, waiting=11, state="following")),
        "settled": ("done", counts()),
        "all-processed": ("done", counts(processed=100, **nothing)),
        "not-followed": ("done", counts(waiting=1, processed=90, state="stopped")),
        "cancelled": ("cancelled", counts()),
        "canary": ("waiting", counts(waiting=1, state="following", **canary)),
        "canary-errors": (
            "waiting",
            counts(waiting=1, state="following", canary_errors=2, **canary),
        ),
        "canary-failed": ("stopped", counts(**failed)),
    }


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield every message, in every state."""
    for name, (state, outcome_counts) in bulk_counts(w).items():
        reason = name if state == "stopped" else None
        done = 3 if outcome_counts.canary else 100
        values = {"state": state, "done": done, "outcomes": outcome_counts, "reason": reason}
        now = progress(w, total=100, kept=True, **values)
        yield Sample(f"outcomes-bulk-{name}", partial(bulk.progress_message, now))
        reply = partial(messages.outcomes_message, outcome_counts, w.person)
        yield Sample(f"outcomes-bulk-reply-{name}", reply)
    for reason in ("canary-silent", "canary-gone"):
        now = progress(w, state="stopped", total=100, done=3, reason=reason)
        yield Sample(f"outcomes-{reason}", partial(bulk.progress_message, now))
    by_name = retry_outcomes(w)
    for name, one in by_name.items():
        yield Sample(f"outcome-{name}", partial(messages.request_message, [one], w.person))
        if name != "waiting":
            yield Sample(f"outcome-reply-{name}", partial(messages.reply_message, [one], w.person))
    every = [one.model_copy(update={"failed_id": 45 + n}) for n, one in enumerate(by_name.values())]
    twenty = [outcome(w, number) for number in range(20)]
    for name, many in (("several", every), ("twenty", twenty)):
        yield Sample(f"outcomes-{name}", partial(messages.request_message, many, w.person))
        yield Sample(f"outcomes-reply-{name}", partial(messages.reply_message, many, w.person))
    yield Sample("outcome-terminal", partial(messages.reply_message, [by_name["late"]], "ana"))
    alert = card(w, state="retried", by=w.person, at=NOW, outcome=by_name["failed-otherwise"])
    yield Sample(
        "alert-retried-failed-again", partial(incident.failure_message, alert, incident_view())
    )
