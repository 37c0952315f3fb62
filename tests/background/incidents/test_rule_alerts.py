"""Alerts of each rule: one message for each incident, posted, edited, resolved, reopened."""

from dataclasses import replace

import pytest

from bot.app.setup import Alerting
from bot.background.incidents import probe
from bot.localslack.server import LocalSlack
from bot.store.leases import LeaseLost
from tests.kit.alert_channel import (
    CASES,
    MENTION,
    AlertChannel,
    Case,
    make_alert_channel,
    make_case_channel,
)
from tests.kit.kept_database import queue_on_mariadb
from tests.kit.queues import TestQueue
from tests.kit.replicas import ask

__all__ = ["queue_on_mariadb"]


@pytest.fixture(params=CASES, ids=[case.rule for case in CASES])
def case(request: pytest.FixtureRequest) -> Case:
    """Each alert rule in turn."""
    value: Case = request.param
    return value


@pytest.fixture
def channel(queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """An alert channel with the default limits."""
    return make_alert_channel(queue, slack)


@pytest.fixture
def case_channel(case: Case, queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """An alert channel with the limits of the case."""
    return make_case_channel(case, queue, slack)


def test_a_rule_alert_is_posted_once_and_edited_in_place(
    case_channel: AlertChannel, case: Case
) -> None:
    case.begin(case_channel)
    case_channel.look()
    first = case_channel.alert
    assert case.says in first
    assert first.count(MENTION) == 1
    assert (case_channel.row.rule, case_channel.row.active_subject) == (case.rule, case.subject)
    case.worsen(case_channel)
    case_channel.watch(60, every=30)
    assert case.says in case_channel.alert
    assert case_channel.alert != first
    assert case_channel.replies == []
    # An edit mentions nobody.
    assert case_channel.calls == 0


def test_a_rule_incident_does_not_flap_around_its_limit(
    case_channel: AlertChannel, case: Case
) -> None:
    case.begin(case_channel)
    case_channel.look()
    for _ in range(3):
        case.hover(case_channel)
        case_channel.look()
        assert case_channel.row.resolved_at is None
        assert case_channel.row.recovered_since is None
        case.worsen(case_channel)
        case_channel.look()
    assert len(case_channel.alerts) == 1
    assert case_channel.replies == []
    assert (case_channel.row.reopened, case_channel.row.resolved_at) == (0, None)


def test_a_rule_incident_resolves_after_a_minute_below_its_limit(
    case_channel: AlertChannel, case: Case
) -> None:
    case.begin(case_channel)
    case_channel.look()
    case.end(case_channel)
    case_channel.watch(55)
    assert case_channel.row.resolved_at is None
    case_channel.watch(15)
    assert case_channel.row.resolution == "recovered"
    (reply,) = case_channel.replies
    assert "Resolved after" in reply
    assert MENTION not in reply
    assert case.says not in case_channel.alert
    case_channel.watch(300, every=60)
    assert len(case_channel.replies) == 1


def test_a_breach_within_an_hour_reopens_the_same_incident(
    case_channel: AlertChannel, case: Case
) -> None:
    case.begin(case_channel)
    case_channel.look()
    case.end(case_channel)
    case_channel.watch(120, every=30)
    assert case_channel.row.resolved_at is not None
    case.begin(case_channel)
    case_channel.look()
    assert (case_channel.row.reopened, case_channel.row.resolved_at) == (1, None)
    assert case.says in case_channel.alert
    assert len(case_channel.replies) == 2
    assert MENTION in case_channel.replies[1]


def test_a_breach_after_more_than_an_hour_triggers_a_new_incident(
    case_channel: AlertChannel, case: Case
) -> None:
    case.begin(case_channel)
    case_channel.look()
    case.end(case_channel)
    case_channel.watch(120, every=30)
    case_channel.team.wait(3_700)
    case_channel.look()
    case.begin(case_channel)
    case_channel.look()
    assert len(case_channel.rows) == len(case_channel.alerts) == 2
    assert case.says not in case_channel.alerts[0]
    assert case.says in case_channel.alerts[1]


def test_another_replica_continues_with_the_same_alert(
    case_channel: AlertChannel, case: Case
) -> None:
    case.begin(case_channel)
    case_channel.look()
    setup = replace(case_channel.team.setup, replica="b")
    case_channel.team.wait(30)
    other = AlertChannel(replace(case_channel.team, setup=setup), case_channel.slack)
    other.look()
    assert len(other.alerts) == 1
    case.end(other)
    other.watch(120, every=30)
    assert other.row.resolution == "recovered"
    assert len(other.replies) == 1


def test_a_replica_paused_past_its_lease_triggers_no_rule_incident(channel: AlertChannel) -> None:
    paused = channel.lease
    channel.team.wait(60)
    other = AlertChannel(
        replace(channel.team, setup=replace(channel.team.setup, replica="b")), channel.slack
    )
    other.look()
    channel.team.push(ago=400)
    with pytest.raises(LeaseLost):
        probe.probe_once(channel.team.setup, paused)
    assert channel.rows == []
    other.look()
    assert len(other.rows) == len(other.alerts) == 1


def test_a_stall_is_one_incident_from_its_start_to_its_end(channel: AlertChannel) -> None:
    channel.look()
    jobs = [channel.team.push() for _ in range(4)]
    channel.watch(600, every=30)
    assert "workers have stopped taking jobs" in channel.alert
    for job in jobs:
        channel.team.end(job)
        channel.watch(30)
        if job != jobs[-1]:
            assert "now take jobs again" in channel.alert
    channel.watch(90)
    assert [row.rule for row in channel.rows] == ["no_worker_activity"]
    assert channel.row.resolution == "recovered"
    assert len(channel.replies) == 1


def test_the_oldest_job_is_posted_if_the_rule_no_worker_activity_is_muted(
    channel: AlertChannel,
) -> None:
    channel.look()
    assert ask(channel.team.setup, "mute alert=no_worker_activity for=1d").refusal is None
    channel.team.push()
    channel.watch(600, every=30)
    (row,) = [row for row in channel.rows if row.posted_at is not None]
    assert row.rule == "oldest_job"
    assert "No job started or finished" in channel.alert


def test_an_active_alert_of_the_oldest_job_shows_that_workers_have_stopped(
    channel: AlertChannel,
) -> None:
    channel.team.push(ago=400)
    channel.look()
    assert "Checking whether workers are active" in channel.alert
    channel.watch(330, every=30)
    assert "No job started or finished for 5 min" in channel.alert
    assert "systemctl restart queue-worker" in channel.alert
    assert [row.rule for row in channel.rows] == ["oldest_job"]


def test_delayed_jobs_trigger_no_incident(channel: AlertChannel) -> None:
    for number in range(40):
        channel.team.push(ago=9_000, available_at=channel.team.now + 100_000 + number)
    channel.watch(1_800, every=60)
    assert channel.rows == []
    assert channel.alerts == []


def test_the_incidents_of_a_queue_emptied_by_hand_resolve(channel: AlertChannel) -> None:
    channel.team.push(ago=400)
    channel.team.push(reserved_at=channel.team.now - 400)
    channel.look()
    assert len(channel.alerts) == 2
    with channel.queue.engine.begin() as connection:
        connection.execute(channel.queue.queue.jobs.delete())
    channel.watch(70)
    assert {row.resolution for row in channel.rows} == {"recovered"}


def test_an_incident_of_a_queue_without_a_probe_state_resolves(
    channel: AlertChannel,
) -> None:
    channel.team.push(ago=400)
    channel.look()
    with channel.queue.engine.begin() as connection:
        connection.execute(channel.queue.queue.jobs.delete())
        connection.exec_driver_sql("DELETE FROM queue_bot_probe_states")
    channel.watch(70)
    assert channel.row.resolution == "recovered"


def test_a_limit_below_the_timeout_of_the_workers_gives_a_warning(
    queue: TestQueue, slack: LocalSlack
) -> None:
    channel = make_alert_channel(queue, slack, Alerting(worker_seconds=900))
    channel.team.push(reserved_at=channel.team.now - 400)
    channel.look()
    assert "shorter than the workers' own timeout, 15 min" in channel.alert
    assert "ps aux | grep queue" in channel.alert
