"""Mutes by group, queue and rule: before an incident, during an incident, and at their end."""

from dataclasses import replace

import pytest

from bot.app.setup import Alerting
from bot.localslack.server import LocalSlack
from tests.kit.alert_channel import MENTION, AlertChannel, make_alert_channel
from tests.kit.incident_life import CALL, Life
from tests.kit.invariants import broken
from tests.kit.kept_database import queue_on_mariadb
from tests.kit.queues import GONE_AWAY, TestQueue
from tests.kit.replicas import ask

__all__ = ["queue_on_mariadb"]


def mute(life: Life, what: str, length: str = "1h") -> None:
    assert ask(life.setup, f"mute {what} for={length}").refusal is None


WHAT = ("error=E1", "queue=mail", "alert=new_failures")


def fail(life: Life, queue: str = "mail", rows: int = 1) -> None:
    life.storm(GONE_AWAY, each=rows, queue=queue)


def make_known(life: Life) -> None:
    """Let the group and the queue be known; their incident was resolved more than an hour ago."""
    fail(life)
    life.tick()
    life.take(*[row.id for row in life.queue.failed])
    life.tick(seconds=61)
    life.tick(minutes=70)
    assert len(life.messages()) == 1


@pytest.mark.parametrize("what", WHAT)
def test_an_incident_triggered_while_muted_is_posted_once_with_a_mention_when_the_mute_ends(
    life: Life, what: str
) -> None:
    make_known(life)
    mute(life, what)
    fail(life, rows=2)
    life.tick(minutes=5)
    life.tick(minutes=20)
    assert len(life.messages()) == 1
    assert life.replies() == []
    assert life.incidents[-1].count == 2
    life.tick(minutes=36)
    assert len(life.messages()) == 2
    assert "2 failed jobs" in life.messages()[1]
    assert CALL in life.messages()[1]
    life.tick(seconds=5)
    assert len(life.messages()) == 2
    assert broken(life.queue, drained=True) == []


@pytest.mark.parametrize("what", WHAT)
def test_the_alert_of_an_active_incident_is_edited_without_a_mention_while_muted(
    life: Life, what: str
) -> None:
    fail(life)
    life.tick()
    mute(life, what)
    fail(life, rows=300)
    life.tick(minutes=20)
    life.tick(minutes=20)
    assert "301 failed jobs" in life.messages()[0]
    assert life.replies() == []
    fail(life)
    life.tick(minutes=21)
    (reply,) = life.replies()
    assert CALL in reply, "the incident is neither acknowledged nor muted"


@pytest.mark.parametrize("what", WHAT)
def test_an_incident_reopened_while_muted_gets_a_mention_when_the_mute_ends(
    life: Life, what: str
) -> None:
    fail(life)
    life.tick()
    life.take(*[row.id for row in life.queue.failed])
    life.tick(seconds=61)
    mute(life, what)
    fail(life)
    life.tick(minutes=10)
    assert (life.incident.reopened, life.incident.resolved_at) == (1, None)
    assert life.replies() == []
    fail(life)
    life.tick(minutes=51)
    assert len(life.messages()) == 1
    assert [CALL in one for one in life.replies()] == [True]


def test_the_mute_of_a_queue_covers_only_incidents_of_that_queue_alone(life: Life) -> None:
    make_known(life)
    mute(life, "queue=mail")
    fail(life, rows=2)
    life.tick(minutes=5)
    assert (len(life.messages()), life.incidents[-1].queue) == (1, "mail")
    fail(life, queue="netsuite")
    life.tick(seconds=5)
    assert len(life.messages()) == 2, "the error group also fails in a queue that is not muted"
    assert "3 failed jobs" in life.messages()[1]
    assert CALL in life.messages()[1]
    assert (life.incidents[-1].queue, life.incidents[-1].muted_until) == (None, None)
    fail(life)
    life.tick(seconds=5)
    assert life.incidents[-1].queue is None, (
        "an incident of several queues never returns to one queue"
    )
    assert broken(life.queue, drained=True) == []


def test_a_mute_of_an_error_group_covers_every_queue(life: Life) -> None:
    make_known(life)
    mute(life, "error=E1")
    fail(life, rows=2)
    fail(life, queue="netsuite")
    life.tick(minutes=5)
    assert len(life.messages()) == 1
    assert (life.incidents[-1].queue, life.incidents[-1].count) == (None, 3)


def test_an_incident_of_two_queues_is_not_muted_by_the_mute_of_one_queue(life: Life) -> None:
    make_known(life)
    mute(life, "queue=mail")
    fail(life)
    fail(life, queue="netsuite")
    life.tick(minutes=5)
    assert len(life.messages()) == 2


def test_an_incident_that_resolves_before_its_mute_ends_is_not_posted(life: Life) -> None:
    make_known(life)
    mute(life, "error=E1")
    fail(life)
    life.tick(minutes=5)
    life.take(*[row.id for row in life.queue.failed])
    life.tick(seconds=61)
    life.tick(minutes=60)
    assert life.incidents[-1].resolution == "recovered"
    assert (len(life.messages()), life.replies()) == (1, [])


@pytest.fixture
def channel(queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """An alert channel with the default limits, for stuck jobs."""
    return make_alert_channel(queue, slack, Alerting())


def held(channel: AlertChannel) -> None:
    channel.team.push(reserved_at=channel.team.now - 400)


STUCK = ("queue=netsuite", "alert=stuck_jobs")


@pytest.mark.parametrize("what", STUCK)
def test_a_rule_incident_triggered_while_muted_is_posted_when_the_mute_ends(
    channel: AlertChannel, what: str
) -> None:
    job = channel.team.push()
    channel.look()
    channel.team.end(job)
    assert ask(channel.team.setup, f"mute {what} for=1h").refusal is None
    held(channel)
    channel.watch(600, every=60)
    assert channel.alerts == []
    assert channel.row.resolved_at is None
    channel.watch(3_060, every=60)
    assert "1 job has been reserved" in channel.alert
    assert channel.replies == []
    posts = [str(call.args) for call in channel.slack.calls("chat.postMessage")]
    assert [MENTION in post for post in posts if "has been reserved" in post] == [True]


@pytest.mark.parametrize("what", STUCK)
def test_a_rule_incident_that_is_muted_while_active_does_not_escalate(
    channel: AlertChannel, what: str
) -> None:
    setup = channel.team.setup
    channel.team.setup = replace(setup, alerting=replace(setup.alerting, escalate_seconds=900))
    held(channel)
    channel.look()
    assert ask(channel.team.setup, f"mute {what} for=1h").refusal is None
    channel.watch(1_800, every=60)
    assert channel.replies == []
    assert channel.row.muted_until is not None
    channel.watch(1_860, every=60)
    (reply,) = channel.replies
    assert MENTION in reply


def test_a_mute_of_one_queue_or_alert_rule_covers_no_other_rule(channel: AlertChannel) -> None:
    channel.team.push(name="mail")
    channel.look()
    for what in ("queue=mail", "alert=oldest_job", "alert=new_failures"):
        assert ask(channel.team.setup, f"mute {what} for=1h").refusal is None
    held(channel)
    channel.look()
    assert channel.alert.count(MENTION) == 1


def test_an_incident_that_is_often_reopened_within_an_hour_mentions_less_often(
    channel: AlertChannel,
) -> None:
    calls = []
    for _ in range(2):
        before = len(channel.replies)
        for _ in range(10):
            held(channel)
            channel.watch(60, every=20)
            channel.team.end(*[row.id for row in channel.queue.jobs])
            channel.watch(120, every=20)
        calls.append(sum(MENTION in text for text in channel.replies[before:]))
    assert (len(channel.rows), len(channel.alerts)) == (1, 1)
    assert calls == [1, 0], "each reopening lengthens the time until the incident resolves"
    channel.watch(900, every=60)
    assert channel.row.resolution == "recovered"
