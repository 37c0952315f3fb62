"""The limits for each person: what counts, and what a repeated request is answered."""

from bot.app.limits import PersonLimits
from bot.models.requests import Actor, Source
from bot.store import tables
from tests.kit.clock import Seconds
from tests.kit.posting import running_watcher
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, SAM, TEAM, ask, codes, make_setup

ACTOR = Actor(SAM, TEAM, Source.SLASH)


def test_previews_have_their_own_limit(kept_queue: TestQueue) -> None:
    clock = Seconds()
    setup = make_setup(kept_queue, limits=PersonLimits({"previews": 2}, clock))
    ids = [kept_queue.fail(order=number) for number in range(3)]
    assert codes(ask(setup, "retry-all") for _ in range(3)) == ["ok", "ok", "too-many"]
    assert codes([ask(setup, f"retry {ids[0]}")]) == ["ok"]
    assert codes([ask(setup, "retry queue=netsuite", by=OMAR)]) == ["ok"]
    clock.now += 30
    assert codes(ask(setup, "retry-all") for _ in range(2)) == ["ok", "too-many"]


def test_a_repeated_request_gets_its_first_answer_although_the_person_is_over_the_limit(
    kept_queue: TestQueue,
) -> None:
    limits = PersonLimits({"commands": 1, "refusals": 1}, Seconds())
    setup = make_setup(kept_queue, limits=limits)
    kept_queue.fail(45)
    answers = [ask(setup, "retry 45", key="one") for _ in range(4)]
    assert codes(answers) == ["ok"] * 4
    assert [answer.repeated for answer in answers] == [False, True, True, True]
    assert codes([ask(setup, "retry 46")]) == ["too-many"]
    assert [row.outcome for row in kept_queue.rows(tables.audit)] == ["ok"]


def test_a_bot_that_stops_records_the_refusals_that_it_only_counted(
    kept_queue: TestQueue,
) -> None:
    setup = make_setup(kept_queue, limits=PersonLimits({"refusals": 1}, Seconds()))
    with running_watcher(setup):
        assert codes(ask(setup, "retry 45", by=SAM) for _ in range(3)) == ["denied"] * 3
        assert len(kept_queue.rows(tables.audit)) == 1
    *_, last = kept_queue.rows(tables.audit)
    assert (last.actor, last.action, last.arguments) == (SAM, "refusals", '{"count":2}')


def test_counts_that_cannot_be_stored_are_kept_for_the_next_record() -> None:
    clock = Seconds()
    limits = PersonLimits({"refusals": 1}, clock)
    for _ in range(2):
        limits.fold(ACTOR, None)
    assert not limits.take_folded()
    clock.now += 60
    due = limits.take_folded()
    limits.fold(ACTOR, None)
    limits.restore(due)
    (folded,) = limits.take_folded()
    assert (folded.count, folded.since) == (3, due[0].since)


def test_the_terminal_has_no_limit_and_each_person_has_their_own_limit() -> None:
    limits = PersonLimits({"commands": 1}, Seconds())
    terminal = Actor("ana", None, Source.TERMINAL)
    assert [limits.seconds_to_wait("commands", terminal) for _ in range(3)] == [0, 0, 0]
    people = (ACTOR, ACTOR, Actor(ANA, TEAM, Source.SLASH))
    assert [limits.seconds_to_wait("commands", person) for person in people] == [0, 60, 0]
