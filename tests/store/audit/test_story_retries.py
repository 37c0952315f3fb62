"""Retries in an order's story: their outcomes and their undo."""

from datetime import timedelta

from sqlalchemy import delete, update

from bot.commands.history import History
from bot.models.story import Act
from bot.store import tables
from tests.kit.order_story import ORDER, Shop, event_lines
from tests.kit.replicas import ANA, OMAR, ask


def test_a_retry_that_failed_again_is_shown_with_its_new_failure(shop: Shop) -> None:
    shop.fail(45)
    shop.bulk("retry-all")
    shop.work_off()
    shop.fail(52)

    story = shop.story()

    assert event_lines(story) == [
        "had failed 45",
        "retry-all failed 45 ok failed-again",
        "failed 52",
    ]
    last = story.retries.last
    assert last is not None
    assert (last.fate, last.failed_id) == ("failed-again", 52)


def test_a_retry_that_failed_with_another_error_is_shown_with_that_outcome(shop: Shop) -> None:
    shop.fail(45)
    shop.bulk("retry-all")
    shop.work_off()
    shop.fail(52, exception="RuntimeException: the warehouse is closed")
    assert event_lines(shop.story())[1] == "retry-all failed 45 ok failed-otherwise"


def test_a_retried_job_is_shown_as_waiting_and_then_as_processed(
    shop: Shop,
) -> None:
    shop.fail(45)
    shop.bulk("retry-all")
    job = shop.queue.jobs[0].id
    assert event_lines(shop.story()) == [
        "had failed 45",
        "retry-all failed 45 ok waiting",
        f"pending {job}",
    ]
    shop.work_off()
    assert event_lines(shop.story()) == ["had failed 45", "retry-all failed 45 ok processed"]


def test_a_retried_job_that_was_deleted_is_not_shown_as_processed(shop: Shop) -> None:
    shop.fail(45)
    shop.bulk("retry-all")
    shop.say(f"delete {shop.queue.jobs[0].id}")
    assert "retry-all failed 45 ok no-longer-queued" in event_lines(shop.story())


def test_no_retry_is_shown_as_processed_while_a_new_failure_is_not_indexed(shop: Shop) -> None:
    shop.fail(45)
    shop.bulk("retry-all")
    shop.work_off()
    shop.queue.fail(52, order=ORDER)
    assert "retry-all failed 45 ok ?" in event_lines(shop.story())
    shop.look()
    assert "retry-all failed 45 ok failed-again" in event_lines(shop.story())


def test_a_tracked_job_is_shown_with_its_stored_outcome(shop: Shop) -> None:
    shop.fail(45)
    shop.say("retry 45", by=OMAR)
    shop.work_off()
    shop.followed("processed")
    assert event_lines(shop.story()) == ["had failed 45", "retry failed 45 ok processed"]


def test_an_undone_retry_is_shown_with_the_person_who_undid_it(shop: Shop) -> None:
    shop.fail(45)
    shop.say("retry 45", by=OMAR)
    shop.followed("no-longer-queued", settled_by=ANA, settled_action="undo")
    shop.say("undo", by=OMAR)
    shop.look()
    story = shop.story()
    assert event_lines(story) == [
        "failed 45",
        "retry failed 45 ok no-longer-queued",
        "undo failed 45 ok",
    ]
    last = story.retries.last
    assert last is not None
    assert (last.by, last.how) == (ANA, "undo")


def test_a_bulk_retry_and_its_bulk_undo_are_both_shown(shop: Shop) -> None:
    shop.fail(45)
    shop.bulk("retry-all")
    (operation,) = shop.queue.rows(tables.operations)
    shop.bulk(f"undo {operation.id}")
    shop.look()
    story = shop.story()
    assert event_lines(story) == [
        "failed 45",
        "retry-all failed 45 ok no-longer-queued",
        "undo failed 45 ok",
    ]
    last = story.retries.last
    assert last is not None
    assert (last.by, last.how) == (ANA, "undo")
    outcome = ask(shop.setup, f"history order={ORDER}")
    assert outcome.result is not None
    assert isinstance(outcome.result.data, History)
    actions = [line.action for line in outcome.result.data.records if line.outcome == "started"]
    assert actions == ["undo", "retry-all"]


def test_one_failure_is_the_outcome_of_only_one_of_two_equal_jobs(shop: Shop) -> None:
    shop.fail(45)
    shop.fail(46)
    shop.bulk("retry-all")
    shop.work_off()
    shop.fail(52)
    fates = [e.became.fate for e in shop.story().events if isinstance(e, Act) and e.became]
    assert sorted(fates) == ["failed-again", "processed"]


def test_a_failure_restored_under_a_new_id_is_not_the_outcome_of_another_retry(shop: Shop) -> None:
    shop.fail(45)
    shop.fail(46)
    shop.bulk("retry-all")
    first = next(row for row in shop.queue.rows(tables.failures) if row.failed_id == 45)
    with shop.queue.engine.begin() as connection:
        # A bulk undo leaves such a row if another row has the old id.
        again = {
            **first._asdict(),
            "seq": 90,
            "failed_id": 70,
            "removed_at": None,
            "operation": None,
        }
        again["seen_at"] = shop.clock(connection)
        connection.execute(tables.failures.insert().values(again))
        mark = update(tables.failures).where(tables.failures.c.seq == first.seq)
        connection.execute(mark.values(restored_by=0))
    shop.work_off()
    assert "retry-all failed 46 ok processed" in event_lines(shop.story())


def test_a_failure_before_the_retry_is_not_the_outcome_of_the_retry(shop: Shop) -> None:
    shop.fail(45)
    shop.fail(46)
    shop.say("retry 45", by=OMAR)
    with shop.queue.engine.begin() as connection:
        connection.execute(delete(tables.tracked_jobs))
    shop.work_off()
    assert "retry failed 45 ok processed" in event_lines(shop.story())


def test_retries_by_id_and_in_bulk_are_counted_with_their_people(shop: Shop) -> None:
    shop.fail(45)
    shop.say("retry 45", by=OMAR)
    shop.work_off()
    shop.fail(46)
    shop.say("retry 46")
    shop.work_off()
    shop.fail(47)
    shop.bulk("retry-all")
    retries = shop.story().retries
    assert retries.count == 3
    assert [(one.actor, one.count) for one in retries.by] == [(ANA, 2), (OMAR, 1)]
    assert retries.last is not None
    assert retries.last.fate == "waiting"


def test_the_outcome_of_a_retry_in_the_same_second_is_shown_after_the_retry(shop: Shop) -> None:
    """The audit log has fractions of a second; `failed_at` and `created_at` have none."""
    shop.fail(45)
    shop.bulk("retry-all")
    shop.work_off()
    with shop.queue.engine.begin() as connection:
        at = connection.execute(tables.failures.select()).mappings().one()["removed_at"]
    same = at.replace(microsecond=0) - timedelta(seconds=1)
    shop.fail(52, failed_at=same)
    assert event_lines(shop.story())[1:] == ["retry-all failed 45 ok failed-again", "failed 52"]
