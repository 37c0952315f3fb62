from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from bot import wall_clock
from bot.database.transactions import TooSlow, bounded, reading
from bot.models.refusals import FailedJobNotFound, JobNotFound
from bot.queue import job_counts, reads
from bot.queue.layouts import Queue, problems, require
from tests.kit.queues import GRACE, TestQueue, make_queue

NOW = datetime(2025, 11, 7, 19, 30, 0)  # noqa: DTZ001 naive UTC, as everywhere in the bot
NO_TIME = -GRACE
"""Seconds that have passed before a read begins; the reads after it have their usual time."""


def test_status_has_the_keys_and_values_of_the_spec(queue: TestQueue) -> None:
    unix = wall_clock.unix(NOW)
    for age in (120, 30, 10):
        queue.push(created_at=unix - age, available_at=unix - age)
    queue.push(created_at=unix - 500, available_at=unix - 500, reserved_at=unix - 60)
    queue.push(queue="mail", created_at=unix - 5, available_at=unix + 600)
    for _ in range(5):
        queue.fail()
    with reading(queue.engine) as connection:
        status = job_counts.count(connection, queue.queue, NOW, 5.0).status.model_dump()
    assert status == {
        "pending_jobs": ({"queue": "mail", "count": 1}, {"queue": "netsuite", "count": 3}),
        "reserved_jobs": ({"queue": "netsuite", "count": 1},),
        "failed_jobs_count": 5,
        "oldest_pending_age_seconds": 120,
        "oldest_pending_job": {
            "queue": "netsuite",
            "created_at": unix - 120,
            "available_at": unix - 120,
        },
        "timestamp": "2025-11-07 19:30:00",
    }


def test_an_empty_queue_has_no_oldest_job(queue: TestQueue) -> None:
    with reading(queue.engine) as connection:
        status = job_counts.count(connection, queue.queue, NOW, 5.0).status
    assert status.oldest_pending_job is None
    assert status.oldest_pending_age_seconds is None
    assert status.pending_jobs == status.reserved_jobs == ()


def test_jobs_are_listed_newest_first_with_their_filters_in_the_answer(queue: TestQueue) -> None:
    first, second = queue.push(order=803196), queue.push(order=803197)
    queue.push(reserved_at=1762537400)
    queue.push(queue="mail")
    with reading(queue.engine) as connection:
        listing, listed = reads.jobs(
            connection, queue.queue, NOW, name="netsuite", state="pending", limit=50
        )
    assert [job.id for job in listing.jobs] == [second, first]
    assert listing.filters.model_dump() == {"queue": "netsuite", "status": "pending", "limit": 50}
    assert set(listed.row_digests) == {first, second}
    assert not listed.partial
    assert listing.jobs[1].model_dump() == {
        "id": first,
        "queue": "netsuite",
        "attempts": 0,
        "max_attempts": 3,
        "job_class": "App\\Jobs\\NetsuiteSyncJob",
        "order_id": 803196,
        "tienda_id": 12097,
        "created_at_human": "2025-11-07 17:42:56",
        "available_at_human": "2025-11-07 17:42:56",
        "reserved_at_human": None,
        "age_seconds": wall_clock.unix(NOW) - 1762537376,
    }


def test_a_page_begins_after_the_last_id_of_the_page_before(queue: TestQueue) -> None:
    ids = [queue.push() for _ in range(5)]
    with reading(queue.engine) as connection:
        newest, _ = reads.jobs(connection, queue.queue, NOW, limit=2, after=ids[3])
        oldest, _ = reads.jobs(
            connection, queue.queue, NOW, limit=2, oldest_first=True, after=ids[1]
        )
    assert [job.id for job in newest.jobs] == [ids[2], ids[1]]
    assert [job.id for job in oldest.jobs] == [ids[2], ids[3]]


def test_a_failed_job_has_100_characters_of_its_first_line(queue: TestQueue) -> None:
    short = queue.fail()
    queue.fail(exception="x" * 300 + "\nsecond line")
    with reading(queue.engine) as connection:
        listing, _ = reads.failed(connection, queue.queue)
    assert listing.count == 2
    assert listing.failed_jobs[0].exception_short == "x" * 100 + "..."
    assert listing.failed_jobs[1].model_dump() == {
        "id": short,
        "queue": "netsuite",
        "job_class": "App\\Jobs\\NetsuiteSyncJob",
        "order_id": 803193,
        "tienda_id": 12097,
        "exception_short": "NetSuite sync failed: exception - MySQL server has gone away...",
        "failed_at": "2025-11-07 17:45:59",
    }


def test_times_are_printed_in_the_zone_of_the_queue(queue: TestQueue) -> None:
    queue.push()
    lima = Queue(queue.queue.jobs, queue.queue.failed, ZoneInfo("America/Lima"))
    with reading(queue.engine) as connection:
        listing, _ = reads.jobs(connection, lima, NOW)
    assert listing.jobs[0].created_at_human == "2025-11-07 12:42:56"
    noon = datetime(2025, 11, 7, 12, 0)  # noqa: DTZ001 a wall clock
    assert lima.utc(noon) == noon + timedelta(hours=5)


def test_a_missing_job_and_a_missing_failed_job_have_different_refusals(queue: TestQueue) -> None:
    with reading(queue.engine) as connection:
        with pytest.raises(JobNotFound):
            reads.job(connection, queue.queue, NOW, 99)
        with pytest.raises(FailedJobNotFound):
            reads.failed_job(connection, queue.queue, 99)


@pytest.mark.parametrize("body", ["not json", '{"a":', 'O:3:"Foo":0:{}', "", "null", "\u00e9" * 9])
def test_a_payload_without_known_fields_is_listed(queue: TestQueue, body: str) -> None:
    queue.push(body=body)
    with reading(queue.engine) as connection:
        listing, _ = reads.jobs(connection, queue.queue, NOW)
        detail = reads.job(connection, queue.queue, NOW, listing.jobs[0].id)
    assert listing.jobs[0].order_id is None
    assert detail.payload == body


def test_rows_with_the_same_id_and_other_content_have_different_digests(queue: TestQueue) -> None:
    queue.fail(45)
    with reading(queue.engine) as connection:
        before = reads.failed_job(connection, queue.queue, 45).row_digest
    with queue.engine.begin() as connection:
        connection.execute(queue.queue.failed.delete())
    queue.fail(45, order=803194)
    with reading(queue.engine) as connection:
        after = reads.failed_job(connection, queue.queue, 45).row_digest
    assert before != after
    assert len(before) == 32


def test_a_scan_that_takes_too_long_is_interrupted(queue: TestQueue) -> None:
    for _ in range(400):
        queue.push(body="")
    # The column is nullable, because MySQL counts whole rows without reading them.
    every = text("SELECT COUNT(a.reserved_at) FROM jobs a, jobs b, jobs c")
    with reading(queue.in_haste.engine) as connection:
        with pytest.raises(TooSlow):
            bounded(connection, every, 0.05)
        # The connection can still be used.
        assert connection.execute(text("SELECT COUNT(*) FROM jobs")).scalar() == 400


def test_the_layout_of_the_tables_of_the_spec_is_recognised(queue: TestQueue) -> None:
    with reading(queue.engine) as connection:
        require(connection, queue.queue)


def test_a_queue_column_that_is_wider_than_the_bots_own_is_refused_at_start(
    mariadb_url: str, request: pytest.FixtureRequest
) -> None:
    changed = make_queue(mariadb_url)
    request.addfinalizer(changed.engine.dispose)
    for kind, fits in (("VARCHAR(255)", True), ("VARCHAR(256)", False), ("TEXT", False)):
        with changed.engine.begin() as connection:
            connection.execute(text(f"ALTER TABLE failed_jobs MODIFY queue {kind} NOT NULL"))
        with reading(changed.engine) as connection:
            sentences = problems(connection, changed.queue)
        assert [sentence.split(" allows ")[0] for sentence in sentences] == (
            [] if fits else ["The column failed_jobs.queue"]
        )


@pytest.mark.parametrize("oldest_first", [False, True])
def test_only_the_oldest_and_newest_jobs_are_scanned_if_a_full_scan_is_too_slow(
    queue: TestQueue, *, oldest_first: bool
) -> None:
    """With few reserved jobs among many pending ones, only the first and last ids are scanned."""
    held = (1, 2, 150_000, 299_999)
    for id_ in (*held, 3, 300_000):
        queue.push(id_, reserved_at=1762537400 if id_ in held else None)

    def reserved(limit: int, after: int | None = None) -> tuple[list[int], bool]:
        with reading(queue.engine) as connection:
            listing, listed = reads.jobs(
                connection,
                queue.queue,
                NOW,
                state="reserved",
                limit=limit,
                oldest_first=oldest_first,
                after=after,
                seconds=NO_TIME,
            )
        assert list(listed.row_digests) == [job.id for job in listing.jobs]
        return list(listed.row_digests), listed.partial

    ends = [1, 2, 299_999] if oldest_first else [299_999, 2, 1]
    assert reserved(50) == (ends, True)
    assert reserved(2) == (ends[:2], True)
    assert reserved(2, after=ends[1]) == (ends[2:], True)


def test_no_job_is_listed_twice_if_the_oldest_and_newest_jobs_overlap(queue: TestQueue) -> None:
    ids = [queue.push() for _ in range(3)]
    with queue.engine.begin() as connection:
        listing, listed = reads.jobs(connection, queue.queue, NOW, seconds=NO_TIME)
        assert [job.id for job in listing.jobs] == list(reversed(ids))
        assert listed.partial
        connection.execute(text("DELETE FROM jobs"))
        assert reads.jobs(connection, queue.queue, NOW, seconds=NO_TIME)[0].count == 0
        connection.rollback()
