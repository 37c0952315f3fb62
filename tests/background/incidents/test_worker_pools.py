"""Queues whose workers stop together share one incident, which lists them and calls once."""

from datetime import timedelta
from typing import Any

import pytest

from bot.background.incidents.worker_pools import combined
from bot.localslack.server import LocalSlack
from bot.models.alert_rules import NO_WORKER_ACTIVITY, Reading
from bot.models.incidents import Incident
from bot.store.incidents import transitions
from tests.kit.alert_channel import MENTION, AlertChannel, make_alert_channel
from tests.kit.on_call import within
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, ask, codes, make_setup
from tests.kit.watched_queue import START

QUEUES = ("mail", "netsuite", "sync")


@pytest.fixture
def channel(queue: TestQueue, slack: LocalSlack) -> AlertChannel:
    return make_alert_channel(queue, slack)


def stop(channel: AlertChannel, *queues: str, seconds: int = 330) -> None:
    """Jobs come into these queues, and no worker takes them."""
    channel.look()
    channel.team.wait(5)
    for name in queues:
        channel.team.push(name=name)
    channel.watch(seconds, every=30)


def resume(channel: AlertChannel, *queues: str) -> None:
    """Workers end the jobs of these queues."""
    channel.team.end(*[row.id for row in channel.queue.jobs if row.queue in queues])


def test_stopped_workers_of_three_queues_are_one_incident_with_one_mention(
    channel: AlertChannel,
) -> None:
    stop(channel, *QUEUES)

    assert "3 queues:* workers have stopped taking jobs" in channel.alert
    for name in QUEUES:
        assert f"*{name}:* no job started or finished" in channel.alert
    posted = [str(call.args) for call in channel.slack.calls("chat.postMessage")]
    assert sum(MENTION in text for text in posted) == 1
    assert channel.row.queue is None


def test_the_incident_of_three_queues_resolves_when_each_queue_has_workers_again(
    channel: AlertChannel,
) -> None:
    stop(channel, *QUEUES)
    resume(channel, "mail", "netsuite")
    channel.watch(300, every=30)
    assert channel.row.resolved_at is None
    assert "*mail:* no job is waiting" in channel.alert
    assert "*sync:* no job started" in channel.alert
    resume(channel, "sync")
    channel.watch(300, every=30)
    assert channel.row.resolution == "recovered"
    assert len(channel.alerts) == 1


def test_a_queue_that_stops_later_joins_the_incident_unless_it_is_acknowledged(
    channel: AlertChannel,
) -> None:
    stop(channel, "mail", seconds=210)
    stop(channel, "netsuite", seconds=120)
    assert "*mail:* workers have stopped taking jobs" in channel.alert
    channel.watch(240, every=30)
    assert "2 queues:* workers have stopped taking jobs" in channel.alert
    assert codes([ask(channel.team.setup, f"acknowledge I{channel.row.id}", by=OMAR)]) == ["ok"]
    stop(channel, "sync", seconds=330)
    assert len(channel.alerts) == 2
    assert "*sync:* workers have stopped taking jobs" in channel.alerts[1]


def test_a_muted_queue_does_not_join_the_incident_of_other_queues(channel: AlertChannel) -> None:
    channel.team.push(name="mail")
    assert codes([ask(channel.team.setup, "mute queue=mail for=2h", by=OMAR)]) == ["ok"]
    stop(channel, "netsuite", "sync")
    assert "2 queues:*" in channel.alert
    assert "*mail:*" not in channel.alert
    assert len(channel.rows) == 2


def test_the_incident_stays_active_when_the_state_of_its_first_queue_is_deleted(
    channel: AlertChannel,
) -> None:
    stop(channel, *QUEUES)
    resume(channel, *QUEUES)
    within(channel.team.setup, lambda c: transitions.update_incident(c, channel.row.id, stale=True))
    channel.watch(300, every=30)
    assert channel.row.resolution == "recovered"
    channel.watch(3_900, every=300)
    assert len(channel.rows) == 1


def reading(queue: str, *, breached: bool = False, recovered: bool = False) -> Reading:
    """What a check read of the rule in this queue."""
    return Reading(NO_WORKER_ACTIVITY, queue, breached, recovered, 300, {"waiting": 1})


def active(**values: Any) -> dict[str, Incident]:
    """An incident of two queues, which began a minute ago."""
    columns: dict[str, Any] = dict.fromkeys(Incident.__dataclass_fields__)
    subject = f"{NO_WORKER_ACTIVITY}:mail"
    columns |= {"id": 1, "rule": NO_WORKER_ACTIVITY, "subject": subject}
    columns |= {"triggered_at": START, "facts": '{"pool": ["mail", "netsuite"]}'}
    return {subject: Incident(**{**columns, **values})}


def of_mail(queue: TestQueue, *readings: Reading, **values: Any) -> tuple[Reading, list[str]]:
    """The reading of the incident's subject, and the other queues that have one of their own."""
    now = START + timedelta(minutes=1)
    rows = combined(make_setup(queue), readings, active(**values), (), now)
    by_queue = {row.queue or "": row for row in rows}
    return by_queue.pop("mail"), list(by_queue)


def test_an_incident_recovers_only_when_each_queue_was_read_and_has_recovered(
    kept_queue: TestQueue,
) -> None:
    well = reading("mail", recovered=True)
    assert of_mail(kept_queue, well, reading("netsuite", recovered=True))[0].recovered
    assert not of_mail(kept_queue, well, reading("netsuite"))[0].recovered
    assert not of_mail(kept_queue, well)[0].recovered
    assert of_mail(kept_queue, well, reading("netsuite", breached=True))[0].breached


def test_a_further_queue_joins_only_a_recent_incident_that_nobody_acknowledged_or_muted(
    kept_queue: TestQueue,
) -> None:
    rows = (reading("mail", breached=True), reading("sync", breached=True))
    assert of_mail(kept_queue, *rows)[1] == []
    assert of_mail(kept_queue, *rows, acknowledged_by=OMAR)[1] == ["sync"]
    assert of_mail(kept_queue, *rows, muted_until=START + timedelta(hours=1))[1] == ["sync"]
    assert of_mail(kept_queue, *rows, triggered_at=START - timedelta(minutes=5))[1] == ["sync"]
