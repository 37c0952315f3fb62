"""`acknowledge all` acknowledges what people have seen, once, and names every incident."""

from datetime import timedelta
from functools import partial

from bot.store.incidents import transitions
from bot.store.incidents.transitions import group_subject
from bot.store.tables import incidents
from tests.kit.on_call import opened, posted_bodies, records, text_of, within
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, SAM, ask, codes, make_setup


def test_all_posted_incidents_are_acknowledged_once_and_named(queue: TestQueue) -> None:
    setup = make_setup(queue)
    first, unposted, resolved, last = (
        opened(setup, group_subject(number, "netsuite")) for number in range(1, 5)
    )
    now = within(setup, setup.clock) - timedelta(minutes=1)
    for number in (first, resolved, last):
        within(setup, partial(transitions.update_incident, incident=number, posted_at=now))
    within(setup, lambda c: transitions.resolve(c, resolved, transitions.RECOVERED, now))

    assert codes([ask(setup, "ack all", by=SAM)]) == ["denied"]
    done = ask(setup, "ack all", by=OMAR)

    text = text_of(setup, done)
    assert "You acknowledged 2 incidents" in text
    assert f"*I{first}*" in text
    assert f"*I{last}*" in text
    owners = {row.id: row.acknowledged_by for row in queue.rows(incidents)}
    assert owners == {first: OMAR, unposted: None, resolved: None, last: OMAR}
    assert records(queue)[-1] == ("acknowledge", "ok", {"id": [f"I{first}", f"I{last}"]})
    (body,) = posted_bodies(queue)
    assert f"<@{OMAR}> acknowledged 2 incidents" in body
    assert codes([ask(setup, "acknowledge ALL", by=ANA)]) == ["nothing-to-acknowledge"]
    assert codes([ask(setup, "ack all I1", by=ANA)]) == ["invalid"]
