"""`/queue watch` shows the state of the monitoring to every viewer."""

import json
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from structlog.testing import capture_logs

from bot.app.home import HOME, HomeResult
from bot.app.parsing import Request
from bot.app.responses import Outcome, channel_context
from bot.app.setup import Alerting, Setup
from bot.commands.watch import WatchResult
from bot.database.transactions import changing
from bot.localslack.demo import IDS
from bot.models.alert_rules import OLDEST_JOB
from bot.models.incidents import WatchExtra, Watching
from bot.models.mutes import Topic
from bot.models.requests import Message
from bot.store import leases
from bot.store.incidents import transitions
from bot.store.incidents.mutes import begin
from bot.store.incidents.transitions import Subject
from bot.store.tables import background_steps, outbox
from bot.store.tables import incidents as incident_table
from bot.store.tables import mutes as mute_table
from bot.terminal.do import TerminalRequest, do
from bot.views.buttons import MENU
from bot.wiring.start_notes import warn_of_limits
from tests.kit.clock import Clock
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, ask, hold, make_setup
from tests.kit.team import Team, action_ids, option


def seen(outcome: Outcome) -> tuple[Watching, WatchExtra]:
    """Return the command's data and its extra."""
    assert isinstance(outcome.result, WatchResult)
    return outcome.result.data, outcome.result.extra


def opened(setup: Setup, queue: str) -> int:
    """Trigger an `oldest_job` incident of this queue and return its id."""
    subject = Subject(OLDEST_JOB, f"{OLDEST_JOB}:{queue}", queue)

    def work(connection: Connection) -> int:
        return transitions.trigger(connection, subject, setup.clock(connection)).id

    return changing(setup.engine, monotonic() + 10, work)


def test_watch_lists_active_incidents_and_mutes_with_their_people(queue: TestQueue) -> None:
    clock = Clock()
    setup = make_setup(queue, clock=clock)
    queue.push(queue="mail")
    mail, netsuite = opened(setup, "mail"), opened(setup, "netsuite")
    ask(setup, f"acknowledge I{netsuite}", by=OMAR)
    ask(setup, "mute queue=mail for=2h", by=OMAR)
    ask(setup, "mute alert=backlog_growth for=1h")

    data, _ = seen(ask(setup, "watch", by=OMAR))

    assert [one.incident for one in data.incidents] == [f"I{netsuite}", f"I{mail}"]
    assert [one.acknowledged_by for one in data.incidents] == [OMAR, None]
    assert data.incidents[0].muted_until is None
    assert data.incidents[1].muted_until == data.mutes[1].until
    assert [(one.alert, one.queue) for one in data.mutes] == [
        ("backlog_growth", None),
        (None, "mail"),
    ]
    clock.move(minutes=61)
    data, _ = seen(ask(setup, "watch", by=OMAR))
    assert [(one.alert, one.queue) for one in data.mutes] == [(None, "mail")]


def test_watch_names_the_monitoring_replica_and_its_start_or_that_there_is_none(
    queue: TestQueue,
) -> None:
    clock = Clock()
    one, other = make_setup(queue, "a", clock=clock), make_setup(queue, "b", clock=clock)
    nobody, _ = seen(ask(one, "watch", by=OMAR))
    assert nobody.health.watcher.replica is None

    lease = hold(one)
    clock.move(seconds=3)
    hold(one)
    data, _ = seen(ask(other, "watch", by=OMAR))
    assert (data.health.watcher.replica, data.health.watcher.epoch) == ("a", lease.epoch)
    assert data.health.watcher.since is not None
    assert timedelta(seconds=2) < data.health.watcher.until - leases.TTL - data.health.watcher.since

    clock.move(seconds=60)
    gone, _ = seen(ask(other, "watch", by=OMAR))
    assert (gone.health.watcher.replica, gone.health.watcher.since) == (None, None)
    lost = gone.health.watcher.until
    hold(other)
    data, _ = seen(ask(one, "watch", by=OMAR))
    assert (data.health.watcher.replica, data.health.watcher.epoch) == ("b", lease.epoch + 1)
    assert data.health.watcher.since is not None
    assert data.health.watcher.since > lost


def failing_step(setup: Setup, name: str) -> None:
    """Record that this background step has failed for 4 minutes."""

    def work(connection: Connection) -> None:
        since = setup.clock(connection) - timedelta(minutes=4)
        row = {"name": name, "period_seconds": 5, "failures": 3, "error": "busy"}
        connection.execute(insert(background_steps).values(**row, succeeded_at=since))

    changing(setup.engine, monotonic() + 10, work)


def test_watch_and_home_name_the_part_of_the_bot_that_has_a_problem(queue: TestQueue) -> None:
    setup = make_setup(queue)
    hold(setup)
    failing_step(setup, "seal")

    data, _ = seen(ask(setup, "watch", by=OMAR))
    assert [(one.part, one.step) for one in data.health.problems] == [("audit", "seal")]
    board, unwell = home(setup)
    assert "*Sealing audit records fails:*" in board
    assert "queue-bot itself has a problem" in unwell

    with queue.engine.begin() as connection:
        connection.execute(background_steps.delete())
    assert "Sealing" not in home(setup)[0]
    assert home(setup)[1] == "🟢 No active incidents"


def home(setup: Setup) -> tuple[str, str]:
    """Return App Home's blocks as JSON, and its text."""
    on_home = replace(setup, commands={**setup.commands, HOME.name: HOME})
    outcome = ask(on_home, Request(HOME.name, {}), by=OMAR)
    assert isinstance(outcome.result, HomeResult)
    shown = HOME.view(outcome.result, channel_context(setup, outcome.now))
    assert isinstance(shown, Message)
    return json.dumps(shown.blocks, default=str, ensure_ascii=False), str(shown.text)


def test_watch_shows_the_limits_of_the_settings(kept_queue: TestQueue) -> None:
    alerting = Alerting(backlog_count=7, no_worker_activity_seconds=8, worker_seconds=90)
    setup = make_setup(kept_queue, oldest_seconds=11, reserved_seconds=60, alerting=alerting)
    data, extra = seen(ask(setup, "watch", by=OMAR))
    limits = data.limits
    assert (limits.oldest_seconds, limits.reserved_seconds) == (11, 60)
    assert (limits.backlog_count, limits.no_worker_activity_seconds, limits.worker_seconds) == (
        7,
        8,
        90,
    )
    assert extra.reserved_too_soon


@pytest.mark.parametrize(
    ("worker", "warned"), [(None, False), (299, False), (300, False), (301, True)]
)
def test_a_limit_below_the_timeout_of_the_workers_gives_a_warning_at_start(
    kept_queue: TestQueue, worker: int | None, *, warned: bool
) -> None:
    setup = replace(make_setup(kept_queue), alerting=Alerting(worker_seconds=worker))
    with capture_logs() as logged:
        warn_of_limits(setup)
    assert [one.get("worker_seconds") for one in logged] == ([worker] if warned else [])
    _, extra = seen(ask(setup, "watch", by=OMAR))
    assert extra.reserved_too_soon is warned


def test_the_json_of_watch_has_all_of_200_incidents_and_100_mutes(queue: TestQueue) -> None:
    setup = make_setup(queue)
    for number in range(200):
        opened(setup, f"queue-{number}")
    with queue.engine.begin() as connection:
        now = setup.clock(connection)
        for number in range(100):
            topic = Topic(queue=f"queue-{number}")
            begin(connection, topic, OMAR, now, now + timedelta(hours=1))
    lines: list[str] = []

    assert (
        do(setup, TerminalRequest("watch", "ana", as_json=True), lines.append, lambda _: None) == 0
    )
    assert do(setup, TerminalRequest("watch", "ana"), lines.append, lambda _: None) == 0

    printed: dict[str, Any] = json.loads(lines[0])
    assert len(printed["data"]["incidents"]) == 200
    assert len(printed["data"]["mutes"]) == 100
    assert printed["data"]["limits"]["failed_count"] == 100
    assert printed["data"]["health"]["watcher"]["replica"] is None
    assert printed["extra"]["alert_channel"] == setup.alert_channel
    assert sum(line.startswith("I") for line in lines[1].splitlines()) == 200
    assert "queue-99" in lines[1]


def test_acknowledge_mute_and_unmute_work_through_slack(team_on_each: Team) -> None:
    team = team_on_each
    id_ = opened(team.bot.setup, "mail")

    acknowledged = team.say(f"acknowledge I{id_}")
    denied = team.say(f"mute I{id_}", as_="viewer")
    elsewhere = team.say(f"mute I{id_}", channel="random")
    muted = team.say(f"mute I{id_} for=2h")
    looked = team.say("watch", as_="viewer", channel="random")
    shown = team.say("watch")

    assert f"You acknowledged *I{id_}*" in acknowledged.text
    assert "this needs the role operator" in denied.text
    assert "Changes are not allowed here" in elsewhere.text
    assert "the alert rule `oldest_job` of the queue mail" in muted.text
    assert "has been the leader for" in looked.text
    assert "🔕 the alert rule `oldest_job` of the queue mail until" in looked.text
    assert "run:unmute" not in action_ids(looked.reply)
    assert action_ids(shown.reply) == ["run:unmute"]
    assert len(shown.text) < 4_000

    texts = team.channel_texts("queue-ops", 2)
    assert f"<@{IDS.operator}> acknowledged I{id_}" in texts[0]
    assert f"<@{IDS.operator}> muted* the alert rule `oldest_job` of the queue mail" in texts[1]
    audited = "\n".join(team.audit_texts(4))
    assert "acknowledge" in audited
    assert "muted `" in audited
    assert "queue=mail" in audited
    by = {row.id: row.acknowledged_by for row in team.queue.rows(incident_table)}
    assert by[id_] == IDS.operator


def test_the_unmute_button_of_watch_ends_the_mute(team: Team) -> None:
    team.queue.push(queue="mail")
    team.say("mute queue=mail")
    shown = team.say("watch")

    ended = team.click(shown.reply, "run:unmute")

    assert "No longer muted: the queue mail" in ended.text
    (row,) = team.queue.rows(mute_table)
    assert row.ended_by == IDS.operator
    assert "Nothing is muted" in team.say("watch").text


def test_the_menu_of_an_alert_acknowledges_and_mutes_and_the_alert_shows_both(
    team_on_each: Team,
) -> None:
    team = team_on_each
    team.queue.fail(45)
    alert = team.alert()

    seen_to = team.click(alert, MENU, value=option(alert, "acknowledge"))
    team.until(lambda: f"👀 Acknowledged by <@{IDS.operator}>" in team.now(alert)["text"])
    muted = team.click(alert, MENU, value=option(team.now(alert), "mute"))
    team.until(lambda: "🔕 muted until" in team.now(alert)["text"])
    now = team.now(alert)
    denied = team.click(now, MENU, as_="viewer", value=option(now, "unmute"))

    assert "You acknowledged *I" in seen_to.text
    assert "Muted until" in muted.text
    assert "the error group *E" in muted.text
    assert "this needs the role operator" in denied.text
    # The alert itself names the person, so nothing else is posted.
    assert len(team.posted("queue-alerts")) == 1
    assert not team.posted("queue-ops")
    looked = team.say("watch").text
    assert "new failures of *E" in looked
    assert f"👀 <@{IDS.operator}>" in looked

    unmuted = team.click(now, MENU, value=option(now, "unmute"))
    assert "No longer muted" in unmuted.text
    team.until(lambda: "🔕" not in team.now(alert)["text"])


def test_a_muted_incident_is_posted_when_its_mute_expires(team_on_each: Team) -> None:
    team = team_on_each
    team.say("mute alert=new_failures for=5m")
    team.queue.fail(45)
    team.until(lambda: team.queue.rows(incident_table))
    looked = team.say("watch").text
    # A post would have been committed together with the incident.
    assert not [row for row in team.queue.rows(outbox) if row.subject.startswith("incident:")]

    team.clock.move(seconds=301)

    assert "45" in team.alert()["text"]
    assert "new failures of *E" in looked
    assert "🔕 until" in looked
    assert "Nothing is muted" in team.say("watch").text
