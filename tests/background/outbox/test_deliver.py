"""The outbox with every answer of Slack: nothing is lost, and a possible repeat is labelled."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.background.outbox.deliver import ATTEMPT, Poster, SlackRates, deliver_once
from bot.background.outbox.delivery_errors import DeliveryError, Fault
from bot.localslack.faults import Answer, LostAnswer, RateLimited, Refused, Reset, ServerError
from bot.localslack.server import LocalSlack
from bot.store import tables
from bot.store.leases import TTL
from bot.text import texts_for
from tests.kit.clock import StandingClock
from tests.kit.deliveries import clocked, drain, send, shown, unsent
from tests.kit.invariants import broken
from tests.kit.outbox import EDIT, POST, put
from tests.kit.posting import deliver, poster_of, watch
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, AUDIT, OPS, SAM, ask, hold, make_setup


def is_labelled(message: Mapping[str, Any]) -> bool:
    return texts_for("en", "en", ZoneInfo("UTC")).plain("possible-repeat") in str(message)


@pytest.mark.parametrize(
    ("answers", "messages", "labelled", "wait"),
    [
        ([], 1, 0, 0),
        ([RateLimited(30)], 1, 0, 31),
        ([ServerError(500)], 1, 1, 5),
        ([ServerError(503, "<html>down</html>")], 1, 1, 5),
        ([ServerError(200, "<html>a proxy's page</html>")], 1, 1, 5),
        ([LostAnswer()], 2, 1, 5),
        ([Reset()], 1, 1, 5),
        ([LostAnswer(), LostAnswer(), Reset()], 3, 2, 60),
        ([Refused("internal_error")], 1, 1, 5),
        ([Refused("token_revoked")], 1, 0, 61),
        ([RateLimited(30), LostAnswer(), RateLimited(30)], 2, 1, 40),
    ],
)
def test_a_message_is_posted_after_every_fault_and_labelled_only_if_its_delivery_is_unknown(
    queue: TestQueue,
    slack: LocalSlack,
    answers: list[Answer],
    messages: int,
    labelled: int,
    wait: float,
) -> None:
    setup, clock = clocked(queue)
    put(setup)
    slack.script(POST, answers)
    for _ in answers:
        send(setup, slack)
        assert len(unsent(setup)) == 1
        assert send(setup, slack) == 0, "the message was sent again at once"
        clock.move(seconds=wait)
    send(setup, slack)
    assert unsent(setup) == []
    there = slack.messages(OPS)
    assert len(there) == messages
    assert sum(is_labelled(message) for message in there) == labelled
    assert len(slack.calls(POST)) == len(answers) + 1


def test_slack_is_not_called_before_the_time_of_its_rate_limit(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    put(setup)
    slack.script(POST, [RateLimited(30)])
    send(setup, slack)
    clock.move(seconds=28)
    send(setup, slack)
    assert len(slack.calls(POST)) == 1
    clock.move(seconds=3)
    assert send(setup, slack) == 1


@pytest.mark.parametrize(
    "code", ["invalid_blocks", "msg_too_long", "msg_blocks_too_long", "some_new_error"]
)
def test_a_message_with_a_refused_layout_is_posted_as_text(
    queue: TestQueue, slack: LocalSlack, code: str
) -> None:
    setup, _ = clocked(queue)
    put(setup, "all that matters")
    slack.script(POST, [code])
    assert send(setup, slack) == 1
    (message,) = slack.messages(OPS)
    assert message["text"] == "all that matters"
    assert not message.get("blocks")


def test_a_message_refused_with_and_without_layout_is_sent_again_after_a_minute(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    put(setup)
    slack.script(POST, ["some_new_error"] * 2)
    assert (send(setup, slack), send(setup, slack)) == (0, 0)
    clock.move(seconds=61)
    assert send(setup, slack) == 1
    assert not is_labelled(slack.messages(OPS)[0])


@pytest.mark.parametrize("code", ["channel_not_found", "not_in_channel", "is_archived"])
def test_audit_records_wait_for_their_channel_and_the_fallback_gets_one_message(
    queue: TestQueue, slack: LocalSlack, code: str
) -> None:
    setup, clock = clocked(queue)
    with queue.engine.begin() as connection:
        now = clock(connection)
    # The fallback gets one message per clock hour, and no hour may end during the two minutes.
    clock.move(minutes=60 - now.minute, seconds=-now.second)
    for failed_id in (1, 2, 3):
        queue.fail(failed_id)
    watch(setup, hold(setup))
    slack.script(POST, [code])
    for failed_id in (1, 2, 3):
        ask(setup, f"retry {failed_id}")
    with queue.engine.begin() as connection:
        connection.execute(
            tables.outbox.delete()
        )  # this test is not about the messages that others see
    watch(setup, hold(setup))
    for _ in range(4):
        send(setup, slack)
        slack.script(POST, [code])
        clock.move(seconds=31)
    assert shown(slack, AUDIT) == []
    assert len(shown(slack, OPS)) == 1, "the fallback channel got one message"
    slack.faults.clear()
    drain(setup, slack, clock)
    texts = shown(slack, AUDIT)
    assert [f"#{seq} " in text for seq, text in enumerate(texts, start=1)] == [True] * 3, texts
    assert broken(queue, drained=True) == []


def test_an_alert_whose_channel_is_lost_is_posted_in_the_fallback_channel(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    watch(setup, hold(setup))
    queue.fail(45)
    watch(setup, hold(setup))
    slack.script(POST, ["channel_not_found"])
    drain(setup, slack, clock)
    assert shown(slack, ALERTS) == []
    alert, health = shown(slack, OPS)
    assert "Failed job 45" in alert
    assert f"cannot post in <#{ALERTS}>" in health
    # Later changes edit the alert in the fallback channel.
    ask(setup, "delete-failed 45")
    drain(setup, slack, clock)
    assert "actions" not in str(slack.messages(OPS)[0]["blocks"])
    assert broken(queue, drained=True) == []


def test_a_public_message_is_posted_in_the_audit_channel_if_the_bot_is_no_member(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, _ = clocked(queue)
    put(setup, "moved")
    slack.script(POST, ["not_in_channel"])
    assert send(setup, slack) == 0
    send(setup, slack)
    assert (shown(slack, OPS), shown(slack, AUDIT)) == ([], ["moved"])


def test_messages_of_a_channel_stay_in_order_and_do_not_delay_other_channels(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    for number in range(4):
        put(setup, f"ops {number}", subject=f"o{number}")
        put(setup, f"alert {number}", channel=ALERTS, subject=f"a{number}")
    slack.script(POST, [RateLimited(30)])
    send(setup, slack)
    assert shown(slack, OPS) == []
    assert shown(slack, ALERTS) == [f"alert {number}" for number in range(4)]
    clock.move(seconds=31)
    slack.script(POST, [ServerError(500)])
    send(setup, slack)
    assert shown(slack, OPS) == []
    clock.move(seconds=31)
    send(setup, slack)
    assert [text[-5:] for text in shown(slack, OPS)] == [f"ops {number}" for number in range(4)]


class Interrupted:
    """The real poster, which runs `meanwhile` before it returns the answer."""

    def __init__(self, poster: Poster, meanwhile: Any, *, lost: bool) -> None:
        self._poster = poster
        self._meanwhile = meanwhile
        self._lost = lost

    def post(self, channel: str, body: Mapping[str, Any]) -> str:
        """Post, then run `meanwhile`."""
        ts = self._poster.post(channel, body)
        self._meanwhile()
        if self._lost:
            raise DeliveryError(Fault.RATE, "late", 0.0)
        return ts

    def update(self, channel: str, ts: str, body: Mapping[str, Any]) -> None:
        """Edit the message."""
        self._poster.update(channel, ts, body)

    def permalink(self, channel: str, ts: str) -> str:
        """Return the message's address."""
        return self._poster.permalink(channel, ts)


@pytest.mark.parametrize("lost", [True, False])
def test_a_paused_replica_cannot_overwrite_the_delivery_of_the_next_replica(
    queue: TestQueue,
    slack: LocalSlack,
    lost: bool,  # noqa: FBT001 pytest passes the parameter
) -> None:
    clock = StandingClock()
    a, b = make_setup(queue, "a", clock=clock), make_setup(queue, "b", clock=clock)
    put(a)

    def take_over() -> None:
        clock.move(seconds=(TTL + ATTEMPT).total_seconds())
        assert deliver(b, poster_of(slack), hold(b)) == 1

    late = Interrupted(poster_of(slack), take_over, lost=lost)
    deliver_once(a, late, hold(a), SlackRates())
    first, second = slack.messages(OPS)
    assert (is_labelled(first), is_labelled(second)) == (False, True)
    (message,) = queue.rows(tables.outbox)
    assert message.sent_ts == second["ts"]
    assert (bool(message.in_doubt), message.error) == (False, None)


def test_every_message_is_posted_in_the_end_if_slack_fails_at_random(
    mariadb_queue: TestQueue, slack: LocalSlack
) -> None:
    queue = mariadb_queue
    setup, clock = clocked(queue)
    setup = replace(setup, alerts_per_minute=3)
    watch(setup, hold(setup))
    answers: list[Answer | str | int] = [
        RateLimited(2),
        LostAnswer(),
        "is_archived",
        500,
        Reset(),
        "invalid_blocks",
        "not_in_channel",
    ]
    slack.script(POST, answers * 2)
    slack.script(EDIT, [RateLimited(2), 500, LostAnswer(), "message_not_found", Reset()])
    for number in range(1, 9):
        queue.fail(number)
    watch(setup, hold(setup))
    send(setup, slack)
    for words in ("retry 1", "delete-failed 2", "retry 3 4", "retry 99", "delete 1", "nonsense"):
        ask(setup, words)
        ask(setup, words, by=SAM)
        watch(setup, hold(setup))
        send(setup, slack)
        clock.move(seconds=5)
    drain(setup, slack, clock)
    assert broken(queue, drained=True) == []
