"""Alerts of each rule: one message for each incident, posted, edited, resolved, reopened."""

from dataclasses import replace

import pytest

from bot.app.command import Alerting
from bot.background.incidents import probe
from bot.localslack.server import LocalSlack
from bot.store.leases import LeaseLost
from tests.kit.alert_channel import CASES, MENTION, AlertChannel, Case, make_alert_channel, told_of
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
def one(queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """An alert channel with the default limits."""
    return make_alert_channel(queue, slack)


@pytest.fixture
def of(case: Case, queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    """An alert channel with the limits of the case."""
    return told_of(case, queue, slack)


def test_it_is_told_once_and_updated_in_place(of: AlertChannel, case: Case) -> None:
    case.begin(of)
    of.look()
    first = of.alert
    assert case.says in first
    assert first.count(MENTION) == 1
    assert (of.row.rule, of.row.active_subject) == (case.rule, case.subject)
    case.worsen(of)
    of.watch(60, every=30)
    assert case.says in of.alert
    assert of.alert != first
    assert of.replies == []
    # An edit mentions nobody.
    assert of.calls == 0


def test_it_does_not_flap_around_its_limit(of: AlertChannel, case: Case) -> None:
    case.begin(of)
    of.look()
    for _ in range(3):
        case.hover(of)
        of.look()
        assert of.row.resolved_at is None
        assert of.row.recovered_since is None
        case.worsen(of)
        of.look()
    assert len(of.alerts) == 1
    assert of.replies == []
    assert (of.row.reopened, of.row.resolved_at) == (0, None)


def test_it_is_over_when_all_is_well_for_a_minute(of: AlertChannel, case: Case) -> None:
    case.begin(of)
    of.look()
    case.end(of)
    of.watch(55)
    assert of.row.resolved_at is None
    of.watch(15)
    assert of.row.resolution == "recovered"
    (reply,) = of.replies
    assert "Resolved after" in reply
    assert MENTION not in reply
    assert case.says not in of.alert
    of.watch(300, every=60)
    assert len(of.replies) == 1


def test_what_comes_back_within_an_hour_is_the_same_matter(of: AlertChannel, case: Case) -> None:
    case.begin(of)
    of.look()
    case.end(of)
    of.watch(120, every=30)
    assert of.row.resolved_at is not None
    case.begin(of)
    of.look()
    assert (of.row.reopened, of.row.resolved_at) == (1, None)
    assert case.says in of.alert
    assert len(of.replies) == 2
    assert MENTION in of.replies[1]


def test_what_comes_back_later_is_another_matter(of: AlertChannel, case: Case) -> None:
    case.begin(of)
    of.look()
    case.end(of)
    of.watch(120, every=30)
    of.team.wait(3_700)
    of.look()
    case.begin(of)
    of.look()
    assert len(of.rows) == len(of.alerts) == 2
    assert case.says not in of.alerts[0]
    assert case.says in of.alerts[1]


def test_another_replica_goes_on_with_the_same_message(of: AlertChannel, case: Case) -> None:
    case.begin(of)
    of.look()
    setup = replace(of.team.setup, replica="b")
    of.team.wait(30)
    other = AlertChannel(replace(of.team, setup=setup), of.slack)
    other.look()
    assert len(other.alerts) == 1
    case.end(other)
    other.watch(120, every=30)
    assert other.row.resolution == "recovered"
    assert len(other.replies) == 1


def test_a_watcher_that_was_paused_past_its_lease_tells_nothing(one: AlertChannel) -> None:
    paused = one.lease
    one.team.wait(60)
    other = AlertChannel(replace(one.team, setup=replace(one.team.setup, replica="b")), one.slack)
    other.look()
    one.team.push(ago=400)
    with pytest.raises(LeaseLost):
        probe.probe_once(one.team.setup, paused)
    assert one.rows == []
    other.look()
    assert len(other.rows) == len(other.alerts) == 1


def test_a_stall_is_one_matter_from_its_beginning_to_its_end(one: AlertChannel) -> None:
    one.look()
    jobs = [one.team.push() for _ in range(4)]
    one.watch(600, every=30)
    assert "workers have stopped taking jobs" in one.alert
    for job in jobs:
        one.team.end(job)
        one.watch(30)
        if job != jobs[-1]:
            assert "now take jobs again" in one.alert
    one.watch(90)
    assert [row.rule for row in one.rows] == ["no_worker_activity"]
    assert one.row.resolution == "recovered"
    assert len(one.replies) == 1


def test_where_silence_is_muted_the_age_of_the_oldest_job_is_told(one: AlertChannel) -> None:
    one.look()
    assert ask(one.team.setup, "mute alert=no_worker_activity for=1d").refusal is None
    one.team.push()
    one.watch(600, every=30)
    (row,) = [row for row in one.rows if row.posted_at is not None]
    assert row.rule == "oldest_job"
    assert "No job started or finished" in one.alert


def test_an_age_that_was_told_first_says_that_nothing_moves(one: AlertChannel) -> None:
    one.team.push(ago=400)
    one.look()
    assert "Checking whether workers are active" in one.alert
    one.watch(330, every=30)
    assert "No job started or finished for 5 min" in one.alert
    assert "systemctl restart queue-worker" in one.alert
    assert [row.rule for row in one.rows] == ["oldest_job"]


def test_delayed_jobs_are_told_nowhere(one: AlertChannel) -> None:
    for number in range(40):
        one.team.push(ago=9_000, available_at=one.team.now + 100_000 + number)
    one.watch(1_800, every=60)
    assert one.rows == []
    assert one.alerts == []


def test_a_queue_that_is_deleted_by_hand_ends_what_was_told_of_it(one: AlertChannel) -> None:
    one.team.push(ago=400)
    one.team.push(reserved_at=one.team.now - 400)
    one.look()
    assert len(one.alerts) == 2
    with one.queue.engine.begin() as connection:
        connection.execute(one.queue.queue.jobs.delete())
    one.watch(70)
    assert {row.resolution for row in one.rows} == {"recovered"}


def test_what_was_forgotten_of_a_queue_does_not_keep_its_incident_open(one: AlertChannel) -> None:
    one.team.push(ago=400)
    one.look()
    with one.queue.engine.begin() as connection:
        connection.execute(one.queue.queue.jobs.delete())
        connection.exec_driver_sql("DELETE FROM queue_bot_probe_states")
    one.watch(70)
    assert one.row.resolution == "recovered"


def test_a_limit_below_the_workers_own_timeout_is_warned_about(
    queue: TestQueue, slack: LocalSlack
) -> None:
    one = make_alert_channel(queue, slack, Alerting(worker_seconds=900))
    one.team.push(reserved_at=one.team.now - 400)
    one.look()
    assert "shorter than the workers' own timeout, 15 min" in one.alert
    assert "ps aux | grep queue" in one.alert
