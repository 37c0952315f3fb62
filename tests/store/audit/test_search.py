"""A search finds an order's rows by their payloads, within bounds, and returns how far it read."""

import json
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import insert

from bot.database.transactions import now_of, reading
from bot.models.subject_search import FoundJob, Looked
from bot.models.subjects import SubjectKey
from bot.queue.search import SCAN_LIMITS, ScanLimits, failed_of_subject, jobs_of
from bot.wall_clock import unix
from tests.kit.queues import TestQueue, payload

ROOMY = ScanLimits(newest=20, oldest=5, page=10, seconds=10)
LONG = "Ñandú-" + "x" * 58
ODD = (
    "100%",
    "a_b",
    "5'5",
    'say "hi"',
    "<!channel>",
    "back\\slash",
    "/",
    "%",
    "ñ",
    "😀",
    "A-1/2",
    LONG,
)


def search(
    queue: TestQueue, sought: SubjectKey, bounds: ScanLimits = ROOMY, known: Sequence[int] = ()
) -> tuple[list[FoundJob], Looked]:
    with reading(queue.engine) as connection:
        return jobs_of(connection, queue.queue, now_of(connection), sought, known, bounds)


def ids(
    queue: TestQueue, sought: SubjectKey, bounds: ScanLimits = ROOMY, known: Sequence[int] = ()
) -> list[int]:
    return [one.job.id for one in search(queue, sought, bounds, known)[0]]


def of_order(order: object, tienda: object = 12097) -> str:
    """Return a payload with this order, which may have any type."""
    return json.dumps({"job": "X", "data": {"order_id": order, "tienda_id": tienda}})


def test_each_job_of_an_order_is_found_with_its_state(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        now = unix(now_of(connection))
    queue.push(1, order=803193, available_at=now)
    queue.push(2, order=803193, available_at=now + 600)
    queue.push(3, order=803193, available_at=now, reserved_at=now)
    queue.push(4, order=803194)

    jobs, looked = search(queue, SubjectKey("803193"))

    assert [(one.job.id, one.state) for one in jobs] == [
        (1, "pending"),
        (2, "delayed"),
        (3, "reserved"),
    ]
    assert looked == Looked(newest=4, complete=True)


def test_orders_that_share_digits_are_distinguished(queue: TestQueue) -> None:
    for id_, order in enumerate((803193, 1803193, 8031930, 80319), start=1):
        queue.push(id_, order=order)
    queue.push(9, body='{"job":"X","data":{"sku":803193,"order_id":1}}')
    assert ids(queue, SubjectKey("803193")) == [1]
    assert ids(queue, SubjectKey("80319")) == [4]


@pytest.mark.parametrize("order", ODD)
def test_a_search_for_an_order_with_odd_characters_finds_only_that_order(
    queue: TestQueue, order: str
) -> None:
    queue.push(1, body=of_order(order))
    queue.push(2, body=of_order(f"{order}x"[-64:]))
    queue.push(3, body=of_order(1000))
    queue.push(4, body=of_order("axb"))
    assert ids(queue, SubjectKey(order[:64])) == [1]


def test_the_search_for_an_order_is_case_sensitive(queue: TestQueue) -> None:
    queue.push(1, body=of_order("so-7a"))
    queue.push(2, body=of_order("SO-7A"))
    assert ids(queue, SubjectKey("SO-7A")) == [2]


def test_a_job_without_an_order_is_found_for_no_order(queue: TestQueue) -> None:
    queue.push(1, body='{"job":"X","data":{"note":"None"}}')
    assert ids(queue, SubjectKey("None")) == []


def test_a_search_with_a_shop_finds_only_orders_of_that_shop(queue: TestQueue) -> None:
    queue.push(1, body=of_order(7, 12097))
    queue.push(2, body=of_order(7, 12098))
    queue.push(3, body=of_order(7, None))
    assert ids(queue, SubjectKey("7")) == [1, 2, 3]
    assert ids(queue, SubjectKey("7", "12098")) == [2]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"data": json.dumps({"order_id": 803193, "tienda_id": 5})}),
        json.dumps({"data": {"command": 'O:3:"Job":1:{s:8:"order_id";i:803193;}'}}),
        'O:3:"Job":1:{s:8:"order_id";s:6:"803193";}',
        '{"job":"X","data":{"order_id":803193,"note":"cut he',
        '{"job":"X",,,"data":{"order_id":803193}}',
    ],
    ids=["nested", "php in json", "php", "cut", "broken"],
)
def test_an_order_is_found_in_every_form_of_payload(queue: TestQueue, body: str) -> None:
    queue.push(1, body=body)
    assert ids(queue, SubjectKey("803193")) == [1]


def push_many(queue: TestQueue, count: int) -> None:
    """Insert jobs 1 … `count`; each has its own number as its order."""
    rows = [
        {"id": n, "queue": "netsuite", "payload": payload(n), "available_at": 0, "created_at": 0}
        for n in range(1, count + 1)
    ]
    if rows:
        with queue.engine.begin() as connection:
            connection.execute(insert(queue.queue.jobs), rows)


def test_the_search_scans_only_the_oldest_and_newest_of_many_jobs_and_says_so(
    queue: TestQueue,
) -> None:
    push_many(queue, 60)
    assert search(queue, SubjectKey("60"))[1] == Looked(newest=20, oldest=5, complete=False)
    has_job = {n: bool(ids(queue, SubjectKey(str(n)))) for n in (1, 5, 6, 40, 41, 60)}
    assert has_job == {1: True, 5: True, 6: False, 40: False, 41: True, 60: True}


@pytest.mark.parametrize("count", [0, 9, 10, 20, 21, 24])
def test_the_search_scans_a_small_queue_completely(queue: TestQueue, count: int) -> None:
    push_many(queue, count)
    looked = search(queue, SubjectKey("1"))[1]
    assert looked.complete
    assert looked.newest + looked.oldest == count
    assert all(ids(queue, SubjectKey(str(n))) == [n] for n in range(1, count + 1))


def test_the_search_reads_all_candidates_of_several_pages(queue: TestQueue) -> None:
    many = ScanLimits(newest=1_000, oldest=5, page=1_000, seconds=20)
    push_many(queue, 600)
    assert ids(queue, SubjectKey("1"), many) == [1]


def test_the_search_finds_a_known_id_outside_of_the_scanned_rows(queue: TestQueue) -> None:
    push_many(queue, 60)
    assert ids(queue, SubjectKey("30"), known=[30, 31]) == [30]


def test_after_its_time_limit_the_search_says_so_and_still_finds_known_ids(
    queue: TestQueue,
) -> None:
    push_many(queue, 60)
    none = ScanLimits(newest=20, oldest=5, page=10, seconds=-1)
    jobs, looked = search(queue.in_haste, SubjectKey("30"), none, [30])
    assert [one.job.id for one in jobs] == [30]
    assert looked == Looked(newest=0, complete=False, in_time=False)


def test_the_search_finds_failures_that_are_not_indexed_yet(
    queue: TestQueue,
) -> None:
    for id_ in (45, 46, 47):
        queue.fail(id_, order=803193, failed_at=datetime(2025, 11, 7, 17, id_))  # noqa: DTZ001 wall clock
    queue.fail(48, order=1803193)
    with reading(queue.engine) as connection:
        failures, in_time = failed_of_subject(connection, queue.queue, SubjectKey("803193"), 45)
    assert in_time
    assert [one.failed_job.id for one in failures] == [46, 47]


def test_the_scan_limits_equal_the_numbers_in_the_answer() -> None:
    assert SCAN_LIMITS.newest % SCAN_LIMITS.page == 0
    assert (SCAN_LIMITS.newest, SCAN_LIMITS.oldest) == (20_000, 5_000)
