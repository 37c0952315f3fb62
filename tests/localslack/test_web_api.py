from dataclasses import replace
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.localslack.faults import LostAnswer, ServerError
from bot.localslack.server import LocalSlack
from tests.kit.slack_apps import client_of, refused

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


def test_auth_test_returns_the_bot_and_its_workspace(slack: LocalSlack, client: WebClient) -> None:
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
def test_a_call_needs_a_known_token(slack: LocalSlack, sent: dict[str, Any], error: str) -> None:
    assert httpx.post(f"{slack.base_url}auth.test", **sent).json()["error"] == error


def test_each_method_requires_its_type_of_token(slack: LocalSlack) -> None:
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
def test_arguments_are_accepted_as_json_form_or_query(
    slack: LocalSlack, sent: dict[str, Any]
) -> None:
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    answer = httpx.post(f"{slack.base_url}conversations.info", headers=headers, **sent).json()

    assert answer["channel"]["name"] == "queue-ops"


def test_a_form_has_blocks_as_text_and_a_token_in_the_body(slack: LocalSlack) -> None:
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


def test_an_unknown_method_is_refused_by_name(client: WebClient) -> None:
    answer = refused(lambda: client.api_call("chat.shout"))

    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.shout")


def test_a_person_has_the_fields_that_roles_depend_on(slack: LocalSlack, client: WebClient) -> None:
    user = client.users_info(user=slack.ids.lucia, include_locale=True)["user"]

    assert user["locale"] == "es-ES"
    assert user["team_id"] == slack.ids.team
    flags = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
    assert [user[flag] for flag in flags] == [False] * 5
    assert "locale" not in client.users_info(user=slack.ids.lucia)["user"]
    assert refused(lambda: client.users_info(user="U07NOBODY001"))["error"] == "user_not_found"


def test_the_members_of_a_user_group_are_listed(slack: LocalSlack, client: WebClient) -> None:
    (group,) = client.usergroups_list(include_users=True)["usergroups"]
    assert (group["id"], group["handle"], group["user_count"]) == (slack.ids.oncall, "oncall", 2)
    assert group["users"] == [slack.ids.operator, slack.ids.lucia]
    assert "users" not in client.usergroups_list()["usergroups"][0]

    members = client.usergroups_users_list(usergroup=slack.ids.oncall)["users"]
    assert members == group["users"]
    missing = refused(lambda: client.usergroups_users_list(usergroup="S07NOTHING01"))
    assert missing["error"] == "no_such_subteam"


def test_a_disabled_group_is_listed_only_on_request(slack: LocalSlack, client: WebClient) -> None:
    group = slack.workspace.groups[slack.ids.oncall]
    slack.workspace.put_group(replace(group, date_delete=1_700_000_000))

    assert client.usergroups_list()["usergroups"] == []
    assert len(client.usergroups_list(include_disabled=True)["usergroups"]) == 1
    assert client.usergroups_users_list(usergroup=group.id)["users"] == []


def test_scripted_answers_are_returned_in_order_before_normal_answers(
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


def test_a_delayed_answer_does_not_prevent_the_stop_of_the_server() -> None:
    with LocalSlack() as slack:
        slack.script("auth.test", [LostAnswer(seconds=60)])
        impatient = WebClient(slack.bot_token, slack.base_url, timeout=1, retry_handlers=[])
        with pytest.raises(TimeoutError):
            impatient.auth_test()


def test_calls_are_recorded_without_their_token(slack: LocalSlack, client: WebClient) -> None:
    client.chat_postMessage(channel="queue-ops", text="x")

    (call,) = slack.calls()
    assert (call.method, call.args) == ("chat.postMessage", {"channel": "queue-ops", "text": "x"})
    assert slack.calls("chat.update") == []


def test_a_command_to_a_local_slack_that_is_not_started_fails() -> None:
    with pytest.raises(RuntimeError, match="context manager"):
        LocalSlack().command("operator", "queue-ops", "/queue")


def test_an_unknown_channel_in_a_test_is_an_error(slack: LocalSlack) -> None:
    with pytest.raises(KeyError):
        slack.messages("nowhere")
    with pytest.raises(TimeoutError, match="was not met"):
        slack.wait_for(lambda: False, timeout=0.01)


def test_a_form_that_is_no_text_is_refused(slack: LocalSlack) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{slack.base_url}auth.test", content=b"\xff", headers=headers)

    assert answer.json()["error"] == "invalid_form_data"


def test_unused_scripted_answers_can_be_cleared(slack: LocalSlack, client: WebClient) -> None:
    slack.script("auth.test", [500])
    slack.faults.clear()

    assert client.auth_test()["ok"]
