"""Scenarios of people who lose a role or send too much; the guards are those of trust.

Each takes the queue and the mutant to run under, as in `scenarios`.
"""

from contextlib import ExitStack, closing
from dataclasses import replace

from slack_sdk import WebClient

from bot.access import role_changes
from bot.access.roles import Rules
from bot.background import audit
from bot.background.outbox.deliver import deliver_once
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.slack.directory import SlackDirectory
from tests.crash.scenarios import Mutant
from tests.kit.clock import StandingClock
from tests.kit.posting import Endless, poster_of
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import AUDIT, OMAR, ask, codes, hold, make_setup


def a_removed_person_retries(queue: TestQueue, mutant: Mutant) -> None:
    """Slack tells one replica of a removal; the person retries through the other one."""
    ids = [queue.fail(order=number) for number in range(15)]
    with LocalSlack() as slack, ExitStack() as both:
        client = WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])
        directories = [SlackDirectory(client, grace=GRACE) for _ in range(2)]
        for directory in directories:
            both.enter_context(closing(directory))
        rules = Rules(operators=(IDS.oncall,), change_channels=(IDS.queue_ops,), team=IDS.team)
        first, second = (
            make_setup(queue, name, rules=rules, directory=directory)
            for name, directory in zip("ab", directories, strict=True)
        )
        assert codes([ask(second, f"retry {ids[0]}", by=IDS.operator)]) == ["ok"]
        group = slack.workspace.groups[IDS.oncall]
        slack.workspace.put_group(replace(group, members=(IDS.lucia,)))
        role_changes.announce_change(first.engine)
        with mutant():
            outcomes = [ask(second, f"retry {id_}", by=IDS.operator) for id_ in ids[1:]]
    assert codes(outcomes) == ["denied"] * 14
    assert len(queue.failed) == 14


def a_flood_of_refusals_before_a_change(queue: TestQueue, mutant: Mutant) -> None:
    """Ten people without a role are refused again and again; then an operator retries a job."""
    queue.fail(45)
    setup = make_setup(queue, clock=StandingClock())
    people = [f"U07NOROLE{number:03d}" for number in range(10)]
    with LocalSlack() as slack, mutant():
        poster, rates = poster_of(slack), Endless()
        for _ in range(2):
            for person in people:
                ask(setup, "retry 45", by=person)
        audit.seal_once(setup, hold(setup))
        assert codes([ask(setup, "retry 45", by=OMAR)]) == ["ok"]
        audit.seal_once(setup, hold(setup))
        for _ in range(3):
            deliver_once(setup, poster, hold(setup), rates)
        texts = [message["text"] for message in slack.messages(AUDIT)]
    assert "retried" in texts[0], texts
    assert len(texts) == 3
    assert all("needs operator" in text for text in texts[1:])
