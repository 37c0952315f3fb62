"""Alerts of the metric rules, from the tables to the channel, until the incident is resolved."""

import json
import re
from typing import Any

from sqlalchemy import delete

from bot.store import tables
from bot.wall_clock import unix
from tests.kit.queues import GONE_AWAY, TestQueue, payload
from tests.kit.team import Json, Team, team_at_work

NEVER = 10**6


def now(team: Team) -> int:
    """Return the Unix time of the bot's clock, in seconds."""
    with team.queue.engine.connect() as connection:
        return unix(team.clock(connection))


def probe_state(team: Team) -> Any:
    """Wait for the first check of the queue and return its probe state."""

    def find() -> Any:
        rows = team.queue.rows(tables.probe_states)
        return rows[0] if rows else None

    return team.until(find)


def push(team: Team, *, ago: int = 0, **values: Any) -> int:
    """Add a job that became available `ago` seconds ago."""
    at = now(team) - ago
    return team.queue.push(**{"created_at": at, "available_at": at, **values})


def empty(team: Team) -> None:
    """Delete all jobs, as if workers had finished them."""
    with team.queue.engine.begin() as connection:
        connection.execute(delete(team.queue.queue.jobs))


def recovered(team: Team, alert: Json) -> Json:
    """Move the clock until the alert says that it is resolved, and return the alert."""
    team.until(lambda: any(row.recovered_since for row in team.queue.rows(tables.incidents)))
    team.clock.move(seconds=61)
    return team.until(
        lambda: team.now(alert) if team.now(alert)["text"].startswith("✅ Resolved") else None
    )


def replies(team: Team, alert: Json) -> list[str]:
    """Return the texts in the alert's thread."""
    every = team.posted("queue-alerts")
    return [one["text"] for one in every if one.get("thread_ts") == alert["ts"]]


def test_an_old_job_is_posted_with_a_button_for_the_jobs_and_its_resolution_too(
    team_on_each: Team,
) -> None:
    team = team_on_each
    push(team, ago=400)

    alert = team.alert("the oldest job has been waiting for")

    assert "*netsuite:*" in alert["text"]
    text = json.dumps(alert["blocks"])
    assert "run:jobs" in text
    assert "acknowledge" in text
    looked = team.click(alert, "run:jobs", as_="viewer")
    assert "order 803196" in looked.text

    empty(team)
    over = recovered(team, alert)
    assert "no job is waiting" in over["text"]
    assert "run:" not in json.dumps(over["blocks"])
    team.until(lambda: replies(team, alert))
    (reply,) = replies(team, alert)
    assert "Resolved" in reply


def test_stopped_workers_have_an_alert_without_a_second_alert_for_the_age(
    team_on_each: Team,
) -> None:
    team = team_on_each
    push(team)
    team.until(lambda: probe_state(team).available_since)
    team.clock.move(seconds=310)

    alert = team.alert("workers have stopped taking jobs")

    assert "systemctl restart queue-worker" in alert["text"]
    assert len(team.posted("queue-alerts")) == 1
    empty(team)
    assert "no job is waiting" in recovered(team, alert)["text"]


def test_the_alert_of_a_stuck_job_has_a_hint_and_resolves_after_release(team: Team) -> None:
    job = push(team, reserved_at=now(team) - 362)

    alert = team.alert("1 job has been reserved for more than 5 min")

    assert f"job {job}: 6 min" in alert["text"]
    assert "ps aux | grep queue" in alert["text"]
    team.say(f"release {job}")
    # The released job is available, and its age has not changed.
    assert "no job is reserved for more than 5 min." in recovered(team, alert)["text"]


def test_the_alert_of_too_many_failed_jobs_resolves_after_retries(kept_queue: TestQueue) -> None:
    with team_at_work(kept_queue, failed_count=2) as team:
        failed = team.queue.queue.failed
        row: dict[str, Any] = {"queue": "mail", "payload": payload(), "exception": GONE_AWAY}
        # One statement: a check between two inserts would report three failed jobs.
        with team.queue.engine.begin() as connection:
            row["failed_at"] = team.clock(connection)
            connection.execute(failed.insert(), [{**row, "id": id_} for id_ in range(1, 5)])

        alert = team.alert("failed jobs*; the limit")

        assert re.search(r"E\d+: 4 · `NetSuite sync failed", alert["text"])
        team.say("retry 1 2 3")
        over = recovered(team, alert)
        assert "*Failed jobs:* 1; the limit is 2." in over["text"]


def test_a_growing_backlog_is_posted_in_one_message(kept_queue: TestQueue) -> None:
    limits: dict[str, Any] = {
        "oldest_seconds": NEVER,
        "no_worker_activity_seconds": NEVER,
        "backlog_count": 30,
    }
    with team_at_work(kept_queue, **limits) as team:
        points = 0
        for _ in range(17):
            for _ in range(3):
                push(team)
            team.until(lambda: len(json.loads(probe_state(team).counts)) > points)  # noqa: B023 waited for here
            points = len(json.loads(probe_state(team).counts))
            team.clock.move(seconds=60)

        alert = team.alert("the backlog still grows")

        assert "15 min ago" in alert["text"]
        empty(team)
        assert "no job is waiting" in recovered(team, alert)["text"]
        assert len([one for one in team.posted("queue-alerts") if "thread_ts" not in one]) == 1


def test_a_limit_that_every_job_exceeds_gives_a_warning(kept_queue: TestQueue) -> None:
    with team_at_work(kept_queue, worker_seconds=900) as team:
        push(team, reserved_at=now(team) - 400)
        alert = team.alert("1 job has been reserved")
        assert "shorter than the workers' own timeout, 15 min" in alert["text"]


def test_jobs_retried_at_a_rate_raise_no_alert(team: Team) -> None:
    for number in range(30):
        push(team, ago=9_000, available_at=now(team) + 50_000 + number)
    for _ in range(3):
        team.clock.move(seconds=3_600)
        # Without a job that a worker has, the queue is quiet and is checked only once a minute.
        job = push(team, ago=9_000, reserved_at=now(team))
        looked = now(team)
        team.until(lambda: unix(probe_state(team).probed_at) > looked)  # noqa: B023 waited for here
        with team.queue.engine.begin() as connection:
            jobs = team.queue.queue.jobs
            connection.execute(delete(jobs).where(jobs.c.id == job))
    assert team.queue.rows(tables.incidents) == []
    assert team.posted("queue-alerts") == []
