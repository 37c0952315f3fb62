"""A message that Slack always refuses, or that cannot be rendered, is reported; no other waits."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.app.setup import Setup
from bot.background.outbox.delivery_errors import TRIES
from bot.background.purge import MESSAGES_KEPT, purge_once
from bot.localslack.server import LocalSlack
from bot.store import tables
from tests.kit.clock import Clock
from tests.kit.outbox import POST, put
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, AUDIT, OPS, ask, hold, make_setup

REFUSED = "some_new_error"


@pytest.fixture
def setup(queue: TestQueue, clock: Clock) -> Setup:
    return make_setup(queue, clock=clock)


def shown(slack: LocalSlack, channel: str) -> list[str]:
    return [message["text"] for message in slack.messages(channel)]


def send(setup: Setup, slack: LocalSlack) -> int:
    return deliver(setup, poster_of(slack), hold(setup))


def refuse(setup: Setup, slack: LocalSlack, clock: Clock, times: int) -> None:
    """Let Slack refuse `times` tries of one message, each with its layout and without."""
    for _ in range(times):
        slack.script(POST, [REFUSED, REFUSED])
        send(setup, slack)
        clock.move(seconds=61)


def changed(setup: Setup, queue: TestQueue, number: int) -> None:
    """Make a change and seal its audit record; remove its other messages from the outbox."""
    queue.fail(number)
    watch(setup, hold(setup))
    ask(setup, f"retry {number}")
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.outbox).where(tables.outbox.c.kind != "audit"))
    watch(setup, hold(setup))
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.outbox).where(tables.outbox.c.kind != "audit"))


def test_a_message_that_slack_always_refuses_is_dropped_and_the_next_is_posted(
    setup: Setup, slack: LocalSlack, clock: Clock
) -> None:
    put(setup, "poison", subject="first")
    put(setup, "wholesome", subject="second")
    refuse(setup, slack, clock, TRIES)
    assert shown(slack, OPS) == [], "the message is still sent again"
    refuse(setup, slack, clock, 1)
    send(setup, slack)
    assert shown(slack, OPS) == ["wholesome"]
    (text,) = shown(slack, AUDIT)
    assert OPS in text
    assert REFUSED in text


def test_a_message_refused_once_after_a_long_outage_is_sent_again(
    setup: Setup, slack: LocalSlack, clock: Clock
) -> None:
    put(setup, "wholesome")
    for _ in range(2 * TRIES):
        slack.script(POST, [500])
        send(setup, slack)
        clock.move(seconds=61)
    refuse(setup, slack, clock, 1)
    send(setup, slack)
    assert len(shown(slack, OPS)) == 1


@pytest.mark.parametrize("code", ["missing_scope", "token_revoked"])
def test_a_fault_of_the_slack_app_does_not_drop_a_message(
    setup: Setup, slack: LocalSlack, clock: Clock, code: str
) -> None:
    put(setup, "wholesome")
    for _ in range(3 * TRIES):
        slack.script(POST, [code])
        send(setup, slack)
        clock.move(seconds=61)
    send(setup, slack)
    assert (shown(slack, OPS), shown(slack, AUDIT)) == (["wholesome"], [])


def test_an_audit_message_that_slack_always_refuses_is_posted_with_its_anchor_only(
    setup: Setup, queue: TestQueue, slack: LocalSlack, clock: Clock
) -> None:
    watch(setup, hold(setup))
    for number in (1, 2):
        changed(setup, queue, number)
    refuse(setup, slack, clock, TRIES)
    send(setup, slack)
    first, second = shown(slack, AUDIT)
    link = queue.rows(tables.audit_chain)[0].hash
    assert f"#1 {link[:8]}" in first
    assert "audit tail" in first
    assert "failed job 2" in second.lower()


def test_a_missing_audit_record_is_reported_and_does_not_delay_other_records(
    setup: Setup, queue: TestQueue, slack: LocalSlack
) -> None:
    watch(setup, hold(setup))
    for number in (1, 2):
        changed(setup, queue, number)
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.audit).where(tables.audit.c.id == 1))
    send(setup, slack)
    first, second = shown(slack, AUDIT)
    assert "#1" in first
    assert "audit verify" in first
    assert "failed job 2" in second.lower()


def test_a_message_that_cannot_be_rendered_delays_only_its_channel_and_not_for_ever(
    setup: Setup, queue: TestQueue, slack: LocalSlack, clock: Clock
) -> None:
    put(setup, "broken", subject="first")
    put(setup, "wholesome", subject="second")
    put(setup, "alert", channel=ALERTS, subject="third")
    with queue.engine.begin() as connection:
        broken = (
            update(tables.outbox)
            .where(tables.outbox.c.subject == "first")
            .values(body='{"blocks": 1}')
        )
        connection.execute(broken)
    in_doubt = update(tables.outbox).where(tables.outbox.c.subject == "first").values(in_doubt=True)
    with queue.engine.begin() as connection:
        connection.execute(in_doubt)
    send(setup, slack)
    assert (shown(slack, OPS), shown(slack, ALERTS)) == ([], ["alert"])
    for _ in range(TRIES):
        clock.move(seconds=61)
        send(setup, slack)
    send(setup, slack)
    assert shown(slack, OPS) == ["wholesome"]


def test_an_alert_is_edited_in_place_after_its_outbox_message_was_purged(
    setup: Setup, queue: TestQueue, slack: LocalSlack, clock: Clock
) -> None:
    watch(setup, hold(setup))
    queue.fail(45)
    watch(setup, hold(setup))
    send(setup, slack)
    clock.by += MESSAGES_KEPT + timedelta(days=1)
    purge_once(setup, hold(setup))
    assert queue.rows(tables.outbox) == []
    ask(setup, "retry 45")
    watch(setup, hold(setup))
    send(setup, slack)
    (alert,) = slack.messages(ALERTS)
    assert "actions" not in blocks_of(alert)
    assert "🔁" in alert["text"]


def blocks_of(message: Mapping[str, Any]) -> list[str]:
    return [block["type"] for block in message["blocks"]]
