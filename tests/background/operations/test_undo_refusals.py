"""Bulk changes that cannot be undone, by this person or any longer."""

from dataclasses import replace

from sqlalchemy import update

from bot.app.parsing import Request
from bot.background import purge
from bot.models.refusals import AlreadyUndone
from bot.store import tables
from tests.kit.bulk import carried_out, preview_of, run_out, small_batches
from tests.kit.clock import StandingClock
from tests.kit.invariants import broken, payloads
from tests.kit.posting import watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, ask, codes, hold, make_setup
from tests.kit.stored_operations import operation


def test_a_second_undo_of_a_bulk_change_is_refused_and_names_the_first_person(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue)
    for _ in range(3):
        queue.fail()
    done = carried_out(setup, "clear-failed")
    carried_out(setup, f"undo {done}")

    again = ask(setup, f"undo {done}")
    last = ask(setup, "undo")

    assert codes([again, last]) == ["already-undone", "nothing-to-undo"]
    assert isinstance(again.refusal, AlreadyUndone)
    assert again.refusal.by == ANA
    assert len(queue.failed) == 3


def test_two_confirmations_of_one_undo_restore_each_row_once(queue: TestQueue) -> None:
    setup = make_setup(queue)
    for _ in range(3):
        queue.fail()
    born = payloads(queue)
    done = carried_out(setup, "clear-failed")
    plans = [preview_of(ask(setup, f"undo {done}")).plan for _ in range(2)]
    for plan in plans:
        ask(setup, Request("undo", {"plan": plan}))
        run_out(small_batches(setup))

    assert [operation(queue, plan).done for plan in plans] == [3, 0]
    assert payloads(queue) == born
    watch(setup, hold(setup))
    assert broken(queue, born) == []


def test_a_change_without_archive_copies_cannot_be_undone(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.fail()
    done = carried_out(setup, "clear-failed")
    with queue.engine.begin() as connection:
        connection.execute(update(tables.operations).values(archive=False))
    assert codes([ask(setup, f"undo {done}")]) == ["not-undoable"]


def test_a_change_cannot_be_undone_after_the_days_of_the_archive(queue: TestQueue) -> None:
    clock = StandingClock()
    setup = make_setup(queue, clock=clock)
    queue.fail()
    done = carried_out(setup, "clear-failed")
    clock.move(days=8)
    purge.purge_once(setup, hold(setup))
    assert codes([ask(setup, f"undo {done}")]) == ["undo-expired"]


def test_an_operator_cannot_undo_a_bulk_change_of_an_admin(queue: TestQueue) -> None:
    setup = make_setup(queue)
    queue.fail()
    done = carried_out(setup, "clear-failed")
    assert codes([ask(setup, f"undo {done}", by=OMAR)]) == ["denied"]


def test_a_former_admin_cannot_confirm_the_undo_of_another_persons_change(
    queue: TestQueue,
) -> None:
    setup = make_setup(queue)
    queue.fail(1)
    carried_out(setup, "retry queue=netsuite", by=OMAR)
    preview = preview_of(ask(setup, "undo 1", by=ANA))
    fewer = replace(setup, rules=replace(setup.rules, admins=(), operators=(ANA, OMAR)))
    request = Request("undo", {"plan": preview.plan})
    assert codes([ask(fewer, request, by=ANA)]) == ["denied"]
    assert codes([ask(setup, request, by=ANA)]) == ["ok"]
