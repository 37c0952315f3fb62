"""Outcomes in Slack: in the message in the channel, in its thread, and in the alert."""

from bot.localslack.demo import IDS
from bot.store import tables
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team
from tests.kit.worker import Worker

OTHER = "RuntimeException: no such customer"


def reply_to(team: Team, message: Json) -> Json:
    """Wait for the reply in a message's thread and return it; the clock moves meanwhile."""

    def find() -> Json | None:
        team.clock.move(seconds=0.5)
        every = team.posted("queue-ops") + team.posted("queue-alerts")
        return next((one for one in every if one.get("thread_ts") == message["ts"]), None)

    return team.until(find, timeout=20)


def visible(team: Team, words: str) -> Json:
    """Wait for the message in #queue-ops that has these words, and return it."""

    def find() -> Json | None:
        every = team.posted("queue-ops")
        return next((one for one in every if words in one["text"]), None)

    return team.until(find)


def only_job(queue: TestQueue) -> int:
    (job,) = queue.jobs
    return int(job.id)


def test_the_outcome_of_a_retry_is_posted_in_the_thread_of_its_message(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45)
    team.alert()
    team.say("retry 45")
    message = visible(team, "retried failed job 45")
    worker = Worker(team.queue)
    worker.end(worker.release(only_job(team.queue)))

    reply = reply_to(team, message)

    assert "was processed" in reply["text"]
    assert reply["channel"] == message["channel"]
    # The reply and the edit of the message are two outbox messages.
    team.until(lambda: "was processed" in team.now(message)["text"])
    (row,) = team.queue.rows(tables.tracked_jobs)
    assert (row.state, row.actor) == ("processed", IDS.operator)


def test_the_outcome_of_a_clicked_retry_is_posted_in_the_thread_of_the_alert(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    team.click(alert, "run:retry")
    job = team.until(lambda: only_job(team.queue) if team.queue.jobs else None)
    Worker(team.queue).fail(job, OTHER)

    reply = reply_to(team, alert)

    assert "failed again with another error" in reply["text"]
    assert "no such customer" in reply["text"]
    assert f"<@{IDS.operator}>" in reply["text"]
    team.until(lambda: "failed again with another error" in team.now(alert)["text"])
    assert team.posted("queue-ops") == []


def test_the_outcomes_of_retry_all_are_counted_in_its_message_and_posted_in_its_thread(
    team: Team,
) -> None:
    for order in (1, 2, 3):
        team.queue.fail(order=order)
    team.alert()
    team.submit(team.say("retry-all", as_="admin").view)
    message = visible(team, "Retried 3 failed jobs")
    jobs = [row.id for row in team.queue.jobs]
    worker = Worker(team.queue)
    for job in jobs[:2]:
        worker.end(job)
    worker.fail(jobs[2])

    reply = reply_to(team, message)

    assert "✅ 2 processed · 🔴 1 failed again" in reply["text"]
    team.until(lambda: "✅ 2 processed · 🔴 1 failed again" in team.now(message)["text"])
