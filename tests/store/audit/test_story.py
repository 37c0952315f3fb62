"""An order's story: failures, people's changes and their outcomes, in order of time."""

from datetime import datetime

from sqlalchemy import delete, update

from bot.models.story import Act, Failure
from bot.store import tables
from tests.kit.order_story import ORDER, Shop, event_lines
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import OMAR, SAM


def test_a_delete_is_shown_with_whether_the_archive_has_a_copy(shop: Shop) -> None:
    shop.fail(45)
    shop.queue.push(700, order=ORDER)
    shop.say("delete-failed 45")
    shop.say("delete 700")
    acts = [event for event in shop.story().events if isinstance(event, Act)]
    assert [(act.action, act.row_id, act.kept) for act in acts] == [
        ("delete-failed", 45, True),
        ("delete", 700, True),
    ]
    with shop.queue.engine.begin() as connection:
        connection.execute(delete(tables.archive))
    acts = [event for event in shop.story().events if isinstance(event, Act)]
    assert [act.kept for act in acts] == [False, False]


def test_refusals_that_name_rows_of_the_order_are_shown(shop: Shop) -> None:
    shop.fail(45)
    shop.say("retry 45", by=SAM)
    shop.say("delete-failed 45", by=OMAR)
    assert event_lines(shop.story()) == [
        "failed 45",
        "retry failed 45 denied",
        "delete-failed failed 45 denied",
    ]


def test_a_refused_search_for_the_order_is_shown(shop: Shop) -> None:
    shop.say(f"find {ORDER}", by=SAM)
    assert event_lines(shop.story()) == ["find order 0 denied"]


def test_a_failure_removed_without_the_bot_is_shown_as_removed(shop: Shop) -> None:
    shop.fail(45)
    shop.fail(46)
    with shop.queue.engine.begin() as connection:
        connection.execute(
            delete(shop.queue.queue.failed).where(shop.queue.queue.failed.c.id == 45)
        )
    assert event_lines(shop.story()) == ["had failed 45", "failed 46", "gone 45"]
    shop.look()
    assert event_lines(shop.story()) == ["had failed 45", "failed 46", "gone 45"]


def test_a_new_failure_is_shown_before_it_is_indexed(shop: Shop) -> None:
    shop.fail(45, order=1)
    shop.queue.fail(46, order=ORDER)
    (event,) = shop.story().events
    assert isinstance(event, Failure)
    assert (event.failed_id, event.there) == (46, True)
    shop.look()
    assert shop.story().events == (event,)


def test_other_orders_and_other_shops_are_not_shown(shop: Shop) -> None:
    shop.fail(45, order=1803193)
    shop.fail(46, order=80319)
    shop.fail(47, body=payload(ORDER, 5))
    shop.fail(48, body=payload(ORDER, 6))
    for id_ in (45, 46, 47, 48):
        shop.say(f"retry {id_}", by=OMAR)
    assert [e.row_id for e in shop.story().events if isinstance(e, Act)] == [47, 48]
    story = shop.story(f"find {ORDER} tienda=6")
    assert [e.row_id for e in story.events if isinstance(e, Act)] == [48]
    assert [e.what for e in story.events] == ["failure", "act", "queued"]


def test_a_row_that_reappears_under_its_id_is_another_failure(shop: Shop) -> None:
    shop.fail(45)
    shop.say("delete-failed 45")
    shop.fail(45)
    assert event_lines(shop.story()) == ["had failed 45", "delete-failed failed 45 ok", "failed 45"]


def test_the_story_says_if_older_failures_are_still_being_indexed(queue: TestQueue) -> None:
    shop = Shop(queue)
    queue.fail(45)
    assert shop.story().indexing
    assert event_lines(shop.story()) == ["failed 45"]
    shop.look()
    assert not shop.story().indexing


def test_the_story_of_an_order_with_very_many_failures_has_the_newest(shop: Shop) -> None:
    with shop.queue.engine.begin() as connection:
        rows = [
            {
                "id": n,
                "queue": "netsuite",
                "payload": payload(ORDER),
                "exception": "x",
                "failed_at": datetime(2025, 11, 7),  # noqa: DTZ001 wall clock
            }
            for n in range(1, 251)
        ]
        connection.execute(shop.queue.queue.failed.insert(), rows)
    shop.look()
    story = shop.story()
    assert story.more
    assert len(story.events) == 200
    assert min(e.failed_id for e in story.events if isinstance(e, Failure)) == 51


def test_an_audit_record_with_other_targets_is_not_in_the_story(shop: Shop) -> None:
    """Only the targets of a record are searched, not its JSON."""
    shop.fail(45, order=1)
    shop.say("retry 45")
    with shop.queue.engine.begin() as connection:
        connection.execute(update(tables.audit).values(targets=f'[{{"order_id":{ORDER}}}]'))
    assert shop.story().events == ()


def test_the_payload_of_a_waiting_job_is_compared_by_its_digest(shop: Shop) -> None:
    shop.fail(45)
    shop.bulk("retry-all")
    shop.work_off()
    shop.queue.push(900, body=payload(ORDER).replace("nota", "otra"))
    assert "retry-all failed 45 ok processed" in event_lines(shop.story())
