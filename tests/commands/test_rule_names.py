"""Commands accept the former names of alert rules, and JSON keeps its former keys."""

import json
from typing import Any, get_args

import pytest

from bot.app.setup import Setup
from bot.models.alert_rules import (
    ALIASES,
    BACKGROUND_PROBLEM,
    METRIC_RULES,
    NEW_FAILURES,
    SUMMARY,
    AlertRule,
)
from bot.models.incidents import Incident, ListedIncident
from bot.models.mutes import Topic
from bot.store import tables
from bot.store.incidents import lookups, transitions
from bot.store.incidents.transitions import Subject
from bot.terminal.do import TerminalRequest, do
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, ask, codes, make_setup

SUBJECT = Subject("no_worker_activity", "no_worker_activity:mail", "mail")


def answered(setup: Setup, words: str) -> Any:
    """Return `data` of the command's JSON."""
    lines: list[str] = []
    assert do(setup, TerminalRequest(words, "ana", as_json=True), lines.append, lambda _: None) == 0
    return json.loads(lines[0])["data"]


def test_each_alert_rule_except_the_summary_has_a_former_name() -> None:
    assert set(get_args(AlertRule)) == {NEW_FAILURES, SUMMARY, *METRIC_RULES}
    # The newest rule never had another name.
    assert set(ALIASES.values()) | {SUMMARY, BACKGROUND_PROBLEM} == set(get_args(AlertRule))
    assert not ALIASES.keys() & set(get_args(AlertRule))


@pytest.mark.parametrize(("former", "rule"), ALIASES.items())
def test_an_alert_rule_is_accepted_under_its_former_name(
    kept_queue: TestQueue, former: str, rule: str
) -> None:
    setup = make_setup(kept_queue)

    outcomes = [
        ask(setup, f"mute alert={former}"),
        ask(setup, f"unmute alert={rule}"),
        ask(setup, f"mute alert={rule}"),
        ask(setup, f"unmute alert={former}"),
    ]

    assert codes(outcomes) == ["ok"] * 4
    assert {row.rule for row in kept_queue.rows(tables.mutes)} == {rule}
    recorded = [json.loads(row.arguments) for row in kept_queue.rows(tables.audit)]
    assert {arguments["alert"] for arguments in recorded} == {rule}


def test_an_incident_is_triggered_then_acknowledged_then_resolved(queue: TestQueue) -> None:
    setup = make_setup(queue)
    states, transitions_made = [], []

    def incident(id_: int) -> Incident:
        with queue.engine.begin() as connection:
            row = lookups.by_id(connection, id_)
        assert row is not None
        return row

    for _ in range(2):
        with queue.engine.begin() as connection:
            now = setup.clock(connection)
            calls = [transitions.trigger(connection, SUBJECT, now) for _ in range(2)]
        transitions_made += [call.transition for call in calls]
        id_ = calls[0].id
        states.append(incident(id_).state)
        assert codes([ask(setup, f"acknowledge I{id_}", by=OMAR)]) == ["ok"]
        states.append(incident(id_).state)
        with queue.engine.begin() as connection:
            transitions.resolve(connection, id_, transitions.RECOVERED, setup.clock(connection))
        states.append(incident(id_).state)
        assert incident(id_).resolution == "recovered"

    assert transitions_made == ["triggered", "none", "reopened", "none"]
    assert states == ["triggered", "acknowledged", "resolved"] * 2


def test_the_json_keeps_the_former_keys(kept_queue: TestQueue) -> None:
    setup = make_setup(kept_queue)
    with kept_queue.engine.begin() as connection:
        transitions.trigger(connection, SUBJECT, setup.clock(connection))

    (listed,) = answered(setup, "watch")["incidents"]
    muted = answered(setup, "mute alert=silent")

    keys = ("incident", "kind", "queue", "error", "name", "opened_at", "closed_at", "count")
    assert tuple(listed)[: len(keys)] == keys
    assert (listed["kind"], listed["closed_at"]) == ("no_worker_activity", None)
    assert muted["mute"]["topic"] == {
        "error_group": None, "queue": None, "kind": "no_worker_activity",
    }  # fmt: skip
    assert ListedIncident.model_validate(listed).rule == "no_worker_activity"
    assert Topic.model_validate(muted["mute"]["topic"]).rule == "no_worker_activity"
