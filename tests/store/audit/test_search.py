"""A search finds an order's rows by their payloads, within bounds, and returns how far it read."""

import json
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy import insert

from bot.database.transactions import now_of, reading
from bot.models.order_search import FoundJob, Looked
from bot.queue.search import SCAN_LIMITS, OrderKey, ScanLimits, failed_of_order, jobs_of
from bot.wall_clock import unix
from tests.kit.queues import TestQueue, payload

ROOMY = ScanLimits(newest=20, oldest=5, stretch=10, seconds=10)
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
    queue: TestQueue, sought: OrderKey, bounds: ScanLimits = ROOMY, known: Sequence[int] = ()
) -> tuple[list[FoundJob], Looked]:
    with reading(queue.engine) as connection:
        return jobs_of(connection, queue.queue, now_of(connection), sought, known, bounds)


def ids(
    queue: TestQueue, sought: OrderKey, bounds: ScanLimits = ROOMY, known: Sequence[int] = ()
) -> list[int]:
    return [one.job.id for one in search(queue, sought, bounds, known)[0]]


def of_order(order: object, tienda: object = 12097) -> str:
    """Return a payload with this order, which may have any type."""
    return json.dumps({"job": "X", "data": {"order_id": order, "tienda_id": tienda}})


def test_each_job_of_the_order_is_found_in_the_state_it_is_in(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        now = unix(now_of(connection))
    queue.push(1, order=803193, available_at=now)
    queue.push(2, order=803193, available_at=now + 600)
    queue.push(3, order=803193, available_at=now, reserved_at=now)
    queue.push(4, order=803194)

    jobs, looked = search(queue, OrderKey("803193"))

    assert [(one.job.id, one.state) for one in jobs] == [
        (1, "pending"),
        (2, "delayed"),
        (3, "reserved"),
    ]
    assert looked == Looked(newest=4, complete=True)


def test_orders_that_share_digits_are_told_apart(queue: TestQueue) -> None:
    for id_, order in enumerate((803193, 1803193, 8031930, 80319), start=1):
        queue.push(id_, order=order)
    queue.push(9, body='{"job":"X","data":{"sku":803193,"order_id":1}}')
    assert ids(queue, OrderKey("803193")) == [1]
    assert ids(queue, OrderKey("80319")) == [4]


@pytest.mark.parametrize("order", ODD)
def test_an_order_of_odd_characters_is_found_and_nothing_else_is(
    queue: TestQueue, order: str
) -> None:
    queue.push(1, body=of_order(order))
    queue.push(2, body=of_order(f"{order}x"[-64:]))
    queue.push(3, body=of_order(1000))
    queue.push(4, body=of_order("axb"))
    assert ids(queue, OrderKey(order[:64])) == [1]


def test_capital_letters_count(queue: TestQueue) -> None:
    queue.push(1, body=of_order("so-7a"))
    queue.push(2, body=of_order("SO-7A"))
    assert ids(queue, OrderKey("SO-7A")) == [2]


def test_a_job_without_an_order_is_nobodys(queue: TestQueue) -> None:
    queue.push(1, body='{"job":"X","data":{"note":"None"}}')
    assert ids(queue, OrderKey("None")) == []


def test_an_order_is_of_one_shop_where_a_shop_is_named(queue: TestQueue) -> None:
    queue.push(1, body=of_order(7, 12097))
    queue.push(2, body=of_order(7, 12098))
    queue.push(3, body=of_order(7, None))
    assert ids(queue, OrderKey("7")) == [1, 2, 3]
    assert ids(queue, OrderKey("7", "12098")) == [2]


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
def test_every_form_of_payload_is_read(queue: TestQueue, body: str) -> None:
    queue.push(1, body=body)
    assert ids(queue, OrderKey("803193")) == [1]


def push_many(queue: TestQueue, count: int) -> None:
    """Insert jobs 1 … `count`; each has its own number as its order."""
    rows = [
        {"id": n, "queue": "netsuite", "payload": payload(n), "available_at": 0, "created_at": 0}
        for n in range(1, count + 1)
    ]
    if rows:
        with queue.engine.begin() as connection:
            connection.execute(insert(queue.queue.jobs), rows)


def test_of_many_jobs_both_ends_are_looked_at_and_that_is_said(queue: TestQueue) -> None:
    push_many(queue, 60)
    assert search(queue, OrderKey("60"))[1] == Looked(newest=20, oldest=5, complete=False)
    has_job = {n: bool(ids(queue, OrderKey(str(n)))) for n in (1, 5, 6, 40, 41, 60)}
    assert has_job == {1: True, 5: True, 6: False, 40: False, 41: True, 60: True}


@pytest.mark.parametrize("count", [0, 9, 10, 20, 21, 24])
def test_a_queue_that_is_small_enough_is_looked_through_whole(queue: TestQueue, count: int) -> None:
    push_many(queue, count)
    looked = search(queue, OrderKey("1"))[1]
    assert looked.complete
    assert looked.newest + looked.oldest == count
    assert all(ids(queue, OrderKey(str(n))) == [n] for n in range(1, count + 1))


def test_more_candidates_than_a_page_holds_are_all_read(queue: TestQueue) -> None:
    many = ScanLimits(newest=1_000, oldest=5, stretch=1_000, seconds=20)
    push_many(queue, 600)
    assert ids(queue, OrderKey("1"), many) == [1]


def test_a_known_id_is_looked_up_wherever_it_is(queue: TestQueue) -> None:
    push_many(queue, 60)
    assert ids(queue, OrderKey("30"), known=[30, 31]) == [30]


def test_when_time_is_up_it_says_so_and_known_ids_are_still_looked_up(queue: TestQueue) -> None:
    push_many(queue, 60)
    none = ScanLimits(newest=20, oldest=5, stretch=10, seconds=-1)
    jobs, looked = search(queue.in_haste, OrderKey("30"), none, [30])
    assert [one.job.id for one in jobs] == [30]
    assert looked == Looked(newest=0, complete=False, in_time=False)


def test_what_has_failed_since_the_last_pass_is_found_above_what_is_indexed(
    queue: TestQueue,
) -> None:
    for id_ in (45, 46, 47):
        queue.fail(id_, order=803193, failed_at=datetime(2025, 11, 7, 17, id_))  # noqa: DTZ001 wall clock
    queue.fail(48, order=1803193)
    with reading(queue.engine) as connection:
        failures, in_time = failed_of_order(connection, queue.queue, OrderKey("803193"), 45)
    assert in_time
    assert [one.failed_job.id for one in failures] == [46, 47]


def test_the_bounds_are_those_that_the_answer_names() -> None:
    assert SCAN_LIMITS.newest % SCAN_LIMITS.stretch == 0
    assert (SCAN_LIMITS.newest, SCAN_LIMITS.oldest) == (20_000, 5_000)
