"""A removed person is refused by every replica, and important changes ask Slack again."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from slack_sdk import WebClient

from bot.access.role_changes import announce_change, announce_rules
from bot.access.roles import CHANGE_AGE, FRESH_AGE, READ_AGE, Need, Rules, authorize
from bot.app.command import find_commands
from bot.app.dispatch import need_for
from bot.background.operations.runner import Runner
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.models.requests import Actor, Invocation, Source
from bot.models.roles import Role
from bot.slack.directory import SlackDirectory
from bot.store import tables
from tests.kit.bulk import previewed
from tests.kit.clock import Seconds
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import OMAR, ask, codes, confirm, make_setup
from tests.kit.team import Team

COMMANDS = find_commands()
TRIES = 14


def test_both_replicas_use_a_removed_role_if_slack_informs_only_one_replica(team: Team) -> None:
    ids = [team.queue.fail(order=number) for number in range(TRIES + 2)]
    second = team.make_bot()
    second.start()
    try:
        team.until(lambda: team.slack.hub.connected == 2)
        for id_ in ids[TRIES:]:
            assert "back in the queue" in team.say(f"retry {id_}").text
        team.slack.edit_group("oncall", "lucia")
        team.until(lambda: team.queue.rows(tables.role_generation)[0].generation > 1)
        texts = [team.say(f"retry {id_}").text for id_ in ids[:TRIES]]
    finally:
        second.socket.client.auto_reconnect_enabled = False
        second.stop()
    assert all("this needs the role operator" in text for text in texts)
    assert len(team.queue.failed) == TRIES


def test_a_restart_with_other_role_settings_applies_to_all_replicas(
    mariadb_queue: TestQueue,
) -> None:
    old, new = make_setup(mariadb_queue, "old"), make_setup(mariadb_queue, "new")
    new = replace(new, rules=replace(new.rules, operators=()))
    for setup in (old, new):
        announce_rules(setup.engine, setup.rules, setup.known_roles, setup.directory)
    ids = [mariadb_queue.fail() for _ in range(3)]
    assert codes(ask(old, f"retry {id_}", by=OMAR) for id_ in ids) == ["denied"] * 3
    # A restart with the same settings changes nothing for the other replicas.
    before = mariadb_queue.rows(tables.role_generation)
    announce_rules(new.engine, new.rules, new.known_roles, new.directory)
    assert mariadb_queue.rows(tables.role_generation) == before
    assert codes([ask(old, f"retry {ids[0]}")]) == ["ok"]


def test_a_running_bulk_change_ends_when_its_author_is_removed(mariadb_queue: TestQueue) -> None:
    setup, other = make_setup(mariadb_queue, "a"), make_setup(mariadb_queue, "b")
    for one in (setup, other):
        announce_rules(one.engine, one.rules, one.known_roles, one.directory)
    for number in range(4):
        mariadb_queue.fail(order=number)
    runner = Runner(setup, rows=2, lanes=1, seconds=0)
    plan = previewed(setup, "retry queue=netsuite", by=OMAR).plan
    assert codes([confirm(setup, "retry", plan, by=OMAR)]) == ["ok"]
    assert runner.run_once()
    assert len(mariadb_queue.jobs) == 2
    newer = replace(other.rules, operators=())
    announce_rules(other.engine, newer, other.known_roles, other.directory)
    while runner.run_once():
        pass
    assert len(mariadb_queue.jobs) == 2
    assert [row.state for row in mariadb_queue.rows(tables.operations)] == ["stopped"]


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack() as running:
        yield running


@pytest.mark.parametrize(
    ("need", "seconds", "again"),
    [
        (Need(Role.OPERATOR, changes=True), 9, []),
        (Need(Role.OPERATOR, changes=True), 11, ["conversations.info"]),
        (
            Need(Role.OPERATOR, changes=True),
            61,
            ["conversations.info", "usergroups.users.list", "users.info"],
        ),
        (
            Need(Role.OPERATOR, changes=True, fresh=True),
            11,
            ["conversations.info", "usergroups.users.list", "users.info"],
        ),
        (Need(Role.VIEWER), 299, []),
    ],
)
def test_each_answer_of_slack_is_read_again_after_its_own_time(
    slack: LocalSlack, need: Need, seconds: float, again: list[str]
) -> None:
    clock = Seconds()
    client = WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])
    rules = Rules(operators=(IDS.oncall,), change_channels=(IDS.queue_ops,), team=IDS.team)
    invocation = Invocation(
        Actor(IDS.operator, IDS.team, Source.SLASH), "0" * 64, float("inf"), IDS.queue_ops
    )
    with closing(SlackDirectory(client, clock, GRACE)) as directory:
        authorize(rules, directory, invocation, need)
        before = len(slack.calls())
        clock.now += seconds
        authorize(rules, directory, invocation, need)
        assert sorted(call.method for call in slack.calls()[before:]) == again


@pytest.mark.parametrize(
    ("command", "values", "age"),
    [
        ("retry", {"ids": [45]}, CHANGE_AGE),
        ("retry", {"error": "E1"}, FRESH_AGE),
        ("retry", {"plan": 1}, FRESH_AGE),
        ("retry-all", {}, FRESH_AGE),
        ("clear-failed", {}, FRESH_AGE),
        ("delete", {"ids": [45]}, FRESH_AGE),
        ("delete-failed", {"ids": [45]}, FRESH_AGE),
        ("undo", {}, CHANGE_AGE),
        ("undo", {"plan": 1}, FRESH_AGE),
        ("unfreeze", {}, FRESH_AGE),
        ("freeze", {}, CHANGE_AGE),
        ("status", {}, READ_AGE),
    ],
)
def test_bulk_and_destructive_commands_and_unfreeze_need_newer_answers_of_slack(
    command: str, values: dict[str, object], age: float
) -> None:
    arguments = COMMANDS[command].arguments.model_validate(values)
    assert need_for(COMMANDS[command], arguments).max_age == age


def test_an_announced_change_of_roles_makes_a_replica_read_the_person_again_once(
    mariadb_queue: TestQueue, slack: LocalSlack
) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])
    with closing(SlackDirectory(client, grace=GRACE)) as directory:
        setup = make_setup(mariadb_queue, directory=directory)
        announce_rules(setup.engine, setup.rules, setup.known_roles, directory)
        ask(setup, "status", by=OMAR)
        announce_change(setup.engine)
        before = len(slack.calls("users.info"))
        for _ in range(3):
            ask(setup, "status", by=OMAR)
        assert len(slack.calls("users.info")) == before + 1
