import http.client
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.localslack.faults import LostAnswer, Reset
from bot.localslack.server import LocalSlack
from tests.kit.slack_apps import refused

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


def test_a_message_is_posted_updated_linked_and_deleted(
    slack: LocalSlack, client: WebClient
) -> None:
    posted = client.chat_postMessage(channel="#queue-alerts", text="failed", blocks=[SECTION])
    channel, ts = str(posted["channel"]), str(posted["ts"])
    assert channel == slack.ids.queue_alerts
    assert posted["message"]["bot_id"] == slack.ids.bot

    changed = client.chat_update(channel=channel, ts=ts, text="retried")
    assert changed["message"]["edited"]["user"] == slack.ids.bot_user
    (message,) = slack.messages("queue-alerts")
    assert message["text"] == "retried"
    assert message["blocks"][0]["type"] == "section", (
        "an update without blocks keeps the old blocks"
    )

    link = client.chat_getPermalink(channel=channel, message_ts=ts)["permalink"]
    assert link == f"{slack.url}archives/{channel}/p{ts.replace('.', '')}"

    client.chat_delete(channel=channel, ts=ts)
    assert slack.messages("queue-alerts") == []
    gone = refused(lambda: client.chat_update(channel=channel, ts=ts, text="again"))
    assert gone["error"] == "message_not_found"


def test_two_messages_of_the_same_moment_have_different_timestamps(client: WebClient) -> None:
    times = {str(client.chat_postMessage(channel="queue-ops", text="x")["ts"]) for _ in range(3)}

    assert len(times) == 3
    assert all(len(ts.partition(".")[2]) == 6 for ts in times)


def test_an_ephemeral_cannot_be_changed_linked_or_deleted(
    slack: LocalSlack, client: WebClient
) -> None:
    posted = client.chat_postEphemeral(
        channel="queue-ops", user=slack.ids.viewer, text="for you alone"
    )
    channel, ts = slack.ids.queue_ops, str(posted["message_ts"])

    def error(call: Callable[[], object]) -> str:
        return str(refused(call)["error"])

    assert "ts" not in posted
    assert (
        error(lambda: client.chat_update(channel=channel, ts=ts, text="x")) == "cant_update_message"
    )
    assert error(lambda: client.chat_delete(channel=channel, ts=ts)) == "cant_delete_message"
    assert (
        error(lambda: client.chat_getPermalink(channel=channel, message_ts=ts))
        == "message_not_found"
    )


def test_a_reply_needs_an_existing_message(slack: LocalSlack, client: WebClient) -> None:
    first = client.chat_postMessage(channel="queue-ops", text="first")
    client.chat_postMessage(channel="queue-ops", text="second", thread_ts=str(first["ts"]))

    assert slack.messages("queue-ops")[1]["thread_ts"] == first["ts"]
    lost = refused(
        lambda: client.chat_postMessage(channel="queue-ops", text="x", thread_ts="1.000001")
    )
    assert lost["error"] == "thread_not_found"


def test_a_direct_message_can_be_posted_to_a_person(slack: LocalSlack, client: WebClient) -> None:
    first = client.chat_postMessage(channel=slack.ids.viewer, text="hello")
    second = client.chat_postMessage(channel=slack.ids.viewer, text="again")

    assert first["channel"] == second["channel"]
    (place,) = slack.state()["direct_messages"]
    assert place == {"id": first["channel"], "user": slack.ids.viewer}
    with pytest.raises(SlackApiError) as caught:
        client.conversations_info(channel=str(first["channel"]))
    assert caught.value.response["needed"] == "im:read"


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "", "text": "x"}, "channel_not_found"),
        ({"channel": "random", "text": "x"}, "not_in_channel"),
        ({"channel": "queue-ops"}, "no_text"),
        ({"channel": "queue-ops", "text": ""}, "no_text"),
        ({"channel": "queue-ops", "text": 7}, "invalid_arguments"),
        ({"channel": "queue-ops", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "queue-ops", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"channel": "queue-ops", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "queue-ops", "attachments": [{"text": "x"}]}, "invalid_attachments"),
    ],
)
def test_a_message_that_slack_would_refuse_is_refused(
    slack: LocalSlack, client: WebClient, args: dict[str, Any], error: str
) -> None:
    assert refused(lambda: client.api_call("chat.postMessage", json=args))["error"] == error
    assert slack.messages("queue-ops") == []


def test_an_archived_channel_refuses_posts(slack: LocalSlack, client: WebClient) -> None:
    channel = slack.workspace.channels[slack.ids.queue_audit]
    slack.workspace.put_channel(replace(channel, is_archived=True))

    posted = refused(lambda: client.chat_postMessage(channel="queue-audit", text="x"))
    assert posted["error"] == "is_archived"
    info = client.conversations_info(channel=channel.id)["channel"]
    assert (info["is_archived"], info["is_member"]) == (True, True)


def test_the_limit_of_an_update_is_lower_than_that_of_a_post(client: WebClient) -> None:
    posted = client.chat_postMessage(channel="queue-ops", text="x" * 4_001)
    channel, ts = str(posted["channel"]), str(posted["ts"])

    too_long = refused(lambda: client.chat_update(channel=channel, ts=ts, text="x" * 4_001))
    assert too_long["error"] == "msg_too_long"
    client.chat_update(channel=channel, ts=ts, text="x" * 4_000)


def test_wrong_blocks_are_refused_with_the_place(client: WebClient) -> None:
    blocks = [SECTION, {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}]
    answer = refused(lambda: client.chat_postMessage(channel="queue-ops", text="x", blocks=blocks))

    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] failed to match all allowed schemas [json-pointer:/blocks/1/text]",
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/1/text/text]",
    ]


def test_an_ephemeral_needs_a_member_of_the_channel(slack: LocalSlack, client: WebClient) -> None:
    channel = slack.workspace.channels[slack.ids.queue_ops]
    slack.workspace.put_channel(replace(channel, members=frozenset({slack.ids.bot_user})))

    def post(user: str) -> str:
        answer = refused(
            lambda: client.chat_postEphemeral(channel="queue-ops", user=user, text="x")
        )
        return str(answer["error"])

    assert post(slack.ids.viewer) == "user_not_in_channel"
    assert post("U07NOBODY001") == "user_not_found"


def test_a_lost_answer_keeps_the_message_and_a_reset_connection_does_not(
    slack: LocalSlack, client: WebClient
) -> None:
    slack.script("chat.postMessage", [LostAnswer(), Reset()])

    for text in ("taken", "not taken"):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            client.chat_postMessage(channel="queue-ops", text=text)

    assert [shown["text"] for shown in slack.messages("queue-ops")] == ["taken"]


def test_metadata_is_stored_and_returned(slack: LocalSlack, client: WebClient) -> None:
    metadata = {"event_type": "job_failed", "event_payload": {"id": 45}}
    form = {
        "token": slack.bot_token,
        "channel": "queue-ops",
        "text": "x",
        "metadata": json.dumps(metadata),
    }
    answer = httpx.post(f"{slack.base_url}chat.postMessage", data=form).json()
    assert answer["message"]["metadata"] == metadata

    newer = {**metadata, "event_type": "job_retried"}
    changed = client.chat_update(
        channel=answer["channel"], ts=answer["ts"], text="y", metadata=newer
    )
    assert changed["message"]["metadata"] == newer
    broken = httpx.post(f"{slack.base_url}chat.postMessage", data={**form, "metadata": "[1]"})
    assert broken.json()["error"] == "invalid_metadata_format"


def test_a_link_to_a_reply_has_the_timestamp_of_its_thread(
    slack: LocalSlack, client: WebClient
) -> None:
    first = str(client.chat_postMessage(channel="queue-ops", text="first")["ts"])
    reply = client.chat_postMessage(channel="queue-ops", text="second", thread_ts=first)
    link = client.chat_getPermalink(channel=slack.ids.queue_ops, message_ts=str(reply["ts"]))

    assert str(link["permalink"]).endswith(f"?thread_ts={first}&cid={slack.ids.queue_ops}")
