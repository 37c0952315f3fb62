"""Acknowledge an incident: once, by one person, while it is active."""

from bot.database.transactions import now_of
from bot.models.alert_rules import OLDEST_JOB
from bot.store.incidents import transitions
from bot.store.incidents.transitions import Subject, group_subject
from bot.store.tables import incidents as incident_table
from tests.kit.concurrency import at_once
from tests.kit.mutes import NAME, group
from tests.kit.on_call import opened, posted_bodies, records, text_of, within
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, codes, make_setup


def test_a_second_acknowledgement_is_refused_and_names_the_first_person(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, group_subject(group(setup), "netsuite"))
    within(setup, lambda c: transitions.update_incident(c, id_, stale=False))

    done = ask(setup, f"acknowledge I{id_}", by=OMAR)
    again = ask(setup, f"acknowledge {id_}")

    assert codes([done, again]) == ["ok", "already-acknowledged"]
    (row,) = queue.rows(incident_table)
    assert (row.acknowledged_by, row.stale) == (OMAR, True)
    assert row.acknowledged_at is not None
    assert f"You acknowledged *I{id_}*: new failures of *E" in text_of(setup, done)
    assert NAME in text_of(setup, done)
    assert f"<@{OMAR}> already acknowledged I{id_}" in text_of(setup, again)
    (posted,) = posted_bodies(queue)
    assert f"*<@{OMAR}> acknowledged I{id_}*" in posted
    assert records(queue)[0][:2] == ("acknowledge", "ok")
    assert records(queue)[0][2]["id"] == f"I{id_}"
    assert records(queue)[1][:2] == ("acknowledge", "no-op")


def test_a_resolved_or_unknown_incident_cannot_be_acknowledged(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    within(setup, lambda c: transitions.resolve(c, id_, transitions.RECOVERED, now_of(c)))

    over = ask(setup, f"acknowledge I{id_}")
    unknown = ask(setup, "acknowledge I999")

    assert codes([over, unknown]) == ["incident-closed", "incident-not-found"]
    assert f"Incident I{id_} was resolved at" in text_of(setup, over)
    assert "There is no incident I999" in text_of(setup, unknown)
    assert queue.rows(incident_table)[0].acknowledged_by is None


def test_of_two_concurrent_acknowledgements_one_is_refused(
    mariadb_queue: TestQueue,
) -> None:
    one, other = make_setup(mariadb_queue, "a"), make_setup(mariadb_queue, "b")
    id_ = opened(one, Subject(OLDEST_JOB, "oldest_job:mail", "mail"))
    words = f"acknowledge I{id_}"

    outcome_codes = at_once(
        lambda: codes([ask(one, words, by=ANA)])[0], lambda: codes([ask(other, words, by=OMAR)])[0]
    )

    assert sorted(outcome_codes) == ["already-acknowledged", "ok"]
