"""A route decides the channel, the mention, the limits and the quiet hours of its queues."""

from dataclasses import replace
from datetime import timedelta

from bot.background.incidents.probe import probe_once
from bot.models.routes import AlertRoute, QuietHours
from bot.wall_clock import unix
from tests.kit.incident_life import CALL, Life
from tests.kit.invariants import broken
from tests.kit.queues import GONE_AWAY
from tests.kit.replicas import OPS, hold

OTHER = "RuntimeException: no such customer"


def test_alerts_of_a_routed_queue_have_its_channel_mention_and_limits(life: Life) -> None:
    route = AlertRoute(("net*",), channel=OPS, mention="S07NETSUITE1", oldest_seconds=1_000)
    life = replace(life, setup=replace(life.setup, routes=(route,)))
    life.storm(GONE_AWAY, each=2, queue="netsuite")
    life.tick()
    life.tick(seconds=61)  # a burst has one mention
    life.storm(OTHER, each=2, queue="mail")
    life.tick()

    (routed,) = life.messages(OPS)
    (other,) = life.messages()
    assert "netsuite" in routed
    assert "<!subteam^S07NETSUITE1>" in routed
    assert CALL not in routed
    assert "mail" in other
    assert CALL in other
    life.tick(seconds=901)
    assert len(life.replies(OPS)) == len(life.replies()) == 1, "escalations follow their alerts"

    setup = life.setup
    assert setup.for_queue("netsuite").oldest_seconds == 1_000
    assert setup.for_queue("mail").oldest_seconds == setup.oldest_seconds
    assert setup.for_queue("netsuite").alerting.backlog_count == setup.alerting.backlog_count
    assert broken(life.queue, drained=True) == []


def test_an_old_job_alerts_at_the_limit_of_its_route(life: Life) -> None:
    route = AlertRoute(("netsuite",), oldest_seconds=5_000, no_worker_activity_seconds=9_000)
    life = replace(life, setup=replace(life.setup, routes=(route,)))
    with life.queue.engine.begin() as connection:
        at = unix(life.setup.clock(connection))
    for queue in ("netsuite", "mail"):
        life.queue.push(queue=queue, created_at=at, available_at=at)
    life.clock.move(seconds=1_000)
    probe_once(life.setup, hold(life.setup))
    assert [row.queue for row in life.incidents] == ["mail"]


def test_quiet_hours_delay_the_alerts_of_their_queues_only(life: Life) -> None:
    with life.queue.engine.begin() as connection:
        now = life.setup.clock(connection)
    begin, end = now - timedelta(hours=1), now + timedelta(minutes=30)
    hours = QuietHours(begin.time(), end.time())
    route = AlertRoute(("netsuite",), quiet_hours=hours)
    life = replace(life, setup=replace(life.setup, routes=(route,)))
    life.storm(GONE_AWAY, each=2, queue="netsuite")
    life.storm(OTHER, each=2, queue="mail")
    life.tick()
    (posted,) = life.messages()
    assert "mail" in posted
    life.tick(minutes=29)
    assert len(life.messages()) == 1
    life.tick(minutes=2)
    assert len(life.messages()) == 2
