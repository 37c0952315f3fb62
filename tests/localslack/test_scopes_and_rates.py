from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.localslack.demo import QUEUE_BOT
from bot.localslack.server import LocalSlack
from bot.localslack.web_api import chat_methods, methods
from bot.localslack.web_api.rates import IN_A_CHANNEL, TIER_2, TIER_3, Rate, Rates, TooMany
from bot.localslack.workspace import Channel
from tests.kit.clock import Seconds
from tests.kit.scopes import SCOPES
from tests.kit.slack_apps import client_of


def refusal(call: Any) -> Any:
    """Return Slack's answer to a refused call."""
    with pytest.raises(SlackApiError) as caught:
        call()
    return caught.value.response


def without(*scopes: str) -> LocalSlack:
    """Return a local Slack whose app lacks these scopes."""
    return LocalSlack(manifest=replace(QUEUE_BOT, scopes=QUEUE_BOT.scopes - {*scopes}))


@pytest.mark.parametrize(
    ("scope", "method", "arguments"),
    [
        ("chat:write", "chat.postMessage", {"channel": "queue-ops", "text": "x"}),
        ("chat:write", "chat.postEphemeral", {"channel": "queue-ops", "user": "U", "text": "x"}),
        ("chat:write", "chat.update", {"channel": "queue-ops", "ts": "1", "text": "x"}),
        ("chat:write", "chat.delete", {"channel": "queue-ops", "ts": "1"}),
        ("users:read", "users.info", {"user": LocalSlack.ids.viewer}),
        ("users:read", "bots.info", {"bot": LocalSlack.ids.bot}),
        ("channels:read", "conversations.info", {"channel": LocalSlack.ids.queue_ops}),
        ("usergroups:read", "usergroups.list", {}),
        ("usergroups:read", "usergroups.users.list", {"usergroup": LocalSlack.ids.oncall}),
    ],
)
def test_a_method_requires_its_scope(scope: str, method: str, arguments: dict[str, str]) -> None:
    with without(scope) as slack:
        answer = refusal(lambda: client_of(slack).api_call(method, params=arguments))

    assert answer["error"] == "missing_scope"
    assert answer["needed"] == scope
    assert answer["provided"] == ",".join(sorted(QUEUE_BOT.scopes - {scope}))


def test_a_private_channel_requires_groups_read_and_an_invitation() -> None:
    with without("groups:read") as slack:
        inside = Channel("C0PRIVATE001", "inside", frozenset({slack.ids.bot_user}), is_private=True)
        outside = replace(inside, id="C0PRIVATE002", name="outside", members=frozenset())
        slack.workspace.put_channel(inside)
        slack.workspace.put_channel(outside)
        client = client_of(slack)

        error = refusal(lambda: client.conversations_info(channel=inside.id))
        hidden = refusal(lambda: client.conversations_info(channel=outside.id))
        posted = refusal(lambda: client.chat_postMessage(channel=outside.id, text="x"))

    assert (error["error"], error["needed"]) == ("missing_scope", "groups:read")
    assert (hidden["error"], posted["error"]) == ("channel_not_found", "channel_not_found")


def test_answers_list_the_scopes_of_the_token_and_of_the_method(
    client: WebClient,
) -> None:
    headers = client.usergroups_list().headers

    assert headers["x-oauth-scopes"] == ",".join(sorted(QUEUE_BOT.scopes))
    assert headers["x-accepted-oauth-scopes"] == "usergroups:read"


def test_chat_write_public_replaces_membership_in_a_public_channel() -> None:
    public = replace(QUEUE_BOT, scopes=QUEUE_BOT.scopes | {"chat:write.public"})
    with LocalSlack(manifest=public) as slack:
        assert client_of(slack).chat_postMessage(channel="random", text="x")["ok"]


def test_the_scopes_of_the_methods_equal_those_of_the_manifest_test() -> None:
    own = {name: frozenset(entry.scopes) for name, entry in methods.METHODS.items()}

    # conversations.info needs one of two scopes, depending on the channel.
    assert own | {"conversations.info": SCOPES["conversations.info"]} == SCOPES
    assert set(chat_methods.METHODS) <= set(methods.METHODS)


def test_a_revoked_token_is_refused_until_it_is_restored(
    slack: LocalSlack, client: WebClient
) -> None:
    slack.revoke_token()
    revoked = refusal(client.auth_test)["error"]
    slack.restore_tokens()

    assert revoked == "token_revoked"
    assert client.auth_test()["ok"]


def test_a_channel_accepts_a_small_burst_and_then_one_message_a_second(
    slack: LocalSlack, client: WebClient, clock: Seconds
) -> None:
    def post(channel: str = "queue-ops") -> Any:
        return client.chat_postMessage(channel=channel, text="x")

    for _ in range(IN_A_CHANNEL.burst):
        post()
    first = refusal(post)
    assert (first.status_code, first["error"]) == (429, "ratelimited")
    assert first.headers["retry-after"] == "1"
    assert post("queue-alerts")["ok"], "another channel has its own burst"
    clock.now += 1
    assert post()["ok"]
    assert refusal(post).status_code == 429
    assert len(slack.messages("queue-ops")) == IN_A_CHANNEL.burst + 1


def test_a_method_of_tier_2_accepts_20_calls_a_minute(
    slack: LocalSlack, client: WebClient, clock: Seconds
) -> None:
    for _ in range(TIER_2.burst):
        client.usergroups_list()
    limited = refusal(client.usergroups_list)

    assert limited.status_code == 429
    assert limited.headers["retry-after"] == "3"
    assert client.usergroups_users_list(usergroup=slack.ids.oncall)["ok"], (
        "each method has its own rate"
    )
    clock.now += 3
    assert client.usergroups_list()["ok"]


def test_limits_can_be_switched_off(slack: LocalSlack, client: WebClient) -> None:
    slack.limit_rates(on=False)

    assert all(client.usergroups_list()["ok"] for _ in range(TIER_2.burst + 1))


@pytest.mark.parametrize("rate", [TIER_2, TIER_3, IN_A_CHANNEL])
def test_the_burst_of_a_rate_is_full_after_a_rest_and_never_larger(rate: Rate) -> None:
    clock = Seconds()
    rates = Rates(clock)

    def taken() -> int:
        for count in range(1_000):
            try:
                rates.take("x", rate)
            except TooMany:
                return count
        return 1_000

    assert taken() == rate.burst
    clock.now += 60 * 60
    assert taken() == rate.burst
    clock.now -= 60  # a wall clock may go back
    assert taken() == 0
