"""Bulk changes that are refused: wrong filters, too many rows, a lost role, or all queues."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from bot.models.operations import OPERATOR_ROWS
from bot.store import tables
from tests.kit.bulk import Bench, make_bench, previewed, run_out
from tests.kit.bulk_in_slack import OTHER
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import ANA, OMAR, ask, codes, confirm, make_setup
from tests.kit.two_queues import NEW, text_of, two_queues_bench, two_queues_sqlite_bench

__all__ = ["two_queues_bench", "two_queues_sqlite_bench"]


@pytest.mark.parametrize("name", ["%", "MAIL"])
def test_a_name_similar_to_the_name_of_a_queue_selects_no_job(bench: Bench, name: str) -> None:
    outcome = ask(bench.setup, f"retry queue={name}")
    if outcome.refusal is None:
        # MariaDB compares the name of a queue without case.
        assert previewed(bench.setup, f"retry queue={name}").total == 3
    else:
        assert outcome.refusal.code == "queue-not-found"
    assert bench.queue.jobs == []


WRONG = {
    "retry before=tomorrow": "tomorrow is not a time like",
    "retry before=2025-11-07T17:45Z": "is not a time like",
    "retry before=9999-12-31": "9999-12-31 is not a time like",
    "retry after=0001-01-01": "is not a time like",
    "retry error=Ex": "Ex is not an error group like E12",
    "retry error=E1,E2": "is not an error group",
    "retry error=": "is not an error group",
    "retry order=": "order needs a value",
    "retry tienda=": "tienda needs a value",
    "retry limit=0": "limit must be at least 1, not 0",
    "retry limit=10000001": "limit can be at most 10000000",
    "retry limit=1e3": "limit must be a whole number",
    "retry 41 rate=fast": "fast is not a rate like 60/min",
    "retry 41 rate=1/h": "is not a rate",
    "retry 41 canary=21": "canary can be at most 20, not 21",
    "retry 41 canary=-1": "canary must be at least 0, not -1",
    "retry rate=60": "Name what to retry",
    "retry canary=3": "Name what to retry",
    "retry error=E1 error=E2": "error is given twice",
    "retry 41 archive=no": "There is no argument archive",
    "retry-all error=E1": "There is no argument error",
    "clear-failed archive=maybe": "archive must be yes or no, not maybe",
    "clear-failed rate=3": "There is no argument rate",
    "clear-failed 41 42": "41 is one word too many",
}


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_an_invalid_filter_is_refused_with_a_sentence(kept_queue: TestQueue, zone: str) -> None:
    kept_queue.fail(41)
    setup = make_setup(kept_queue)
    clock = replace(setup, zone=type(setup.zone)(zone))
    setup = replace(clock, queue=replace(setup.queue, zone=clock.zone))
    for words, sentence in WRONG.items():
        outcome = ask(setup, words)
        assert codes([outcome]) == ["invalid"], words
        assert sentence in text_of(setup, outcome).replace("`", ""), words
        spanish = replace(setup, language="es")
        assert sentence not in text_of(spanish, outcome), words
    assert len(kept_queue.failed) == 1
    for words in ("retry before=9998-12-31", "retry after=1970-01-01", "retry before=99999w"):
        assert text_of(setup, ask(setup, words)), words


def many(queue: TestQueue, rows: int) -> None:
    """Add this number of equal failures."""
    row = {"queue": "netsuite", "payload": payload(), "exception": OTHER, "failed_at": NEW}
    with queue.engine.begin() as connection:
        connection.execute(insert(queue.queue.failed), [row] * rows)


def test_an_operator_above_the_row_limit_is_refused_with_alternatives(
    kept_queue: TestQueue,
) -> None:
    bench = make_bench(kept_queue)
    many(bench.queue, OPERATOR_ROWS + 1)
    refused = ask(bench.setup, "retry queue=netsuite", by=OMAR)
    assert codes([refused]) == ["denied"]
    text = text_of(bench.setup, refused)
    assert (
        "these are 501 failed jobs. To retry more than 500 at once, you need the role admin" in text
    )
    assert "limit=500" in text
    assert "501 jobs fallidos" in text_of(replace(bench.setup, language="es"), refused)
    preview = previewed(bench.setup, "retry queue=netsuite limit=500", by=OMAR)
    assert preview.total == OPERATOR_ROWS
    assert bench.queue.rows(tables.operations)[0].id == preview.plan, (
        "the refused preview stored no plan"
    )
    assert codes([ask(bench.setup, "retry-all", by=OMAR)]) == ["denied"]
    assert codes([ask(bench.setup, "clear-failed queue=netsuite limit=1", by=OMAR)]) == ["denied"]
    assert codes([confirm(bench.setup, "retry", preview.plan, by=OMAR)]) == ["ok"]
    run_out(bench.runner(1_000))
    assert (len(bench.queue.failed), len(bench.queue.jobs)) == (1, OPERATOR_ROWS)


def test_a_role_lost_after_the_preview_stops_the_confirmation_and_the_operation(
    kept_queue: TestQueue,
) -> None:
    bench = make_bench(kept_queue)
    many(bench.queue, OPERATOR_ROWS + 1)
    fewer = replace(bench.setup, rules=replace(bench.setup.rules, admins=(), operators=(ANA,)))
    plan = previewed(bench.setup, "retry queue=netsuite").plan
    refused = confirm(fewer, "retry", plan)
    assert codes([refused]) == ["denied"]
    assert "more than 500" in text_of(bench.setup, refused)
    assert len(bench.queue.failed) == OPERATOR_ROWS + 1
    assert codes([confirm(bench.setup, "retry", plan)]) == ["ok"]
    run_out(bench.runner(200, fewer))
    assert (bench.operation(plan).state, bench.operation(plan).reason) == ("stopped", "denied")
    assert len(bench.queue.failed) == OPERATOR_ROWS + 1


def test_a_bulk_change_must_name_a_queue_if_only_some_queues_may_be_changed(
    sqlite_bench: Bench,
) -> None:
    some = replace(
        sqlite_bench.setup, rules=replace(sqlite_bench.setup.rules, allowed_queues=("mail",))
    )
    refused = ask(some, "retry order=2")
    assert codes([refused]) == ["wrong-queue"]
    assert "please name one queue with queue=" in text_of(some, refused)
    assert "queue=" in text_of(replace(some, language="es"), refused)
    assert previewed(some, "retry order=2 queue=mail").total == 1
