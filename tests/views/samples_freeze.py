"""Samples of messages about the change freeze."""

from collections.abc import Iterator
from functools import partial

from bot.models.operations import Freeze
from bot.views import status
from bot.views.operations import change_freeze
from tests.views.rows import queue_jobs
from tests.views.samples import Sample
from tests.views.words import NOW, PLAIN, Words


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """Yield the messages of a freeze, of the status during it, and of an unfreeze."""
    for name, reason in (("", w.reason), ("-without-reason", None)):
        on = Freeze(by=w.person, at=NOW, reason=reason)
        yield Sample(f"freeze{name}", partial(change_freeze.freeze_message, on))
        yield Sample(f"freeze{name}-visible", partial(change_freeze.freeze_visible, on))
        frozen = partial(status.status_message, queue_jobs(w), 5, None, freeze=on)
        yield Sample(f"status-frozen{name}", frozen)
    yield Sample("unfreeze", partial(change_freeze.unfreeze_message, 4_000))
    yield Sample("unfreeze-visible", partial(change_freeze.unfreeze_visible, 4_000))
