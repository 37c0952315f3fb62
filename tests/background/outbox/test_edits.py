"""Edits in the outbox: rates, order, and messages that were deleted or never posted."""

from bot.background.outbox.deliver import SlackRates, deliver_once
from bot.localslack.faults import RateLimited
from bot.localslack.server import LocalSlack
from tests.kit.deliveries import clocked, send, shown, unsent
from tests.kit.outbox import EDIT, POST, change, put
from tests.kit.posting import poster_of
from tests.kit.queues import TestQueue
from tests.kit.replicas import ALERTS, hold


def test_posts_and_edits_do_not_exceed_their_rates(queue: TestQueue, slack: LocalSlack) -> None:
    setup, _ = clocked(queue)
    seconds = [0.0]
    rates = SlackRates(lambda: seconds[0])
    lease = hold(setup)
    for number in range(8):
        put(setup, f"m{number}", subject=f"m{number}")
    for _ in range(20):
        deliver_once(setup, poster_of(slack), lease, rates)
    assert len(shown(slack)) == 5
    seconds[0] += 2.0
    for _ in range(5):
        deliver_once(setup, poster_of(slack), lease, rates)
    assert len(shown(slack)) == 7


def test_waiting_edits_of_a_message_are_sent_as_one_edit(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, _ = clocked(queue)
    put(setup, "begins")
    send(setup, slack)
    for done in range(10):
        change(setup, f"{done} done")
    send(setup, slack)
    assert shown(slack) == ["9 done"]
    assert len(slack.calls(EDIT)) == 1


def test_an_edit_that_replaces_a_rate_limited_edit_waits_as_long(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, clock = clocked(queue)
    put(setup, "begins")
    send(setup, slack)
    slack.script(EDIT, [RateLimited(30)])
    change(setup, "1 done")
    send(setup, slack)
    for done in range(2, 5):
        clock.move(seconds=3)
        change(setup, f"{done} done")
        assert send(setup, slack) == 0
    assert len(slack.calls(EDIT)) == 1
    clock.move(seconds=30)
    send(setup, slack)
    assert shown(slack) == ["4 done"]


def test_an_edit_waits_until_its_message_is_posted(queue: TestQueue, slack: LocalSlack) -> None:
    setup, clock = clocked(queue)
    slack.script(POST, [RateLimited(30)])
    put(setup, "begins")
    change(setup, "ended")
    send(setup, slack)
    assert slack.calls(EDIT) == []
    clock.move(seconds=31)
    send(setup, slack)
    clock.move(seconds=2)
    send(setup, slack)
    assert shown(slack) == ["ended"]


def test_edits_of_a_deleted_message_are_not_repeated_for_ever(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, _ = clocked(queue)
    put(setup, "begins")
    send(setup, slack)
    slack.script(EDIT, ["message_not_found"])
    change(setup, "ended")
    send(setup, slack)
    assert unsent(setup) == []
    assert len(slack.calls(EDIT)) == 1


def test_an_edit_of_a_message_that_was_never_posted_is_dropped(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, _ = clocked(queue)
    change(setup, "ended")
    send(setup, slack)
    assert unsent(setup) == []
    assert slack.calls() == []


def test_messages_that_a_person_waits_for_are_edited_before_alerts(
    queue: TestQueue, slack: LocalSlack
) -> None:
    setup, _ = clocked(queue)
    put(setup, "alert", channel=ALERTS, subject="incident:1")
    put(setup, "progress", subject="request:ab")
    send(setup, slack)
    seconds = [0.0]
    rates = SlackRates(lambda: seconds[0])
    lease = hold(setup)
    for number in range(10):
        change(setup, f"spent {number}", subject="request:ab")
        deliver_once(setup, poster_of(slack), lease, rates)
    change(setup, "retried", channel=ALERTS, subject="incident:1")
    change(setup, "done", subject="request:ab")
    deliver_once(setup, poster_of(slack), lease, rates)
    assert (shown(slack), shown(slack, ALERTS)) == (["spent 9"], ["alert"])
    seconds[0] += 1.5
    deliver_once(setup, poster_of(slack), lease, rates)
    assert (shown(slack), shown(slack, ALERTS)) == (["done"], ["alert"])
    seconds[0] += 1.5
    deliver_once(setup, poster_of(slack), lease, rates)
    assert shown(slack, ALERTS) == ["retried"]
