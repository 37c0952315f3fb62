"""Samples of messages about the approval of a second person."""

from collections.abc import Iterator
from functools import partial

from bot.models.operations import Decision, Progress, Scope
from bot.views.operations import approval
from tests.views.samples import Sample
from tests.views.words import NOW, PLAIN, Words


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield the request, its end, and the answers to the requester and the approver."""
    scope = Scope(queue=w.queue, order_id=str(w.order))
    for state in ("awaiting", "declined", "expired"):
        progress = Progress(
            operation=12, action="clear-failed", state=state, total=32, done=0, skipped=0,
            actor=w.person, seconds=0, scope=scope, until=NOW,
        )  # fmt: skip
        yield Sample(f"approval-{state}", partial(approval.request_message, progress))
        if state == "awaiting":
            yield Sample("approval-requested", partial(approval.requested, progress))
    decision = Decision(operation=12, action="retry-all", total=32, by=w.terminal_name)
    for view in ("approved", "approved_visible", "declined", "declined_visible"):
        name = f"approval-answer-{view.replace('_', '-')}"
        yield Sample(name, partial(getattr(approval, view), decision))
