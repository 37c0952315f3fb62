"""Messages to the next person on call, and about assigned incidents."""

from collections.abc import Iterator
from functools import partial

from bot.models.incidents import Handover
from bot.models.operations import Freeze
from bot.models.requests import Source
from bot.views.incidents import mutes
from bot.views.incidents.handover import handover_message
from tests.views.rows import progress
from tests.views.samples import Sample
from tests.views.samples_mutes import incident
from tests.views.samples_watch import named_mute
from tests.views.words import NOW, PLAIN, Words, utc


def samples(w: Words = PLAIN) -> Iterator[Sample]:
    """A quiet shift, a busy one, and more than a message shows."""
    owned = {"acknowledged_by": w.person, "acknowledged_at": NOW}
    few = (
        incident(w, **owned),
        incident(w, incident="I13", muted_until=utc(2025, 11, 8, 2)),
    )
    nothing = Handover(incidents=(), mutes=(), operations=(), freeze=None)
    busy = Handover(
        incidents=few,
        mutes=(named_mute(w, 1),),
        operations=(progress(w),),
        freeze=Freeze(by=w.person, at=NOW, reason=w.word),
    )
    many = Handover(
        incidents=few * 20,
        mutes=tuple(named_mute(w, number) for number in range(40)),
        operations=(progress(w),) * 40,
        freeze=None,
    )
    for name, handover in {"none": nothing, "busy": busy, "many": many}.items():
        yield Sample(f"handover-{name}", partial(handover_message, handover))
    yield Sample("handover-terminal", partial(handover_message, busy), source=Source.TERMINAL)
    own = incident(w, **owned, assigned_by=w.person)
    other = incident(w, **owned, assigned_by=w.channel)
    for name, assigned in {"taken": own, "done": other}.items():
        yield Sample(f"assign-{name}", partial(mutes.assigned, assigned))
        yield Sample(f"assign-{name}-visible", partial(mutes.assigned_visible, assigned))
