from collections.abc import Callable, Iterator

import pytest
from slack_bolt import Ack, App, BoltResponse
from slack_sdk import WebClient

from bot.localslack.blocks.forms import WrongValueError
from bot.localslack.interactivity.people import CannotError
from bot.localslack.interactivity.round_trip import TROUBLE
from bot.localslack.server import LocalSlack
from tests.kit.block_kit import Json, plain
from tests.kit.slack_apps import Connect
from tests.localslack.dialogs import field, modal, open_modal


def test_a_submission_has_the_typed_values_and_its_errors_are_shown_at_the_field(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    payloads: list[Json] = []

    @app.view("plan")
    def check(ack: Ack, body: Json) -> None:
        payloads.append(body)
        typed = body["view"]["state"]["values"]["count"]["typed"]["value"]
        if typed == "147":
            ack()
        else:
            ack(response_action="errors", errors={"count": "Type 147."})

    view_id = open_modal(slack, app, connect, modal(field(), private_metadata="plan 7"))
    wrong = slack.submit("operator", view_id, {"count": {"typed": "14"}}, wait=0)
    assert wrong["errors"] == {"count": "Type 147."}
    assert slack.views("operator")[0]["errors"] == {"count": "Type 147."}

    right = slack.submit("operator", view_id, {"count": {"typed": "147"}}, wait=0)
    assert "errors" not in right
    assert slack.views("operator") == []

    view = payloads[0]["view"]
    assert (view["id"], view["root_view_id"], view["previous_view_id"]) == (view_id, view_id, None)
    assert (view["callback_id"], view["private_metadata"]) == ("plan", "plan 7")
    state = view["state"]["values"]
    assert state == {"count": {"typed": {"type": "plain_text_input", "value": "14"}}}
    assert (payloads[0]["type"], payloads[0]["response_urls"]) == ("view_submission", [])


def test_slack_itself_refuses_an_empty_or_too_short_field(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    view = modal(field(min_length=3), field("note") | {"optional": True})
    view_id = open_modal(slack, app, connect, view)
    acks = len(slack.hub.acks)

    empty = slack.submit("operator", view_id, {}, wait=0)
    short = slack.submit("operator", view_id, {"count": {"typed": "14"}}, wait=0)

    assert list(empty["errors"]) == ["count"]
    assert short["errors"] == {"count": "Please write between 3 and 3000 characters."}
    assert len(slack.hub.acks) == acks, "Slack refuses the value before the app gets the submission"


def test_a_value_for_an_unknown_field_is_an_error(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    view_id = open_modal(slack, app, connect, modal(field()))

    with pytest.raises(WrongValueError, match="does not have"):
        slack.submit("operator", view_id, {"other": {"typed": "1"}})


def test_a_submission_can_update_push_and_clear(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    steps: Iterator[Json] = iter(
        [
            {"response_action": "update", "view": modal(title=plain("Second"))},
            {"response_action": "push", "view": modal(title=plain("Third"))},
            {"response_action": "clear"},
        ]
    )

    @app.view("plan")
    def step(ack: Ack) -> None:
        ack(**next(steps))

    view_id = open_modal(slack, app, connect, modal())
    (updated,) = slack.submit("operator", view_id, {}, wait=0)["views"]
    assert (updated["id"], updated["title"]["text"]) == (view_id, "Second")

    slack.submit("operator", view_id, {}, wait=0)
    below, top = slack.views("operator")
    assert (top["title"]["text"], top["previous_view_id"]) == ("Third", view_id)
    assert top["root_view_id"] == below["id"] == view_id
    with pytest.raises(CannotError, match="no submit"):
        slack.submit("operator", view_id, {})

    slack.submit("operator", top["id"], {}, wait=0)
    assert slack.views("operator") == []


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"somewhere": "else"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
        {"response_action": "close"},
    ],
)
def test_an_invalid_answer_to_a_submission_shows_an_error(
    slack: LocalSlack, app: App, connect: Connect, answer: Json
) -> None:
    @app.middleware
    def answer_as_it_is(body: Json, next_: Callable[[], BoltResponse]) -> BoltResponse:
        if body.get("type") != "view_submission":
            return next_()
        return BoltResponse(status=200, body=answer)

    view_id = open_modal(slack, app, connect, modal(field()))
    result = slack.submit("operator", view_id, {"count": {"typed": "1"}}, wait=0)

    assert result["error"] == "invalid_arguments"
    assert slack.views("operator")[0]["notice"] == TROUBLE


def test_a_typed_value_survives_an_update_of_the_view(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    view_id = open_modal(slack, app, connect, modal(field()))
    slack.click_in_view("operator", view_id, "typed", value="147", wait=0)
    client.views_update(view_id=view_id, view=modal(field(), title=plain("Again")))

    values = slack.views("operator")[0]["state"]["values"]
    assert values["count"]["typed"]["value"] == "147"
