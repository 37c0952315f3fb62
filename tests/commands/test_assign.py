"""An incident is assigned to a person, or taken over from another one."""

import json

from bot.app.setup import Setup
from bot.models.alert_rules import OLDEST_JOB
from bot.store import tables
from bot.store.incidents import lookups, transitions
from bot.store.incidents.transitions import Subject
from tests.kit.on_call import opened, posted_bodies, records, text_of, within
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OMAR, SAM, People, ask, codes, make_setup
from tests.kit.team import Team, option

ABOUT = Subject(OLDEST_JOB, "oldest_job:mail", "mail")


def owner(setup: Setup, id_: int) -> tuple[str | None, str | None]:
    """Who is responsible for the incident, and who assigned it."""
    incident = within(setup, lambda c: lookups.by_id(c, id_))
    assert incident is not None
    return incident.acknowledged_by, incident.assigned_by


def test_an_incident_is_assigned_audited_and_shown_in_watch(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, ABOUT)

    done = ask(setup, f"assign I{id_} <@{ANA}|ana>", by=OMAR)

    assert codes([done]) == ["ok"]
    assert owner(setup, id_) == (ANA, OMAR)
    assert f"*I{id_}* is now assigned to <@{ANA}>" in text_of(setup, done)
    (posted,) = posted_bodies(queue)
    assert f"*<@{OMAR}> assigned I{id_}* to <@{ANA}>" in posted
    ((action, outcome, arguments),) = records(queue)
    assert (action, outcome, arguments["id"], arguments["to"]) == ("assign", "ok", f"I{id_}", ANA)
    assert f"👀 <@{ANA}>" in text_of(setup, ask(setup, "watch", by=OMAR))


def test_an_acknowledged_incident_can_be_assigned_once_to_the_same_person(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, ABOUT)
    ask(setup, f"acknowledge I{id_}", by=ANA)

    taken = ask(setup, f"assign I{id_}", by=OMAR)
    again = ask(setup, f"assign {id_}", by=OMAR)

    assert codes([taken, again]) == ["ok", "already-acknowledged"]
    assert owner(setup, id_) == (OMAR, OMAR)
    assert f"You took over *I{id_}*" in text_of(setup, taken)


def test_an_incident_can_be_assigned_only_to_an_operator(queue: TestQueue) -> None:
    people = People()
    setup = make_setup(queue, directory=people)
    id_ = opened(setup, ABOUT)
    people.gone.add(ANA)

    outcomes = [
        ask(setup, f"assign I{id_} <@{SAM}>", by=OMAR),
        ask(setup, f"assign I{id_} <@{ANA}>", by=OMAR),
        ask(setup, f"assign I{id_} nobody", by=OMAR),
        ask(setup, f"assign I{id_}", by=SAM),
        ask(setup, "assign I99", by=OMAR),
        ask(setup, f"assign I{id_} a b", by=OMAR),
        ask(setup, "assign", by=OMAR),
    ]

    assert codes(outcomes) == [
        "not-operator", "not-operator", "person-not-found", "denied", "incident-not-found",
        "invalid", "invalid",
    ]  # fmt: skip
    assert owner(setup, id_) == (None, None)
    within(setup, lambda c: transitions.resolve(c, id_, transitions.RECOVERED, setup.clock(c)))
    assert codes([ask(setup, f"assign I{id_}", by=OMAR)]) == ["incident-closed"]


def test_a_reopened_incident_is_not_assigned(queue: TestQueue) -> None:
    setup = make_setup(queue)
    id_ = opened(setup, ABOUT)
    ask(setup, f"assign I{id_}", by=OMAR)
    within(setup, lambda c: transitions.resolve(c, id_, transitions.RECOVERED, setup.clock(c)))
    assert opened(setup, ABOUT) == id_
    assert owner(setup, id_) == (None, None)


def test_an_acknowledged_incident_can_be_assigned_from_the_menu_of_its_alert(team: Team) -> None:
    team.queue.fail(45)
    alert = team.alert()
    team.click(alert, "run:menu", value=option(alert, "acknowledge"))
    team.until(lambda: "Acknowledged by" in team.now(alert)["text"])

    team.click(alert, "run:menu", as_="lucia", value=option(team.now(alert), "assign"))

    team.until(lambda: "Taken over by" in team.now(alert)["text"])
    assert [row.action for row in team.records] == ["acknowledge", "assign"]
    (incident,) = team.queue.rows(tables.incidents)
    assert json.loads(team.records[1].arguments)["id"] == f"I{incident.id}"
