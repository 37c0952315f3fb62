"""What only Laravel's tables have: deadlines in payloads, connections, expired reservations."""

import json
from typing import Any

import pytest

from bot.app.responses import envelope
from bot.background.retries.track_bulk import outcomes_once
from bot.database.transactions import reading
from bot.models.refusals import OtherConnection, StartError
from bot.queue.layouts import all_layouts, detect, problems
from bot.store import tables
from tests.kit.bulk import carried_out, previewed
from tests.kit.changed_rows import run
from tests.kit.clock import StandingClock
from tests.kit.frameworks import (
    FRAMEWORKS,
    LARAVEL_8,
    LARAVEL_53,
    Framework,
    laravel_payload,
    old_laravel_payload,
)
from tests.kit.invariants import broken
from tests.kit.layout_databases import Databases, unix_now
from tests.kit.posting import watch
from tests.kit.queues import TestQueue, make_queue
from tests.kit.replicas import ask, codes, hold, make_setup
from tests.kit.watched_queue import watched

LAYOUTS = all_layouts(90, ("database",))
PASSED = 1_600_000_000


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.name)
def test_each_version_is_detected_and_a_missing_column_is_named(
    framework: Framework, database_url: str
) -> None:
    queue, jobs = make_queue(database_url, framework=framework), framework.tables[0]
    try:
        with reading(queue.engine) as connection:
            layout = detect(connection, *framework.tables, LAYOUTS)
            assert layout.name == framework.layout.name
            assert problems(connection, queue.queue) == []
        # A retry works in each version.
        queue.fail(45)
        assert codes([ask(make_setup(queue), "retry 45")]) == ["ok"]
        assert queue.jobs[0].payload == framework.payload(803193)
        run(queue, f"ALTER TABLE {jobs} RENAME COLUMN available_at TO available")
        with reading(queue.engine) as connection:
            nearest = detect(connection, *framework.tables, LAYOUTS)
            assert nearest.name == framework.layout.name
            missing = f"The table {jobs} has no column available_at."
            assert missing in problems(connection, queue.queue)
    finally:
        queue.engine.dispose()


def test_tables_that_fit_two_layouts_or_nearly_two_are_an_error_that_names_both(
    sqlite_url: str,
) -> None:
    queue = make_queue(sqlite_url, framework=LARAVEL_8)
    run(queue, "ALTER TABLE jobs ADD COLUMN max_attempts INT NOT NULL DEFAULT 3")
    with reading(queue.engine) as connection, pytest.raises(StartError, match="spec and laravel"):
        detect(connection, "jobs", "failed_jobs", LAYOUTS)
    with reading(queue.engine) as connection:
        for layout in LAYOUTS:
            assert detect(connection, "jobs", "failed_jobs", [layout]) == layout
    run(
        queue,
        "ALTER TABLE jobs DROP COLUMN max_attempts",
        "ALTER TABLE failed_jobs DROP COLUMN connection",
    )
    lacks = "spec: jobs.max_attempts; for laravel: failed_jobs.connection"
    with reading(queue.engine) as connection, pytest.raises(StartError, match=lacks):
        detect(connection, "jobs", "failed_jobs", LAYOUTS)
    queue.engine.dispose()


EDITED = {
    "moved": ({"retryUntil": PASSED, "createdAt": PASSED - 600}, "moved"),
    "removed": ({"retryUntil": PASSED}, "removed"),
    "attempts": ({"attempts": 4}, "attempts"),
    "both": ({"retryUntil": PASSED, "attempts": 4, "note": "caf\u00e9 \U0001f4a5"}, "removed"),
}


@pytest.mark.parametrize("in_bulk", [False, True])
@pytest.mark.parametrize(("more", "change"), EDITED.values(), ids=EDITED)
def test_a_passed_deadline_is_changed_in_the_text_and_said(
    laravel: TestQueue,
    more: dict[str, Any],
    change: str,
    in_bulk: bool,  # noqa: FBT001 a parameter
) -> None:
    body = laravel_payload(5, **more).replace('"maxTries":5', '"maxTries" : 5,"x":"\\u00e9\u00e9"')
    failed = laravel.fail(body=body)
    laravel.fail(order=6)
    setup = make_setup(laravel)
    watch(setup, hold(setup))
    if in_bulk:
        assert previewed(setup, "retry-all").layout == "laravel"
        carried_out(setup, "retry-all")
    else:
        answer = envelope(setup, ask(setup, f"retry {failed}"))
        assert answer["extra"]["jobs"][0]["edited"] != {}
    payload = laravel.jobs[0].payload
    at = laravel.jobs[0].available_at
    new = {"moved": {"retryUntil": at + 600}, "removed": {"retryUntil": None}, "attempts": {}}[
        change
    ]
    if "attempts" in more:
        new["attempts"] = 0
    assert json.loads(payload) == json.loads(body) | new
    for key, value in new.items():
        body = body.replace(f'"{key}":{json.dumps(more[key])}', f'"{key}":{json.dumps(value)}')
    assert payload == body
    assert [job.payload for job in laravel.jobs[1:]] == [laravel_payload(6)] * in_bulk


def test_an_edited_job_is_recognized_by_its_uuid(laravel: TestQueue) -> None:
    """By the payload's digest its outcome would never be known."""
    bodies = [laravel_payload(order, retryUntil=PASSED) for order in range(4)]
    ids = [laravel.fail(body=body) for body in bodies]
    clock = StandingClock()
    setup = make_setup(laravel, clock=clock)
    watch(setup, hold(setup))
    carried_out(setup, "retry-all")
    clock.move(seconds=30)
    outcomes_once(setup, hold(setup))
    (counts,) = laravel.rows(tables.outcomes)
    assert counts.waiting == 4
    carried_out(setup, "undo")
    assert [(row.id, row.payload) for row in laravel.failed] == list(zip(ids, bodies, strict=True))
    assert laravel.jobs == []
    assert ask(setup, f"retry {ids[0]}").refusal is None
    assert ask(setup, "undo").refusal is None
    assert laravel.failed[0].payload == bodies[0]


def test_a_job_of_another_connection_is_named_and_left_alone(laravel: TestQueue) -> None:
    ids = [laravel.fail(order=order) for order in range(5)]
    run(laravel, f"UPDATE failed_jobs SET connection = 'redis' WHERE id IN ({ids[1]}, {ids[3]})")
    setup = make_setup(laravel)
    watch(setup, hold(setup))
    refusal = ask(setup, f"retry {ids[1]}").refusal
    assert isinstance(refusal, OtherConnection)
    assert refusal.detail == "redis"
    carried_out(setup, "retry-all")
    assert [row.id for row in laravel.failed] == [ids[1], ids[3]]
    aside = laravel.rows(tables.set_aside)
    assert [(row.failed_id, row.code, row.detail) for row in aside] == [
        (ids[1], "other-connection", "redis"),
        (ids[3], "other-connection", "redis"),
    ]
    assert len(laravel.jobs) == 3
    assert broken(laravel) == []
    assert ask(setup, f"delete-failed {ids[1]}").refusal is None


def test_more_jobs_of_another_connection_than_a_table_may_refuse_are_left_alone(
    laravel: TestQueue,
) -> None:
    for order in range(130):
        laravel.fail(order=order)
    run(laravel, "UPDATE failed_jobs SET connection = 'redis' WHERE id % 13 > 0")
    setup = make_setup(laravel)
    watch(setup, hold(setup))
    carried_out(setup, "retry-all")
    assert (len(laravel.jobs), len(laravel.failed)) == (10, 120)


def test_a_reservation_that_expired_is_available_again(laravel: TestQueue) -> None:
    at = unix_now(laravel)
    held = laravel.push(order=1, reserved_at=at - 60, attempts=1)
    expired = laravel.push(order=2, reserved_at=at - 600, attempts=1)
    setup = make_setup(laravel, reserved_seconds=30)

    def ids(words: str) -> list[int]:
        return [job["id"] for job in envelope(setup, ask(setup, words))["data"]["jobs"]]

    assert ids("jobs status=pending") == [expired]
    assert ids("jobs status=reserved") == [held]
    assert ids("stuck") == [held]
    assert codes([ask(setup, f"release {expired}")]) == ["not-reserved"]
    status = envelope(setup, ask(setup, "status"))
    assert status["data"]["pending_jobs"] == status["data"]["reserved_jobs"]
    detail = envelope(setup, ask(setup, f"job {expired}"))["data"]
    assert (detail["state"], detail["job"]["reserved_at_human"]) == ("pending", None)


def test_an_expired_job_counts_as_old_and_not_as_stuck(laravel: TestQueue) -> None:
    watching = watched(laravel, oldest_seconds=300, reserved_seconds=60)
    at = watching.now
    laravel.push(reserved_at=at - 500, attempts=1, available_at=at - 900, created_at=at - 900)
    readings = watching.look()
    assert not readings["stuck_jobs:netsuite"].breached
    assert readings["oldest_job:netsuite"].value == 500 - 90


def test_the_attempts_and_the_facts_come_from_the_payload(laravel: TestQueue) -> None:
    body = laravel_payload(5, maxTries=7, tags=["order:5", "shop"], timeout=30)
    job = laravel.push(body=body)
    none = laravel.push(body=laravel_payload(6, maxTries=None))
    setup = make_setup(laravel)
    jobs = envelope(setup, ask(setup, "jobs"))["data"]["jobs"]
    assert {row["id"]: row["max_attempts"] for row in jobs} == {job: 7, none: None}
    detail = envelope(setup, ask(setup, f"job {job}"))["data"]
    assert detail["facts"] == {
        "maxTries": "7",
        "timeout": "30",
        "backoff": "10,60",
        "tags": "order:5, shop",
    }
    assert (detail["job"]["job_class"], detail["job"]["order_id"]) == ("App\\Jobs\\SyncOrder", 5)


def test_a_queue_s_name_that_is_too_long_for_jobs_is_refused_row_by_row(
    databases: Databases,
) -> None:
    """Only servers have a maximum length."""
    queue = databases.emptied(LARAVEL_8, "mariadb")
    long, other = queue.fail(queue="q" * 300, order=1), queue.fail(order=2)
    setup = make_setup(queue)
    watch(setup, hold(setup))
    refusal = ask(setup, f"retry {long}").refusal
    assert refusal is not None
    assert codes([ask(setup, f"retry {other}")]) == ["ok"]
    assert [row.id for row in queue.failed] == [long]


def test_an_old_payload_without_a_uuid_is_recognized_after_its_edit(database_url: str) -> None:
    queue = make_queue(database_url, framework=LARAVEL_53)
    try:
        bodies = [old_laravel_payload(order, timeoutAt=PASSED) for order in range(3)]
        for body in bodies:
            queue.fail(body=body)
        setup = make_setup(queue)
        watch(setup, hold(setup))
        carried_out(setup, "retry-all")
        assert {json.loads(job.payload)["timeoutAt"] for job in queue.jobs} == {None}
        carried_out(setup, "undo")
        assert [row.payload for row in queue.failed] == bodies
        assert queue.jobs == []
    finally:
        queue.engine.dispose()
