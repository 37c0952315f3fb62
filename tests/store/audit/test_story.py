"""An order's story: failures, people's changes and their outcomes, in order of time."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.app.command import Setup
from bot.background.operations.runner import Runner
from bot.commands.history import History
from bot.models.story import Act, Failure, Story
from bot.store import tables
from bot.store.failures import index
from tests.kit.bulk import preview_of
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, SAM, ask, confirm, make_setup

ORDER = 803193


class Shop:
    """A queue with one replica, whose clock advances a minute with each step."""

    def __init__(self, queue: TestQueue) -> None:
        self.queue = queue
        self.clock = Clock()
        self.setup: Setup = make_setup(queue, clock=self.clock)

    def fail(self, id_: int, **values: Any) -> None:
        """Insert a failed job and index it."""
        self.clock.move(minutes=1)
        with self.queue.engine.begin() as connection:
            now = self.clock(connection).replace(microsecond=0)
        self.queue.fail(id_, failed_at=values.pop("failed_at", now), **values)
        self.look()

    def look(self) -> None:
        """Index new failed jobs and mark deleted ones as removed."""
        with self.queue.engine.begin() as connection:
            index.catch_up(connection, self.queue.queue, self.clock(connection))
            index.scan(connection, self.queue.queue, self.clock(connection))

    def say(self, words: str, by: str = ANA) -> None:
        """Run a command a minute later."""
        self.clock.move(minutes=1)
        ask(self.setup, words, by=by)

    def bulk(self, words: str) -> None:
        """Run an operation as Ana, from the preview to its end."""
        self.clock.move(minutes=1)
        action = words.split(maxsplit=1)[0]
        plan = preview_of(ask(self.setup, words)).plan
        assert confirm(self.setup, action, plan).refusal is None
        runner = Runner(self.setup, 2, lanes=1, seconds=0)
        for _ in range(10):
            runner.run_once()

    def work_off(self, *ids: int) -> None:
        """Process these jobs, or all jobs, as a worker."""
        jobs = self.queue.queue.jobs
        gone = delete(jobs) if not ids else delete(jobs).where(jobs.c.id.in_(ids))
        with self.queue.engine.begin() as connection:
            connection.execute(gone)

    def followed(self, state: str, **values: Any) -> None:
        """Set the outcome of every tracked job."""
        with self.queue.engine.begin() as connection:
            connection.execute(update(tables.tracked_jobs).values(state=state, **values))

    def story(self, words: str = f"find {ORDER}") -> Story:
        """Return the story that `/queue find` shows."""
        outcome = ask(self.setup, words)
        assert outcome.result is not None, outcome.refusal
        assert isinstance(outcome.result.data, Story)
        return outcome.result.data


@pytest.fixture
def shop(queue: TestQueue) -> Shop:
    """A shop with an empty queue."""
    return Shop(queue)


def event_lines(story: Story) -> list[str]:
    """Return each event in a few words."""
    lines = []
    for event in story.events:
        match event.what:
            case "failure":
                lines.append(f"{'failed' if event.there else 'had failed'} {event.failed_id}")
            case "gone":
                lines.append(f"gone {event.failed_id}")
            case "queued":
                lines.append(f"{event.found.state} {event.found.job.id}")
            case "act":
                fate = event.became.fate if event.became is not None else "?"
                line = f"{event.action} {event.row} {event.row_id} {event.outcome}"
                lines.append(f"{line} {fate}" if event.is_retry else line)
    return lines


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
