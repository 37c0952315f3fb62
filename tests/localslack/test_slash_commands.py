import re
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.localslack.interactivity.people import CannotError
from bot.localslack.server import LocalSlack
from tests.kit.clock import Seconds
from tests.kit.concurrency import SECONDS, until
from tests.kit.slack_apps import Connect, bolt, connected

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*3* failed"}}


def test_the_ack_of_a_command_is_shown_to_its_person_only(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    @app.command("/queue")
    def status(ack: Ack) -> None:
        ack("all is well")

    connect(app)
    answer = slack.command("operator", "#queue-ops", "/queue status")

    assert 0 < answer["ack_ms"] < 1000 * SECONDS
    assert [reply["text"] for reply in answer["replies"]] == ["all is well"]
    assert answer["replies"][0]["response_type"] == "ephemeral"
    (message,) = slack.messages("queue-ops")
    assert message["ephemeral_to"] == slack.ids.operator


def test_invite_adds_the_app_to_a_channel_once(slack: LocalSlack) -> None:
    def invited(text: str) -> str:
        answer = slack.command("operator", "#random", f"/invite {text}")
        return str(answer["replies"][0]["text"])

    assert slack.ids.bot_user not in slack.workspace.channels[slack.ids.random].members
    assert invited("@nobody") == "Nobody has the name @nobody."
    assert invited("@queue-bot") == "queue-bot was added to #random."
    assert slack.ids.bot_user in slack.workspace.channels[slack.ids.random].members
    assert invited("@queue-bot") == "queue-bot is already in #random."


def test_a_command_has_every_field_that_slack_documents(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    payloads: list[dict[str, str]] = []

    @app.command("/queue")
    def remember(ack: Ack, body: dict[str, str]) -> None:
        payloads.append(body)
        ack()

    connect(app)
    slack.command("operator", "queue-ops", "/queue retry 45 by @viewer in #random", wait=0)

    (body,) = payloads
    ids = slack.ids
    assert re.fullmatch(r"\d+\.\d+\.[0-9a-f]{32}", body.pop("trigger_id"))
    assert body.pop("response_url").startswith(f"{slack.url}hooks/commands/{ids.team}/")
    assert body.pop("token")
    assert body == {
        "team_id": ids.team,
        "team_domain": "queue-playground",
        "channel_id": ids.queue_ops,
        "channel_name": "queue-ops",
        "user_id": ids.operator,
        "user_name": "operator",
        "command": "/queue",
        "text": f"retry 45 by <@{ids.viewer}|viewer> in <#{ids.random}|random>",
        "api_app_id": ids.app,
        "is_enterprise_install": "false",
    }


def test_an_ack_in_the_channel_is_for_everyone(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    @app.command("/queue")
    def share(ack: Ack) -> None:
        ack(text="3 failed", blocks=[SECTION], response_type="in_channel")

    connect(app)
    (reply,) = slack.command("viewer", "queue-ops", "/queue status share=yes")["replies"]

    assert reply["response_type"] == "in_channel"
    assert "ephemeral_to" not in reply
    assert reply["blocks"][0]["block_id"], "Slack gives every block an id"


def test_an_empty_ack_shows_nothing(slack: LocalSlack, app: App, connect: Connect) -> None:
    @app.command("/queue")
    def silent(ack: Ack) -> None:
        ack()

    connect(app)
    answer = slack.command("viewer", "queue-ops", "/queue", wait=0)

    assert answer["replies"] == []
    assert slack.messages("queue-ops") == []


def test_an_ack_that_slack_would_refuse_shows_an_error_to_the_person(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    @app.command("/queue")
    def broken(ack: Ack) -> None:
        ack(blocks=[{"type": "section"}])

    connect(app)
    answer = slack.command("viewer", "queue-ops", "/queue status")

    assert answer["error"] == "invalid_blocks"
    assert answer["details"] == [
        "must define either `text` or `fields` [json-pointer:/blocks/0/type]"
    ]
    assert answer["replies"][0]["user"] == "USLACKBOT"


def test_a_command_that_is_not_acknowledged_fails_and_its_late_ack_is_counted(
    clock: Seconds,
) -> None:
    with LocalSlack(clock=clock, ack_timeout=0.05) as impatient:
        app, release = bolt(impatient), threading.Event()

        @app.command("/queue")
        def slow(ack: Ack) -> None:
            release.wait(SECONDS)
            ack("too late")

        with connected(impatient, app):
            answer = impatient.command("operator", "queue-ops", "/queue status")
            assert answer["error"] == "operation_timeout"
            assert answer["ack_ms"] is None
            (notice,) = impatient.messages("queue-ops")
            assert notice["text"] == '/queue failed with the error "operation_timeout"'
            assert notice["ephemeral_to"] == impatient.ids.operator

            release.set()
            until(lambda: impatient.hub.late_acks == 1)
            assert len(impatient.messages("queue-ops")) == 1, "a late ack shows nothing"


def test_without_a_connection_a_command_cannot_be_dispatched(slack: LocalSlack) -> None:
    answer = slack.command("operator", "queue-ops", "/queue status")

    assert answer["error"] == "dispatch_failed"


def test_a_response_url_accepts_five_messages(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    urls = noted(app, "response_url")
    connect(app)
    slack.command("operator", "queue-ops", "/queue status", wait=0)

    answers = [httpx.post(urls[0], json={"text": f"{count}"}) for count in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert answers[0].text == "ok"
    assert answers[5].json() == {"ok": False, "error": "used_url"}
    assert [shown["text"] for shown in slack.messages("queue-ops")] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(("minutes", "status"), [(29.9, 200), (30.1, 404)])
def test_a_response_url_is_valid_for_30_minutes(
    slack: LocalSlack, app: App, connect: Connect, clock: Seconds, minutes: float, status: int
) -> None:
    urls = noted(app, "response_url")
    connect(app)
    slack.command("operator", "queue-ops", "/queue status", wait=0)
    clock.now += minutes * 60

    assert httpx.post(urls[0], json={"text": "done"}).status_code == status


def test_the_answer_includes_replies_after_the_ack(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    def lazily(respond: Respond) -> None:
        respond("first")
        respond("second")

    def at_once(ack: Ack) -> None:
        ack()

    app.command("/queue")(ack=at_once, lazy=[lazily])
    connect(app)
    answer = slack.command("operator", "queue-ops", "/queue status", wait=SECONDS)

    assert answer["replies"][0]["text"] == "first"
    until(lambda: len(slack.messages("queue-ops")) == 2)


def test_an_ephemeral_of_the_app_is_a_reply_to_the_waiting_person(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    @app.command("/queue")
    def whisper(ack: Ack, client: WebClient, body: dict[str, str]) -> None:
        ack()
        client.chat_postEphemeral(
            channel=body["channel_id"], user=body["user_id"], text="for you alone"
        )

    connect(app)
    answer = slack.command("operator", "queue-ops", "/queue status")

    assert [reply["text"] for reply in answer["replies"]] == ["for you alone"]


def test_a_duplicated_envelope_is_sent_twice_and_answered_once(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    trigger_ids: list[str] = []

    @app.command("/queue")
    def count(ack: Ack, body: dict[str, str]) -> None:
        trigger_ids.append(body["trigger_id"])
        ack("done")

    connect(app)
    slack.duplicate_next()
    slack.command("operator", "queue-ops", "/queue retry 45")
    until(lambda: slack.hub.repeated_acks == 1)

    assert len(trigger_ids) == 2
    assert len(set(trigger_ids)) == 1, "both copies are the same envelope"
    assert [shown["text"] for shown in slack.messages("queue-ops")] == ["done"]

    slack.redeliver()
    until(lambda: slack.hub.repeated_acks == 2)
    assert len(trigger_ids) == 3


def spread_of_two(clock: Seconds, seed: int) -> str:
    """Return which of two apps, a and b, received each of twelve commands."""
    replicas: list[str] = []

    def note_as(name: str) -> Callable[[Ack], None]:
        def note(ack: Ack) -> None:
            replicas.append(name)
            ack()

        return note

    with LocalSlack(clock=clock, seed=seed) as slack, ExitStack() as connections:
        for name in "ab":
            app = bolt(slack)
            app.command("/queue")(note_as(name))
            connections.enter_context(connected(slack, app))
        for _ in range(12):
            slack.command("operator", "queue-ops", "/queue", wait=0)
    return "".join(replicas)


def test_each_envelope_goes_to_one_of_two_connections_by_a_seeded_choice(clock: Seconds) -> None:
    spread = spread_of_two(clock, seed=7)

    assert set(spread) == {"a", "b"}
    assert len(spread) == 12
    assert spread_of_two(clock, seed=7) == spread


def test_an_app_reconnects_after_its_socket_was_closed(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    @app.command("/queue")
    def status(ack: Ack) -> None:
        ack("still here")

    connect(app, looks=0.2)
    opened = len(slack.calls("apps.connections.open"))
    slack.kill_sockets()
    until(lambda: len(slack.calls("apps.connections.open")) > opened)
    until(lambda: slack.hub.connected == 1)

    assert slack.command("viewer", "queue-ops", "/queue")["replies"][0]["text"] == "still here"


def test_an_unknown_command_channel_or_person_is_refused(slack: LocalSlack) -> None:
    with pytest.raises(CannotError, match="slash"):
        slack.command("operator", "queue-ops", "queue status")
    with pytest.raises(CannotError, match="channel"):
        slack.command("operator", "nowhere", "/queue status")
    with pytest.raises(CannotError, match="person"):
        slack.command("nobody", "queue-ops", "/queue status")


def test_a_group_in_a_command_is_sent_as_a_reference(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    texts = noted(app, "text")
    connect(app)
    slack.command("admin", "queue-ops", "/queue history @oncall a@b.example", wait=0)

    assert texts == [f"history <!subteam^{slack.ids.oncall}|@oncall> a@b.example"]


def test_a_command_in_an_archived_channel_is_sent_to_the_app(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    @app.command("/queue")
    def status(ack: Ack) -> None:
        ack("here")

    connect(app)
    channel = slack.workspace.channels[slack.ids.queue_ops]
    slack.workspace.put_channel(replace(channel, is_archived=True))

    assert slack.command("viewer", "queue-ops", "/queue")["replies"]


def noted(app: App, name: str) -> list[str]:
    """Return the list to which the app adds this value of each slash command."""
    values: list[str] = []

    @app.command("/queue")
    def note(ack: Ack, body: dict[str, str]) -> None:
        values.append(body[name])
        ack()

    return values
