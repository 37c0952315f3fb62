import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as connect_raw

from bot.localslack.demo import IDS, QUEUE_BOT
from bot.localslack.interactivity.people import CannotError
from bot.localslack.server import LocalSlack
from tests.kit.block_kit import chart
from tests.kit.concurrency import SECONDS, until
from tests.kit.slack_apps import Connect, bolt, client_of, connected, patient
from tests.kit.sockets import frame, raw_socket


def acknowledge(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    """Receive `count` envelopes, acknowledge each, and return them."""
    taken = []
    for _ in range(count):
        taken.append(frame(socket))
        socket.send(json.dumps({"envelope_id": taken[-1]["envelope_id"]}))
    return taken


def test_the_app_gets_the_added_and_removed_members_of_an_edited_group(slack: LocalSlack) -> None:
    with raw_socket(slack) as socket, ThreadPoolExecutor(1) as beside:
        frame(socket)
        events = beside.submit(acknowledge, socket, 2)
        slack.edit_group("@oncall", "operator", "viewer")
        changed, updated = (taken["payload"]["event"] for taken in events.result(SECONDS))

    assert changed["type"] == "subteam_members_changed"
    assert changed["subteam_id"] == slack.ids.oncall
    assert (changed["added_users"], changed["added_users_count"]) == ([slack.ids.viewer], 1)
    assert (changed["removed_users"], changed["removed_users_count"]) == ([slack.ids.lucia], 1)
    assert updated["type"] == "subteam_updated"
    assert updated["subteam"]["id"] == slack.ids.oncall
    assert updated["subteam"]["users"] == [slack.ids.operator, slack.ids.viewer]


def test_the_members_of_an_edited_group_are_listed(slack: LocalSlack, client: WebClient) -> None:
    slack.edit_group("oncall", "viewer")

    listed = client.usergroups_users_list(usergroup=slack.ids.oncall)["users"]
    assert listed == [slack.ids.viewer]
    with pytest.raises(CannotError):
        slack.edit_group("nobody", "viewer")


@pytest.mark.parametrize(
    "manifest",
    [replace(QUEUE_BOT, events=frozenset()), replace(QUEUE_BOT, scopes=frozenset({"chat:write"}))],
    ids=["not subscribed", "no scope"],
)
def test_an_event_that_is_not_in_the_manifest_is_not_sent(manifest: Any) -> None:
    with LocalSlack(manifest=manifest) as slack, raw_socket(slack) as socket:
        frame(socket)
        slack.edit_group("oncall", "viewer")
        with pytest.raises(TimeoutError):
            socket.recv(0.05)


def test_home_cannot_be_opened_without_a_home_tab_in_the_manifest() -> None:
    homeless = replace(QUEUE_BOT, home_tab=False)
    with LocalSlack(manifest=homeless) as slack, pytest.raises(CannotError, match="no Home tab"):
        slack.open_home("viewer")


def test_a_direct_message_reaches_the_app_escaped_and_needs_the_messages_tab() -> None:
    with LocalSlack() as slack, raw_socket(slack) as socket:
        frame(socket)
        slack.write("viewer", "find <1> & @admin", wait=0)
        event = frame(socket)["payload"]["event"]
    assert (event["type"], event["channel_type"]) == ("message", "im")
    assert event["text"] == f"find &lt;1&gt; &amp; <@{IDS.admin}|admin>"
    closed = replace(QUEUE_BOT, messages_tab=False)
    with LocalSlack(manifest=closed) as slack, pytest.raises(CannotError, match="turned off"):
        slack.write("viewer", "status")


def test_names_are_not_escaped_if_the_manifest_does_not_request_it() -> None:
    plain = tuple(replace(command, should_escape=False) for command in QUEUE_BOT.commands)
    with LocalSlack(manifest=replace(QUEUE_BOT, commands=plain)) as slack:
        app = bolt(slack)
        app.command("/queue")(lambda ack, command: ack(command["text"]))
        with connected(slack, app):
            answer = patient(slack).command("viewer", "queue-ops", "/queue by @operator")

    assert answer["replies"][0]["text"] == "by @operator"


def test_a_click_fails_without_interactivity_in_the_manifest() -> None:
    with LocalSlack(manifest=replace(QUEUE_BOT, interactivity=False)) as slack:
        own = WebClient(slack.bot_token, slack.base_url)
        button = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}}
        blocks = [{"type": "actions", "elements": [button]}]
        ts = own.chat_postMessage(channel="queue-ops", text="x", blocks=blocks)["ts"]
        answer = slack.click("viewer", "queue-ops", str(ts), "a")

    assert answer["error"] == "dispatch_failed"


def test_an_event_is_repeated_on_a_socket_until_it_is_acknowledged(slack: LocalSlack) -> None:
    slack.hub.ack_timeout = 0.05
    slack.retry_events_after(0, 0)
    with raw_socket(slack) as socket:
        frame(socket)
        slack.open_home("viewer", wait=0)
        first, second = frame(socket), frame(socket)
        (third,) = acknowledge(socket, 1)
        with pytest.raises(TimeoutError):
            socket.recv(0.15)

    attempts = [(one["retry_attempt"], one["retry_reason"]) for one in (first, second, third)]
    assert attempts == [(0, ""), (1, "timeout"), (2, "timeout")]
    assert len({one["payload"]["event_id"] for one in (first, second, third)}) == 1


def test_a_delayed_envelope_is_sent_after_the_person_saw_a_timeout(slack: LocalSlack) -> None:
    slack.hub.ack_timeout = 0.05
    with raw_socket(slack) as socket:
        frame(socket)
        slack.delay_next(0.1)
        answer = slack.command("viewer", "queue-ops", "/queue status")
        acknowledge(socket, 1)
        until(lambda: slack.hub.late_acks == 1)

    assert answer["error"] == "operation_timeout"


def test_a_refused_socket_can_be_opened_later(slack: LocalSlack) -> None:
    slack.refuse_sockets()
    with pytest.raises(InvalidStatus), raw_socket(slack):
        pass
    slack.refuse_sockets(on=False)
    with raw_socket(slack) as socket:
        assert frame(socket)["num_connections"] == 1


def test_the_url_of_a_socket_can_be_used_once(slack: LocalSlack) -> None:
    url = str(client_of(slack).apps_connections_open(app_token=slack.app_token)["url"])
    with connect_raw(url, proxy=None, close_timeout=1) as socket:
        frame(socket)
        with pytest.raises(InvalidStatus), connect_raw(url, proxy=None):
            pass


def test_a_permanent_answer_is_returned_until_it_is_switched_off(
    slack: LocalSlack, client: WebClient
) -> None:
    slack.always("auth.test", "internal_error")
    slack.script("auth.test", ["fatal_error"])
    for error in ("fatal_error", "internal_error", "internal_error"):
        with pytest.raises(SlackApiError, match=error):
            client.auth_test()
    assert list(slack.switched_on()["methods"]) == ["auth.test"]
    slack.always("auth.test", None)

    assert client.auth_test()["ok"]


def test_all_faults_can_be_switched_off_together(slack: LocalSlack, client: WebClient) -> None:
    slack.always("auth.test", 500)
    slack.revoke_token()
    slack.refuse_sockets()
    slack.duplicate_next()
    slack.delay_next(60)
    slack.clear_faults()

    assert client.auth_test()["ok"]
    assert slack.switched_on() == {
        "methods": {},
        "refusing_sockets": False,
        "token_revoked": False,
        "rate_limits": True,
    }
    with raw_socket(slack) as socket, ThreadPoolExecutor(1) as beside:
        frame(socket)
        taken = beside.submit(acknowledge, socket, 1)
        assert "error" not in slack.command("viewer", "queue-ops", "/queue", wait=0)
        assert len(taken.result(SECONDS)) == 1


def test_an_app_reconnects_after_failed_attempts_to_open_a_socket(
    slack: LocalSlack, connect: Connect
) -> None:
    app = bolt(slack)
    app.command("/queue")(lambda ack: ack("here"))
    connect(app, looks=0.2)
    slack.script("apps.connections.open", ["internal_error", 500])
    slack.kill_sockets()
    # One first call, two failed calls, and the call that opened the socket again.
    until(lambda: len(slack.calls("apps.connections.open")) >= 4)
    until(lambda: slack.hub.connected == 1)

    assert slack.command("viewer", "queue-ops", "/queue")["replies"][0]["text"] == "here"


def test_a_block_type_unknown_to_the_workspace_is_refused_in_every_message(
    slack: LocalSlack, client: WebClient
) -> None:
    blocks = [chart()]
    client.chat_postMessage(channel="queue-ops", text="x", blocks=blocks)
    slack.refuse_blocks("data_visualization")
    with pytest.raises(SlackApiError) as refused:
        client.chat_postMessage(channel="queue-ops", text="x", blocks=blocks)
    assert refused.value.response["error"] == "invalid_blocks"
    assert "unsupported type: data_visualization" in str(refused.value.response["errors"])
    client.chat_postMessage(channel="queue-ops", text="x", blocks=[{"type": "divider"}])
    slack.clear_faults()
    client.chat_postMessage(channel="queue-ops", text="x", blocks=blocks)
