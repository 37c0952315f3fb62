from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.localslack.blocks.forms import WrongValueError
from bot.localslack.interactivity.people import CannotError
from bot.localslack.server import LocalSlack
from tests.kit.block_kit import Json, actions, option, plain, select
from tests.kit.clock import Seconds
from tests.kit.slack_apps import Connect
from tests.localslack.dialogs import RETRY, modal, open_modal, posted


def test_a_click_has_the_button_the_message_and_a_response_url(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    bodies: list[Json] = []

    @app.action("run:retry")
    def retry(ack: Ack, body: Json) -> None:
        bodies.append(body)
        ack()

    connect(app)
    ts = posted(slack, client, RETRY)
    slack.click("operator", "queue-alerts", ts, "run:retry", wait=0)

    (body,) = bodies
    ids = slack.ids
    assert body["type"] == "block_actions"
    assert body["user"] == {
        "id": ids.operator,
        "username": "operator",
        "name": "operator",
        "team_id": ids.team,
    }
    assert body["team"] == {"id": ids.team, "domain": "queue-playground"}
    assert body["channel"] == {"id": ids.queue_alerts, "name": "queue-alerts"}
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": ids.queue_alerts,
        "is_ephemeral": False,
    }
    assert (body["message"]["ts"], body["message"]["text"]) == (ts, "failed")
    assert (body["api_app_id"], body["is_enterprise_install"]) == (ids.app, False)
    assert body["response_url"].startswith(f"{slack.url}hooks/actions/")
    (action,) = body["actions"]
    assert action.pop("action_ts") != ts
    assert action == {
        "type": "button",
        "action_id": "run:retry",
        "block_id": body["message"]["blocks"][0]["block_id"],
        "text": {"type": "plain_text", "text": "x", "emoji": True},
        "value": '{"v":1,"ids":[45]}',
        "style": "primary",
    }


def test_only_elements_of_the_message_can_be_clicked(slack: LocalSlack, client: WebClient) -> None:
    ts = posted(slack, client, RETRY)

    with pytest.raises(CannotError, match="no such element"):
        slack.click("operator", "queue-alerts", ts, "run:delete")
    with pytest.raises(CannotError, match="no such element"):
        slack.click("operator", "queue-alerts", ts, "run:retry", block_id="other")
    with pytest.raises(CannotError, match="no such message"):
        slack.click("operator", "queue-ops", ts, "run:retry")


@pytest.mark.parametrize(
    ("element", "choice", "sent"),
    [
        (
            {"type": "overflow", "action_id": "e", "options": [option("details")]},
            "details",
            {"selected_option": "details"},
        ),
        (
            select(action_id="e", options=[option("netsuite")]),
            "netsuite",
            {"selected_option": "netsuite"},
        ),
        (
            {"type": "checkboxes", "action_id": "e", "options": [option("a"), option("b")]},
            ["b"],
            {"selected_options": ["b"]},
        ),
        ({"type": "users_select", "action_id": "e"}, "U1", {"selected_user": "U1"}),
        ({"type": "datepicker", "action_id": "e"}, "2026-10-10", {"selected_date": "2026-10-10"}),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) and "type" in value else "",
)
def test_a_selection_is_sent_in_the_field_of_its_element_type(
    slack: LocalSlack,
    app: App,
    client: WebClient,
    connect: Connect,
    *,
    element: Json,
    choice: Any,
    sent: Json,
) -> None:
    bodies: list[Json] = []

    @app.action("e")
    def remember(ack: Ack, action: Json) -> None:
        bodies.append(action)
        ack()

    connect(app)
    ts = posted(slack, client, actions(element))
    slack.click("operator", "queue-alerts", ts, "e", value=choice, wait=0)

    ((name, value),) = sent.items()
    got = bodies[0][name]
    values = [one["value"] for one in got] if isinstance(got, list) else got
    assert (values["value"] if isinstance(values, dict) else values) == value


def test_an_unknown_option_cannot_be_selected(slack: LocalSlack, client: WebClient) -> None:
    ts = posted(slack, client, actions(select(action_id="e")))

    with pytest.raises(WrongValueError, match="no option"):
        slack.click("operator", "queue-alerts", ts, "e", value="other")


def test_a_click_without_an_ack_is_shown_as_a_failure(slack: LocalSlack, client: WebClient) -> None:
    ts = posted(slack, client, RETRY)
    answer = slack.click("operator", "queue-alerts", ts, "run:retry", wait=0)

    assert answer["error"] == "dispatch_failed"
    assert answer["replies"][0]["user"] == "USLACKBOT"


def test_a_trigger_opens_one_modal_within_three_seconds(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect, clock: Seconds
) -> None:
    triggers: list[str] = []

    @app.command("/queue")
    def remember(ack: Ack, body: Json) -> None:
        triggers.append(body["trigger_id"])
        ack()

    def open_with(trigger: str) -> str:
        try:
            return str(client.views_open(trigger_id=trigger, view=modal())["ok"])
        except SlackApiError as refusal:
            return str(refusal.response["error"])

    connect(app)
    for _ in range(2):
        slack.command("operator", "queue-ops", "/queue", wait=0)
    clock.now += 3.0
    assert open_with(triggers[0]) == "True"
    assert open_with(triggers[0]) == "exchanged_trigger_id"
    clock.now += 0.1
    assert open_with(triggers[1]) == "expired_trigger_id"
    assert open_with("12345.98765.abcd2358fdea") == "invalid_trigger_id"


def test_home_is_published_on_opening_and_can_be_clicked(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    events: list[Json] = []
    clicks: list[Json] = []

    @app.event("app_home_opened")
    def publish(event: Json, client: WebClient) -> None:
        events.append(event)
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [RETRY]})

    @app.action("run:retry")
    def retry(ack: Ack, body: Json) -> None:
        clicks.append(body)
        ack()

    connect(app)
    (view,) = slack.open_home("operator")["views"]
    assert view["type"] == "home"
    assert "view" not in events[0]
    slack.click_in_view("operator", view["id"], "run:retry", wait=0)
    slack.open_home("operator")

    assert clicks[0]["container"] == {"type": "view", "view_id": view["id"]}
    assert "channel" not in clicks[0]
    assert "response_url" not in clicks[0]
    assert events[1]["view"]["id"] == view["id"]
    home = slack.home("operator")
    assert home is not None
    assert home["id"] == view["id"], "a second publish does not change the id of Home"
    assert home["hash"] != view["hash"]


def test_several_options_of_a_multi_select_can_be_selected(
    slack: LocalSlack, client: WebClient
) -> None:
    boxes = {"type": "checkboxes", "action_id": "e", "options": [option("a")]}
    ts = posted(slack, client, actions(boxes))

    with pytest.raises(WrongValueError, match="a list"):
        slack.click("operator", "queue-alerts", ts, "e", value="a")


def test_an_option_in_an_option_group_can_be_selected(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    groups = [{"label": plain("queues"), "options": [option("netsuite")]}]
    menu = {"type": "static_select", "action_id": "typed", "option_groups": groups}
    block = {"type": "input", "block_id": "queue", "label": plain(), "element": menu}
    view_id = open_modal(slack, app, connect, modal(block))
    slack.click_in_view("operator", view_id, "typed", value="netsuite", wait=0)

    values = slack.views("operator")[0]["state"]["values"]
    assert values["queue"]["typed"]["selected_option"]["value"] == "netsuite"
