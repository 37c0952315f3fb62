import re
from typing import Any

import pytest

from tests.localslack.conformance.target import Answer, Target, rule

METHODS = "reference/methods/"


@rule("apis/web-api#authentication")
def test_a_call_without_a_token_is_not_authed(target: Target) -> None:
    assert target.call("auth.test", token="").error == "not_authed"


@rule("apis/web-api#authentication")
def test_an_unknown_token_is_refused(target: Target) -> None:
    assert target.call("auth.test", token="xoxb-1-1-nobody").error == "invalid_auth"


@rule("apis/web-api#responses")
def test_an_unknown_method_is_refused(target: Target) -> None:
    assert target.call("queues.list").error == "unknown_method"


@rule("apis/web-api#responses")
def test_a_refusal_has_status_200_and_says_ok_false(target: Target) -> None:
    answer = target.call("chat.postMessage", channel="C00000000", text="x")

    assert (answer.status, answer.body["ok"]) == (200, False)


@rule(METHODS + "auth.test")
def test_auth_test_returns_the_owner_of_a_token(target: Target) -> None:
    answer = target.call("auth.test").body

    assert {"url", "team", "user", "team_id", "user_id", "bot_id"} <= answer.keys()
    assert answer["url"].endswith("/")


@rule("apis/events-api/using-socket-mode")
def test_a_socket_can_be_opened_only_with_the_app_token(target: Target) -> None:
    assert target.call("apps.connections.open").error == "not_allowed_token_type"
    opened = target.call("apps.connections.open", token=target.app_token)
    assert opened.body["url"].startswith(("ws://", "wss://"))


@rule("authentication/installing-with-oauth")
def test_an_answer_lists_the_scopes_of_the_token(target: Target) -> None:
    assert "chat:write" in target.call("auth.test").headers["x-oauth-scopes"]


@pytest.mark.parametrize("channel", ["C00000000", "nowhere-at-all"])
@rule(METHODS + "chat.postMessage")
def test_an_unknown_channel_is_refused_as_not_found(target: Target, channel: str) -> None:
    answer = target.call("chat.postMessage", channel=channel, text="x")

    assert answer.error == "channel_not_found"


@rule(METHODS + "chat.postMessage")
def test_a_post_in_a_channel_without_membership_is_refused(target: Target) -> None:
    answer = target.call("chat.postMessage", channel=target.other_channel, text="x")

    assert answer.error == "not_in_channel"


@rule(METHODS + "chat.postMessage")
def test_an_empty_message_is_refused(target: Target) -> None:
    assert target.call("chat.postMessage", channel=target.channel).error == "no_text"


def posted(target: Target, **arguments: Any) -> Answer:
    """Post a message, which stays in the channel until the test deletes it."""
    arguments = {"channel": target.channel, "text": "conformance", **arguments}
    answer = target.call("chat.postMessage", **arguments)
    assert answer.error is None
    return answer


@rule(METHODS + "chat.postMessage")
def test_the_answer_to_a_post_has_channel_ts_and_message(target: Target) -> None:
    answer = posted(target).body

    assert answer["channel"] == target.channel
    assert re.fullmatch(r"\d{10}\.\d{6}", answer["ts"])
    assert answer["message"]["text"] == "conformance"
    assert target.call("chat.delete", channel=target.channel, ts=answer["ts"]).error is None


@rule(METHODS + "chat.update")
def test_a_message_can_be_edited_until_it_is_deleted(target: Target) -> None:
    ts = posted(target).body["ts"]
    changed = target.call("chat.update", channel=target.channel, ts=ts, text="changed")
    deleted = target.call("chat.delete", channel=target.channel, ts=ts)
    again = target.call("chat.update", channel=target.channel, ts=ts, text="again")
    twice = target.call("chat.delete", channel=target.channel, ts=ts)

    assert (changed.error, changed.body["text"]) == (None, "changed")
    assert (deleted.error, again.error, twice.error) == (
        None,
        "message_not_found",
        "message_not_found",
    )


@rule(METHODS + "chat.postMessage")
def test_a_reply_is_in_the_thread_of_its_message(target: Target) -> None:
    ts = posted(target).body["ts"]
    reply = posted(target, thread_ts=ts).body

    assert reply["message"]["thread_ts"] == ts
    for one in (reply["ts"], ts):
        target.call("chat.delete", channel=target.channel, ts=one)


@rule(METHODS + "chat.getPermalink")
def test_a_permalink_is_made_of_url_channel_and_ts(target: Target) -> None:
    ts = posted(target).body["ts"]
    answer = target.read("chat.getPermalink", channel=target.channel, message_ts=ts)
    url = target.call("auth.test").body["url"]

    assert answer.body["permalink"] == f"{url}archives/{target.channel}/p{ts.replace('.', '')}"
    target.call("chat.delete", channel=target.channel, ts=ts)


@rule(METHODS + "chat.postEphemeral")
def test_an_ephemeral_message_cannot_be_edited(target: Target) -> None:
    arguments = {"channel": target.channel, "user": target.user, "text": "conformance"}
    sent = target.call("chat.postEphemeral", **arguments)
    changed = target.call(
        "chat.update", channel=target.channel, ts=sent.body["message_ts"], text="x"
    )

    assert sent.error is None
    # Only a real workspace can show which code is right: docs/real-workspace.md.
    assert changed.error in {"message_not_found", "cant_update_message"}


@rule(METHODS + "users.info")
def test_the_locale_of_a_person_is_returned_only_on_request(target: Target) -> None:
    plain = target.read("users.info", user=target.user).body["user"]
    asked = target.read("users.info", user=target.user, include_locale="true").body["user"]

    assert "locale" not in plain
    assert re.fullmatch(r"[a-z]{2}-[A-Z]{2,3}", asked["locale"])
    assert {"is_bot", "is_restricted", "is_ultra_restricted", "deleted", "tz"} <= plain.keys()


@rule(METHODS + "bots.info")
def test_the_bot_of_a_token_names_its_app(target: Target) -> None:
    bot = target.call("auth.test").body["bot_id"]
    answer = target.call("bots.info", bot=bot).body["bot"]

    assert re.fullmatch("A[A-Z0-9]+", answer["app_id"])
    assert target.call("bots.info", bot="B00000000").error == "bot_not_found"


@rule(METHODS + "users.info")
def test_an_unknown_person_is_refused_as_not_found(target: Target) -> None:
    assert target.read("users.info", user="U00000000").error == "user_not_found"


@rule(METHODS + "usergroups.users.list")
def test_the_members_of_a_known_group_are_listed_and_an_unknown_group_is_refused(
    target: Target,
) -> None:
    if not target.group:
        pytest.skip("user groups are on paid plans only")
    listed = target.read("usergroups.users.list", usergroup=target.group)
    absent = target.read("usergroups.users.list", usergroup="S00000000")

    assert listed.body["users"]
    assert absent.error == "no_such_subteam"


@rule(METHODS + "views.open")
def test_an_unknown_trigger_opens_no_view(target: Target) -> None:
    title = {"type": "plain_text", "text": "x"}
    view = {"type": "modal", "title": title, "blocks": []}
    answer = target.call("views.open", trigger_id="1.2.abc", view=view)

    assert answer.error == "invalid_trigger_id"


@rule(METHODS + "views.publish")
def test_an_older_hash_does_not_replace_a_newer_home(target: Target) -> None:
    view = {"type": "home", "blocks": [{"type": "divider"}]}
    first = target.call("views.publish", user_id=target.user, view=view).body["view"]
    second = target.call("views.publish", user_id=target.user, view=view, hash=first["hash"])
    stale = target.call("views.publish", user_id=target.user, view=view, hash=first["hash"])

    assert second.error is None
    assert second.body["view"]["id"] == first["id"]
    assert stale.error == "hash_conflict"
