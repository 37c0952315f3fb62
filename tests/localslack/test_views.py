from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.localslack.interactivity.people import CannotError
from bot.localslack.server import LocalSlack
from tests.kit.block_kit import Json, actions, button, mrkdwn, plain, section
from tests.kit.slack_apps import Connect
from tests.localslack.dialogs import field, modal, open_modal


def test_no_more_than_three_modals_can_be_stacked(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    refusals: list[str] = []

    @app.action("deeper")
    def deeper(ack: Ack, client: WebClient, body: Json) -> None:
        try:
            client.views_push(trigger_id=body["trigger_id"], view=deep)
        except SlackApiError as refusal:
            refusals.append(refusal.response["error"])
        ack()

    deep = modal(actions(button(action_id="deeper")))
    view_id = open_modal(slack, app, connect, deep)
    for _ in range(3):
        top = slack.views("operator")[-1]["id"]
        slack.click_in_view("operator", top, "deeper", wait=0)

    assert len(slack.views("operator")) == 3
    assert refusals == ["push_limit_reached"]
    assert slack.views("operator")[0]["id"] == view_id


def test_a_view_can_be_updated_only_with_the_hash_of_its_newest_state(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    view_id = open_modal(slack, app, connect, modal(field(), external_id="mine"))
    hash_ = slack.views("operator")[0]["hash"]
    client.views_update(view_id=view_id, hash=hash_, view=modal(title=plain("Ready")))

    def error(**args: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            client.views_update(view=modal(), **args)
        return str(caught.value.response["error"])

    assert slack.views("operator")[0]["title"]["text"] == "Ready"
    assert error(view_id=view_id, hash=hash_) == "hash_conflict"
    assert error(view_id="V07NOTHING01") == "not_found"
    slack.close_view("operator", view_id)
    assert error(view_id=view_id) == "not_found"


def test_a_closed_modal_is_sent_to_the_app_if_it_requested_so(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    closed: list[Json] = []

    @app.view_closed("plan")
    def remember(ack: Ack, body: Json) -> None:
        closed.append(body)
        ack()

    view_id = open_modal(slack, app, connect, modal(notify_on_close=True))
    slack.close_view("operator", view_id)

    assert slack.views("operator") == []
    assert closed[0]["view"]["id"] == view_id
    assert closed[0]["is_cleared"] is False


def test_a_reload_loses_the_modals_without_an_event(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    closed: list[Json] = []

    @app.view_closed("plan")
    def remember(ack: Ack, body: Json) -> None:
        closed.append(body)
        ack()

    view_id = open_modal(slack, app, connect, modal(notify_on_close=True))
    slack.leave("viewer")
    assert len(slack.views("operator")) == 1
    slack.leave("operator")
    slack.leave("operator")

    assert slack.views("operator") == []
    with pytest.raises(SlackApiError, match="not_found"):
        client.views_update(view_id=view_id, view=modal())
    with pytest.raises(CannotError):
        slack.submit("operator", view_id, {})
    # Slack announces the close of the next modal, but not that of the lost one.
    (view,) = slack.command("operator", "queue-ops", "/queue retry-all", wait=0)["views"]
    slack.close_view("operator", view["id"])
    assert [body["view"]["id"] for body in closed] == [view["id"]]


def test_closing_every_modal_sends_is_cleared(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    closed: list[bool] = []

    @app.view_closed("plan")
    def remember(ack: Ack, body: Json) -> None:
        closed.append(body["is_cleared"])
        ack()

    @app.view("plan")
    def push(ack: Ack) -> None:
        ack(response_action="push", view=modal(notify_on_close=True))

    view_id = open_modal(slack, app, connect, modal(notify_on_close=True))
    slack.submit("operator", view_id, {}, wait=0)
    slack.close_view("operator", slack.views("operator")[-1]["id"], everything=True)

    assert closed == [True, True]
    assert slack.views("operator") == []


def test_a_view_can_be_used_only_by_its_person(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    view_id = open_modal(slack, app, connect, modal())

    with pytest.raises(CannotError, match="no such view"):
        slack.submit("viewer", view_id, {})
    assert slack.views("viewer") == []


def test_home_can_be_published_only_with_the_hash_of_its_newest_state(
    slack: LocalSlack, client: WebClient
) -> None:
    view: Json = {"type": "home", "blocks": []}
    first = client.views_publish(user_id=slack.ids.viewer, view=view)["view"]
    client.views_publish(user_id=slack.ids.viewer, view=view, hash=first["hash"])

    def error(**args: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            client.views_publish(**args)
        return str(caught.value.response["error"])

    mine = slack.ids.viewer
    assert error(user_id=mine, view=view, hash=first["hash"]) == "hash_conflict"
    assert error(user_id=mine, view=view, hash="") == "hash_conflict"
    assert error(user_id="U07NOBODY001", view=view) == "user_not_found"
    assert error(user_id=mine, view=modal()) == "invalid_arguments"


def test_a_view_above_250_kilobytes_is_refused(slack: LocalSlack, client: WebClient) -> None:
    blocks = [section(text=mrkdwn("é" * 3000))] * 50
    with pytest.raises(SlackApiError) as caught:
        client.views_publish(user_id=slack.ids.viewer, view={"type": "home", "blocks": blocks})

    assert caught.value.response["error"] == "view_too_large"


def test_a_view_is_found_by_its_external_id(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    triggers: list[str] = []

    @app.action("more")
    def remember(ack: Ack, body: Json) -> None:
        triggers.append(body["trigger_id"])
        ack()

    named = modal(actions(button(action_id="more")), external_id="plan-7")
    view_id = open_modal(slack, app, connect, named)
    client.views_update(external_id="plan-7", view={**named, "title": plain("Found")})
    assert slack.views("operator")[0]["title"]["text"] == "Found"

    slack.click_in_view("operator", view_id, "more", wait=0)
    with pytest.raises(SlackApiError, match="duplicate_external_id"):
        client.views_push(trigger_id=triggers[0], view=named)


def test_no_view_can_be_pushed_onto_a_closed_modal(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    triggers: list[str] = []

    @app.action("more")
    def remember(ack: Ack, body: Json) -> None:
        triggers.append(body["trigger_id"])
        ack()

    view_id = open_modal(slack, app, connect, modal(actions(button(action_id="more"))))
    slack.click_in_view("operator", view_id, "more", wait=0)
    slack.close_view("operator", view_id)

    with pytest.raises(SlackApiError, match="not_found"):
        client.views_push(trigger_id=triggers[0], view=modal())


def test_a_call_without_a_view_names_the_missing_field(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.api_call("views.open", json={"trigger_id": "1.2.3"})

    assert caught.value.response["error"] == "invalid_arguments"
    assert "missing required field: view" in str(caught.value.response["response_metadata"])
