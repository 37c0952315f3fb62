"""The real bot keeps working and loses nothing while the local Slack fails in each possible way."""

import gc
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from warnings import catch_warnings, simplefilter

import pytest

from bot.background.outbox.deliver import SlackRates
from bot.localslack import faults
from bot.localslack.delivery.envelopes import ACK_SECONDS
from bot.localslack.server import LocalSlack
from bot.localslack.web_api.rates import IN_A_CHANNEL, TIER_3, Rate, Rates
from bot.store import outbox
from tests.kit.clock import Seconds
from tests.kit.queues import GRACE, TestQueue
from tests.kit.team import Json, Team, team_settings

LOOKS = 0.2  # seconds; with the bot's own 3 s a cut socket would be noticed only after 15 s
LOST = 1.0  # seconds to wait for an ack if a dead socket may have swallowed the envelope
HTML = faults.ServerError(503)

# The SDK's client drops a refused socket without closing it.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture
def team(kept_queue: TestQueue) -> Iterator[Team]:
    """The running bot, which notices a dead socket quickly."""
    with LocalSlack(ack_timeout=ACK_SECONDS + GRACE) as slack:
        team = Team(slack, kept_queue, team_settings(slack, kept_queue.url))
        client = team.bot.socket.client
        # `ping_interval` stays unchanged: with a short one, a pong that is late by a second on a
        # busy machine would end a good socket and lose the envelope on it.
        client.current_app_monitor.interval_seconds = LOOKS
        team.start()
        try:
            yield team
        finally:
            slack.clear_faults()
            client.auto_reconnect_enabled, client.closed = False, True
            slack.kill_sockets()
            # The SDK's client fails if one of its threads closes the socket meanwhile.
            with suppress(AttributeError):
                client.disconnect()
            team.stop()
            forget_lost_sockets()


def forget_lost_sockets() -> None:
    """Garbage-collect the sockets that the SDK's client dropped without closing them."""
    with catch_warnings():
        simplefilter("ignore", ResourceWarning)
        gc.collect()


def alert_with_buttons(team: Team) -> Json:
    """Return the alert of failed job 45 once it has buttons, after any earlier version of it."""

    def find() -> Json | None:
        # Make postponed posts due at once: the test does not wait for Slack's minutes.
        team.clock.move(seconds=30)
        every = [one for one in team.posted("queue-alerts") if "Failed job 45" in one["text"]]
        return next((one for one in every if one["blocks"]), None)

    alert = team.until(find)
    assert alert is not None
    return alert


def retry_until_accepted(team: Team) -> None:
    """Repeat the retry until the bot answers.

    A closing socket may still be counted and chosen; an envelope that it swallowed had no effect.
    """
    team.slack.hub.ack_timeout = LOST
    team.until(lambda: "error" not in team.say("retry 45").response, 40)


def assert_nothing_is_lost(team: Team) -> None:
    """Check that the job is in its queue once, with one record, shown in the audit channel.

    A person who saw a failure may have repeated the request: the refusal is recorded as well.
    """

    def is_audited() -> bool:
        team.clock.move(seconds=30)
        return any("retried" in one["text"] for one in team.posted("queue-audit"))

    team.until(is_audited)
    assert team.queue.failed == []
    assert len(team.queue.jobs) == 1
    assert [row.action for row in team.records if row.outcome == "ok"] == ["retry"]


@pytest.mark.parametrize(
    "answer",
    [
        "fatal_error",
        "channel_not_found",
        faults.RateLimited(1),
        500,
        HTML,
        faults.LostAnswer(),
        faults.Reset(),
    ],
    ids=str,
)
def test_failed_posts_are_repeated(team: Team, answer: faults.Answer | str | int) -> None:
    # Every other post fails: the alert, the public note of the change, the audit message.
    team.slack.script("chat.postMessage", [answer, faults.OwnAnswer()] * 3)
    team.queue.fail(45)
    team.until(lambda: team.slack.calls("chat.postMessage"))
    # If the alert channel cannot be used, the alert goes to the audit channel instead.
    if answer != "channel_not_found":
        alert_with_buttons(team)
    team.say("retry 45")

    assert_nothing_is_lost(team)


def test_a_revoked_token_stops_the_posts_and_loses_none(team: Team) -> None:
    # Otherwise the bot might read its operators while calls fail, and refuse them afterwards.
    team.until(lambda: team.slack.calls("usergroups.users.list"))
    team.slack.revoke_token()
    team.queue.fail(45)
    team.until(lambda: any(not call.answer["ok"] for call in team.slack.calls("chat.postMessage")))
    assert team.posted("queue-alerts") == []
    team.slack.restore_tokens()

    alert_with_buttons(team)
    team.say("retry 45")
    assert_nothing_is_lost(team)


@pytest.mark.parametrize(
    ("kind", "rate"), [(outbox.POST, IN_A_CHANNEL), (outbox.EDIT, TIER_3)], ids=["posts", "edits"]
)
def test_the_rates_of_the_bot_never_exceed_the_rates_of_slack(kind: str, rate: Rate) -> None:
    clock = Seconds()
    own_rates, rates = SlackRates(clock), Rates(clock)
    message = outbox.OutboxMessage(
        1, kind, "C", "s", {}, 0, in_doubt=False, created_at=datetime.now(UTC)
    )
    sent = 0
    # A flood of half an hour, with ten requests a second.
    for _ in range(30 * 60 * 10):
        if own_rates.allows(message):
            rates.take("x", rate)
            sent += 1
        clock.now += 0.1

    assert sent > 30 * rate.per_minute / 2


def test_a_duplicated_envelope_is_executed_once(team: Team) -> None:
    team.queue.fail(45)
    alert_with_buttons(team)
    team.slack.duplicate_next()
    team.say("retry 45")

    assert_nothing_is_lost(team)


def test_a_late_envelope_is_executed_completely_or_not_at_all(team: Team) -> None:
    team.queue.fail(45)
    alert_with_buttons(team)
    team.slack.hub.ack_timeout = 0.1
    team.slack.delay_next(0.2)
    answer = team.say("retry 45")
    assert answer.response["error"] == "operation_timeout"
    team.until(lambda: team.slack.hub.late_acks == 1)

    assert_nothing_is_lost(team)


def test_a_closed_socket_is_reopened_after_failed_attempts(team: Team) -> None:
    team.slack.script("apps.connections.open", ["internal_error", 500])
    team.slack.refuse_sockets()
    team.slack.kill_sockets()
    team.queue.fail(45)
    # Checks and alerts continue without a socket.
    alert_with_buttons(team)
    team.until(lambda: len(team.slack.calls("apps.connections.open")) >= 3)
    lost = team.say("retry 45").response
    assert lost["error"] == "dispatch_failed"
    team.slack.refuse_sockets(on=False)
    team.until(lambda: team.slack.hub.connected)
    team.say("retry 45")

    assert_nothing_is_lost(team)


def test_a_silent_socket_is_detected_and_replaced(team: Team) -> None:
    team.queue.fail(45)
    alert_with_buttons(team)
    opened = len(team.slack.calls("apps.connections.open"))
    deaf = team.bot.socket.client.current_session
    assert deaf is not None
    team.slack.silence_sockets()
    # The bot gives up the socket after 4 * LOOKS without a pong; with its own 3 s after 13 s.
    deaf.ping_interval = LOOKS
    team.until(lambda: len(team.slack.calls("apps.connections.open")) > opened)
    retry_until_accepted(team)
    assert_nothing_is_lost(team)


def test_a_socket_that_slack_asks_to_close_is_replaced(team: Team) -> None:
    opened = len(team.slack.calls("apps.connections.open"))
    team.slack.refresh_sockets()
    team.until(lambda: len(team.slack.calls("apps.connections.open")) > opened)
    team.queue.fail(45)
    alert_with_buttons(team)
    retry_until_accepted(team)
    assert_nothing_is_lost(team)


def test_an_edited_group_is_used_at_once(team: Team) -> None:
    team.queue.fail(45)
    alert_with_buttons(team)
    assert "operator" in team.say("retry 45", as_="viewer").text
    assert len(team.queue.failed) == 1
    team.slack.edit_group("oncall", "viewer")
    team.say("retry 45", as_="viewer")

    assert team.queue.failed == []
    assert [row.outcome for row in team.records] == ["denied", "ok"]
