import http.client
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.faults import LostAnswer, Reset, ServerError
from bot.playground.server import LocalSlack
from tests.playground.conftest import client_of

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


def refused(call: Callable[[], object]) -> dict[str, Any]:
    """The whole answer of a call that Slack refuses."""
    with pytest.raises(SlackApiError) as caught:
        call()
    data = caught.value.response.data
    assert isinstance(data, dict)
    return data


def test_auth_test_tells_who_and_where_the_bot_is(slack: LocalSlack, client: WebClient) -> None:
    answer = client.auth_test()

    ids = slack.ids
    assert answer.data == {
        "ok": True,
        "url": slack.url,
        "team": "Queue Playground",
        "user": "queue-bot",
        "team_id": ids.team,
        "user_id": ids.bot_user,
        "bot_id": ids.bot,
        "is_enterprise_install": False,
    }


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({}, "not_authed"),
        ({"headers": {"Authorization": "Bearer xoxb-somebody-else"}}, "invalid_auth"),
        ({"data": {"token": "xoxb-somebody-else"}}, "invalid_auth"),
    ],
)
def test_a_call_needs_a_token_that_slack_knows(
    slack: LocalSlack, sent: dict[str, Any], error: str
) -> None:
    assert httpx.post(f"{slack.base_url}auth.test", **sent).json()["error"] == error


def test_each_method_wants_its_own_kind_of_token(slack: LocalSlack) -> None:
    bot, app = client_of(slack), WebClient(slack.app_token, base_url=slack.base_url)

    assert refused(lambda: bot.apps_connections_open(app_token=slack.bot_token))["error"] == (
        "not_allowed_token_type"
    )
    assert refused(app.auth_test)["error"] == "not_allowed_token_type"


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"channel": "C07QUEUEOPS1"}},
        {"data": {"channel": "C07QUEUEOPS1"}},
        {"params": {"channel": "C07QUEUEOPS1"}},
        {"params": {"channel": "C07QUEUEOPS1"}, "content": b""},
    ],
    ids=["json", "form", "query", "empty body"],
)
def test_arguments_come_as_json_form_query_or_beside_an_empty_body(
    slack: LocalSlack, sent: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    answer = httpx.post(f"{slack.base_url}conversations.info", headers=headers, **sent).json()

    assert answer["channel"]["name"] == "queue-ops"


def test_a_form_carries_blocks_as_text_and_a_token_in_the_body(slack: LocalSlack) -> None:
    form = {
        "token": slack.bot_token,
        "channel": "#queue-ops",
        "blocks": '[{"type": "divider"}]',
    }
    answer = httpx.post(f"{slack.base_url}chat.postMessage", data=form).json()

    assert answer["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(
    ("content", "kind", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"a=1", "text/csv", "invalid_post_type"),
    ],
)
def test_a_broken_body_is_refused(slack: LocalSlack, content: bytes, kind: str, error: str) -> None:
    headers = {"Content-Type": kind, "Authorization": f"Bearer {slack.bot_token}"}
    answer = httpx.post(f"{slack.base_url}chat.postMessage", content=content, headers=headers)

    assert answer.json() == {"ok": False, "error": error}


def test_an_unknown_method_is_named(client: WebClient) -> None:
    answer = refused(lambda: client.api_call("chat.shout"))

    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.shout")


def test_a_message_is_posted_updated_linked_and_deleted(
    slack: LocalSlack, client: WebClient
) -> None:
    posted = client.chat_postMessage(channel="#queue-alerts", text="failed", blocks=[SECTION])
    channel, ts = str(posted["channel"]), str(posted["ts"])
    assert channel == slack.ids.queue_alerts
    assert posted["message"]["bot_id"] == slack.ids.bot

    changed = client.chat_update(channel=channel, ts=ts, text="retried")
    assert changed["message"]["edited"]["user"] == slack.ids.bot_user
    (shown,) = slack.messages("queue-alerts")
    assert shown["text"] == "retried"
    assert shown["blocks"][0]["type"] == "section", "blocks that were not sent stay"

    link = client.chat_getPermalink(channel=channel, message_ts=ts)["permalink"]
    assert link == f"{slack.url}archives/{channel}/p{ts.replace('.', '')}"

    client.chat_delete(channel=channel, ts=ts)
    assert slack.messages("queue-alerts") == []
    gone = refused(lambda: client.chat_update(channel=channel, ts=ts, text="again"))
    assert gone["error"] == "message_not_found"


def test_two_messages_at_one_moment_have_two_times(client: WebClient) -> None:
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


def test_a_reply_goes_under_a_message_that_is_there(slack: LocalSlack, client: WebClient) -> None:
    first = client.chat_postMessage(channel="queue-ops", text="first")
    client.chat_postMessage(channel="queue-ops", text="second", thread_ts=str(first["ts"]))

    assert slack.messages("queue-ops")[1]["thread_ts"] == first["ts"]
    lost = refused(
        lambda: client.chat_postMessage(channel="queue-ops", text="x", thread_ts="1.000001")
    )
    assert lost["error"] == "thread_not_found"


def test_a_person_can_be_written_to(slack: LocalSlack, client: WebClient) -> None:
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
def test_a_message_that_slack_would_not_take_is_refused(
    slack: LocalSlack, client: WebClient, args: dict[str, Any], error: str
) -> None:
    assert refused(lambda: client.api_call("chat.postMessage", json=args))["error"] == error
    assert slack.messages("queue-ops") == []


def test_an_archived_channel_takes_nothing(slack: LocalSlack, client: WebClient) -> None:
    channel = slack.workspace.channels[slack.ids.queue_audit]
    slack.workspace.put_channel(replace(channel, is_archived=True))

    posted = refused(lambda: client.chat_postMessage(channel="queue-audit", text="x"))
    assert posted["error"] == "is_archived"
    info = client.conversations_info(channel=channel.id)["channel"]
    assert (info["is_archived"], info["is_member"]) == (True, True)


def test_an_update_is_shorter_than_a_post(client: WebClient) -> None:
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


def test_an_ephemeral_needs_a_person_of_the_channel(slack: LocalSlack, client: WebClient) -> None:
    channel = slack.workspace.channels[slack.ids.queue_ops]
    slack.workspace.put_channel(replace(channel, members=frozenset({slack.ids.bot_user})))

    def post(user: str) -> str:
        answer = refused(
            lambda: client.chat_postEphemeral(channel="queue-ops", user=user, text="x")
        )
        return str(answer["error"])

    assert post(slack.ids.viewer) == "user_not_in_channel"
    assert post("U07NOBODY001") == "user_not_found"


def test_a_person_is_described_with_what_roles_depend_on(
    slack: LocalSlack, client: WebClient
) -> None:
    user = client.users_info(user=slack.ids.lucia, include_locale=True)["user"]

    assert user["locale"] == "es-ES"
    assert user["team_id"] == slack.ids.team
    flags = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
    assert [user[flag] for flag in flags] == [False] * 5
    assert "locale" not in client.users_info(user=slack.ids.lucia)["user"]
    assert refused(lambda: client.users_info(user="U07NOBODY001"))["error"] == "user_not_found"


def test_user_groups_have_members(slack: LocalSlack, client: WebClient) -> None:
    (group,) = client.usergroups_list(include_users=True)["usergroups"]
    assert (group["id"], group["handle"], group["user_count"]) == (slack.ids.oncall, "oncall", 2)
    assert group["users"] == [slack.ids.operator, slack.ids.lucia]
    assert "users" not in client.usergroups_list()["usergroups"][0]

    members = client.usergroups_users_list(usergroup=slack.ids.oncall)["users"]
    assert members == group["users"]
    missing = refused(lambda: client.usergroups_users_list(usergroup="S07NOTHING01"))
    assert missing["error"] == "no_such_subteam"


def test_a_disabled_group_is_only_shown_on_demand(slack: LocalSlack, client: WebClient) -> None:
    group = slack.workspace.groups[slack.ids.oncall]
    slack.workspace.put_group(replace(group, date_delete=1_700_000_000))

    assert client.usergroups_list()["usergroups"] == []
    assert len(client.usergroups_list(include_disabled=True)["usergroups"]) == 1
    assert client.usergroups_users_list(usergroup=group.id)["users"] == []


def test_scripted_answers_come_in_order_and_then_all_is_normal(
    slack: LocalSlack, client: WebClient
) -> None:
    slack.script("chat.postMessage", ["channel_not_found", 429, 500, ServerError(503, "busy")])

    def post() -> Any:
        return client.chat_postMessage(channel="queue-ops", text="x")

    assert refused(post)["error"] == "channel_not_found"
    with pytest.raises(SlackApiError) as limited:
        post()
    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "30"
    for status in (500, 503):
        with pytest.raises(SlackApiError) as failed:
            post()
        assert failed.value.response.status_code == status
    assert post()["ok"]

    assert len(slack.messages("queue-ops")) == 1, "a refused request has no effect"
    answers = [call.answer.get("error") for call in slack.calls("chat.postMessage")]
    assert answers == ["channel_not_found", "ratelimited", "http_500", "http_503", None]


def test_a_lost_answer_leaves_the_message_and_a_reset_does_not(
    slack: LocalSlack, client: WebClient
) -> None:
    slack.script("chat.postMessage", [LostAnswer(), Reset()])

    for text in ("taken", "not taken"):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            client.chat_postMessage(channel="queue-ops", text=text)

    assert [shown["text"] for shown in slack.messages("queue-ops")] == ["taken"]


def test_a_held_answer_does_not_keep_the_server_from_stopping() -> None:
    with LocalSlack() as slack:
        slack.script("auth.test", [LostAnswer(seconds=60)])
        impatient = WebClient(slack.bot_token, slack.base_url, timeout=1, retry_handlers=[])
        with pytest.raises(TimeoutError):
            impatient.auth_test()


def test_calls_are_remembered_without_their_token(slack: LocalSlack, client: WebClient) -> None:
    client.chat_postMessage(channel="queue-ops", text="x")

    (call,) = slack.calls()
    assert (call.method, call.args) == ("chat.postMessage", {"channel": "queue-ops", "text": "x"})
    assert slack.calls("chat.update") == []


def test_nothing_can_be_asked_of_a_slack_that_does_not_run() -> None:
    with pytest.raises(RuntimeError, match="context manager"):
        LocalSlack().command("operator", "queue-ops", "/queue")


def test_metadata_is_kept_and_handed_back(slack: LocalSlack, client: WebClient) -> None:
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


def test_a_link_to_a_reply_names_its_thread(slack: LocalSlack, client: WebClient) -> None:
    first = str(client.chat_postMessage(channel="queue-ops", text="first")["ts"])
    reply = client.chat_postMessage(channel="queue-ops", text="second", thread_ts=first)
    link = client.chat_getPermalink(channel=slack.ids.queue_ops, message_ts=str(reply["ts"]))

    assert str(link["permalink"]).endswith(f"?thread_ts={first}&cid={slack.ids.queue_ops}")


def test_a_channel_that_is_not_there_is_a_mistake_of_the_test(slack: LocalSlack) -> None:
    with pytest.raises(KeyError):
        slack.messages("nowhere")
    with pytest.raises(TimeoutError, match="did not happen"):
        slack.wait_for(lambda: False, timeout=0.01)


def test_a_form_that_is_no_text_is_refused(slack: LocalSlack) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{slack.base_url}auth.test", content=b"\xff", headers=headers)

    assert answer.json()["error"] == "invalid_form_data"


def test_what_was_scripted_and_not_given_can_be_forgotten(
    slack: LocalSlack, client: WebClient
) -> None:
    slack.script("auth.test", [500])
    slack.faults.clear()

    assert client.auth_test()["ok"]
