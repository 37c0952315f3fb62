"""Changes of single rows on each kind of database: moved, kept and refused rows."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from bot.app.parsing import Request
from bot.database.transactions import LostRace
from bot.models.refusals import FailedJobNotFound
from bot.queue.moves import delete_failed, delete_job, retry
from bot.queue.reads import failed_job
from bot.store import tables
from bot.wall_clock import unix
from tests.kit.invariants import broken, payloads
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask, codes, make_setup

NOW = datetime(2025, 11, 7, 19, 30, 0)  # noqa: DTZ001 the database's UTC
ODD = [
    '{"job":"App\\\\Jobs\\\\A","data":{"order_id":1}}',
    '{ "a" : 1,\n\t"a" : 2 , "\\u00e9": "é", "n": 1.0e2 }  ',
    '{"cut off": "in the mid',
    'O:8:"stdClass":1:{s:1:"a";s:3:"\\0*\\0";}',
    "\U0001f4a5 \u202e كتب \\x00 \x7f \ufffd ' \" ` -- ; DROP TABLE jobs",
    "",
    " ",
    "%s %(a)s :id ? {}",
    "[" * 3_000,
    '{"big": "' + "ñ" * 1_000_000 + '"}',
]


def bodies(table: TestQueue) -> list[bytes]:
    return [row.payload.encode() for row in table.jobs]


def test_a_retry_keeps_every_byte_of_an_odd_payload(queue: TestQueue) -> None:
    ids = [queue.fail(body=body) for body in ODD]
    before = payloads(queue)
    setup = make_setup(queue)
    outcome = ask(setup, "retry " + " ".join(map(str, ids)))
    assert codes([outcome]) == ["ok"]
    assert bodies(queue) == [body.encode() for body in ODD]
    assert [row.payload for row in queue.rows(tables.archive)] == ODD
    assert queue.failed == []
    assert broken(queue, before) == []


def test_a_retried_job_has_the_values_of_a_new_job(queue: TestQueue) -> None:
    failed = queue.fail(45, queue="mail")
    setup = make_setup(queue)
    outcome = ask(setup, f"retry {failed}")
    (job,) = queue.jobs
    at = unix(outcome.now)
    assert (job.queue, job.attempts, job.max_attempts, job.reserved_at) == ("mail", 0, 3, None)
    assert job.available_at == job.created_at
    assert at - 1 <= job.created_at <= at


def test_a_retried_job_has_the_time_of_the_transaction(queue: TestQueue) -> None:
    queue.fail(45)
    with queue.engine.begin() as connection:
        retry(connection, queue.queue, 45, NOW)
    (job,) = queue.jobs
    assert (job.available_at, job.created_at) == (unix(NOW), unix(NOW))


@pytest.mark.parametrize("move", [retry, delete_failed, delete_job])
def test_a_move_of_a_missing_row_is_a_lost_race(queue: TestQueue, move: Any) -> None:
    arguments = (NOW,) if move is retry else ()
    with queue.engine.begin() as connection, pytest.raises(LostRace):
        move(connection, queue.queue, 45, *arguments)
    assert queue.jobs == []


@pytest.mark.parametrize("words", ["delete-failed 45", "delete 7", "retry 45"])
def test_a_removed_row_is_in_the_archive_unchanged(queue: TestQueue, words: str) -> None:
    queue.fail(45, body=ODD[1])
    queue.push(7, body=ODD[2], attempts=2, reserved_at=1762537000)
    failed, jobs = list(queue.failed), list(queue.jobs)
    setup = make_setup(queue)
    assert codes([ask(setup, words)]) == ["ok"]
    for kept in queue.rows(tables.archive):
        (was,) = failed if kept.kind == "failed" else jobs
        shared = set(was._fields) & set(kept._fields) - {"id"}
        assert {name: getattr(kept, name) for name in shared} == {
            name: getattr(was, name) for name in shared
        }
        assert kept.row_id == was.id
    assert broken(queue, {ODD[1]: 1, ODD[2]: 1}) == []


def digest_of(queue: TestQueue, failed_id: int) -> str:
    with queue.engine.begin() as connection:
        return failed_job(connection, queue.queue, failed_id).row_digest


def test_a_change_of_an_id_that_now_has_another_row_is_refused(queue: TestQueue) -> None:
    queue.fail(45, order=1)
    seen = digest_of(queue, 45)
    truncate(queue)
    queue.fail(45, order=2)
    setup = make_setup(queue)
    outcome = ask(setup, Request("retry", {"ids": "45", "digest": seen}))
    assert codes([outcome]) == ["changed"]
    assert (len(queue.failed), queue.jobs) == (1, [])
    again = ask(setup, Request("retry", {"ids": "45", "digest": digest_of(queue, 45)}))
    assert codes([again]) == ["ok"]


@pytest.mark.parametrize(
    "change",
    [
        "queue = 'other'",
        "payload = concat_ws('', payload, ' ')",
        "failed_at = '2025-11-07 17:46:00'",
    ],
)
def test_a_change_of_a_row_whose_content_has_changed_is_refused(
    queue: TestQueue, change: str
) -> None:
    queue.fail(45)
    seen = digest_of(queue, 45)
    with queue.engine.begin() as connection:
        connection.execute(text(f"UPDATE failed_jobs SET {change} WHERE id = 45"))
    assert digest_of(queue, 45) != seen
    outcome = ask(make_setup(queue), Request("delete-failed", {"ids": "45", "digest": seen}))
    assert codes([outcome]) == ["changed"]


def truncate(queue: TestQueue) -> None:
    with queue.engine.begin() as connection:
        if queue.engine.dialect.name == "sqlite":
            connection.execute(text("DELETE FROM failed_jobs"))
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = 'failed_jobs'"))
        else:
            connection.execute(text("TRUNCATE TABLE failed_jobs"))


def test_the_result_of_a_delete_says_if_a_worker_had_the_job(queue: TestQueue) -> None:
    queue.push(7, reserved_at=1762537000, attempts=1)
    outcome = ask(make_setup(queue), "delete 7")
    assert outcome.result is not None
    envelope = outcome.result.envelope()
    assert envelope["data"] == {"queue": "netsuite", "attempts": 1}
    assert envelope["extra"]["jobs"][0]["reserved"] is True
    assert queue.jobs == []


def test_the_refusal_of_the_second_change_names_the_person_of_the_first(queue: TestQueue) -> None:
    queue.fail(45)
    setup = make_setup(queue)
    first = ask(setup, "retry 45", by="U07OPERATOR1")
    second = ask(setup, "delete-failed 45")
    assert codes([first, second]) == ["ok", "failed-job-not-found"]
    assert isinstance(second.refusal, FailedJobNotFound)
    assert (second.refusal.by, second.refusal.action) == ("U07OPERATOR1", "retry")


def test_of_several_ids_the_possible_ones_are_moved(queue: TestQueue) -> None:
    queue.fail(1)
    queue.fail(3)
    setup = make_setup(queue)
    ask(setup, "retry 1")
    outcome = ask(setup, "retry 1 2 3")
    assert outcome.result is not None
    extra = outcome.result.envelope()["extra"]
    assert [job["failed_id"] for job in extra["jobs"]] == [3]
    assert [(row["id"], row["by"]) for row in extra["skipped"]] == [(1, "U07ADMINANA1"), (2, None)]
    with queue.engine.begin() as connection:
        assert len(connection.execute(select(queue.queue.jobs.c.id)).all()) == 2
    assert broken(queue) == []
