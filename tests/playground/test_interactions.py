from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from slack_bolt import Ack, App, BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.forms import WrongValueError
from bot.playground.people import TROUBLE, CannotError
from bot.playground.server import LocalSlack
from tests.playground.conftest import Clock, Connect
from tests.playground.kit import (
    Json,
    actions,
    button,
    entry,
    mrkdwn,
    option,
    plain,
    section,
    select,
)

RETRY = actions(button(action_id="run:retry", value='{"v":1,"ids":[45]}', style="primary"))


def modal(*blocks: Json, **changes: Any) -> Json:
    """A modal with a submit button."""
    return {
        "type": "modal",
        "title": plain("Retry all"),
        "submit": plain("Retry"),
        "callback_id": "plan",
        "blocks": list(blocks) or [section(text=mrkdwn())],
        **changes,
    }


def field(block_id: str = "count", **changes: Any) -> Json:
    """An input block to type into."""
    return {**entry(action_id="typed", **changes), "block_id": block_id}


def posted(slack: LocalSlack, client: WebClient, *blocks: Json) -> str:
    """The time of a message with these blocks in #queue-alerts."""
    answer = client.chat_postMessage(channel=slack.ids.queue_alerts, text="failed", blocks=blocks)
    return str(answer["ts"])


def open_modal(slack: LocalSlack, app: App, connect: Connect, view: Json) -> str:
    """The id of a modal that /queue opened for the operator."""

    @app.command("/queue")
    def show(ack: Ack, client: WebClient, body: Json) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=view)
        ack()

    connect(app)
    (opened,) = slack.command("operator", "queue-ops", "/queue retry-all", wait=0)["views"]
    return str(opened["id"])


def test_a_click_carries_the_button_the_message_and_ways_to_answer(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    seen: list[Json] = []

    @app.action("run:retry")
    def retry(ack: Ack, body: Json) -> None:
        seen.append(body)
        ack()

    connect(app)
    ts = posted(slack, client, RETRY)
    slack.click("operator", "queue-alerts", ts, "run:retry", wait=0)

    (body,) = seen
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


def test_a_click_is_answered_beside_the_message_or_in_its_place(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    @app.action("run:retry")
    def retry(ack: Ack, respond: Respond) -> None:
        ack()
        respond(text="job 45 was retried", replace_original=True)
        respond(text="done, by you", replace_original=False)

    connect(app)
    ts = posted(slack, client, RETRY)
    answer = slack.click("operator", "queue-alerts", ts, "run:retry")
    slack.wait_for(lambda: len(slack.messages("queue-alerts")) == 2)

    replaced, told = slack.messages("queue-alerts")
    assert (replaced["ts"], replaced["text"], replaced["blocks"]) == (ts, "job 45 was retried", [])
    assert replaced["edited"]
    assert (told["text"], told["ephemeral_to"]) == ("done, by you", slack.ids.operator)
    assert answer["replies"][0]["ts"] == ts


def test_an_ephemeral_is_clicked_by_its_person_only_and_deleted_through_its_response_url(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    bodies: list[Json] = []

    @app.command("/queue")
    def show(ack: Ack) -> None:
        ack(text="failed jobs", blocks=[RETRY])

    @app.action("run:retry")
    def retry(ack: Ack, body: Json, respond: Respond) -> None:
        bodies.append(body)
        respond(delete_original=True)
        ack()

    connect(app)
    (reply,) = slack.command("operator", "queue-ops", "/queue failed")["replies"]

    with pytest.raises(CannotError, match="no such message"):
        slack.click("viewer", "queue-ops", reply["ts"], "run:retry")
    slack.click("operator", "queue-ops", reply["ts"], "run:retry", wait=0)

    assert slack.messages("queue-ops") == []
    assert bodies[0]["container"]["is_ephemeral"] is True
    assert "message" not in bodies[0], "Slack keeps no ephemeral message to send along"


def test_only_what_is_on_the_message_can_be_clicked(slack: LocalSlack, client: WebClient) -> None:
    ts = posted(slack, client, RETRY)

    with pytest.raises(CannotError, match="no such element"):
        slack.click("operator", "queue-alerts", ts, "run:delete")
    with pytest.raises(CannotError, match="no such element"):
        slack.click("operator", "queue-alerts", ts, "run:retry", block_id="other")
    with pytest.raises(CannotError, match="no such message"):
        slack.click("operator", "queue-ops", ts, "run:retry")


@pytest.mark.parametrize(
    ("element", "chosen", "sent"),
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
def test_a_choice_is_sent_in_the_field_of_its_kind(
    slack: LocalSlack,
    app: App,
    client: WebClient,
    connect: Connect,
    *,
    element: Json,
    chosen: Any,
    sent: Json,
) -> None:
    seen: list[Json] = []

    @app.action("e")
    def remember(ack: Ack, action: Json) -> None:
        seen.append(action)
        ack()

    connect(app)
    ts = posted(slack, client, actions(element))
    slack.click("operator", "queue-alerts", ts, "e", chosen=chosen, wait=0)

    ((name, value),) = sent.items()
    got = seen[0][name]
    values = [one["value"] for one in got] if isinstance(got, list) else got
    assert (values["value"] if isinstance(values, dict) else values) == value


def test_an_option_that_is_not_there_cannot_be_chosen(slack: LocalSlack, client: WebClient) -> None:
    ts = posted(slack, client, actions(select(action_id="e")))

    with pytest.raises(WrongValueError, match="no option"):
        slack.click("operator", "queue-alerts", ts, "e", chosen="other")


def test_a_click_without_an_ack_is_seen_as_a_failure(slack: LocalSlack, client: WebClient) -> None:
    ts = posted(slack, client, RETRY)
    answer = slack.click("operator", "queue-alerts", ts, "run:retry", wait=0)

    assert answer["error"] == "dispatch_failed"
    assert answer["replies"][0]["user"] == "USLACKBOT"


def test_a_trigger_opens_one_modal_within_three_seconds(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect, clock: Clock
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


def test_a_submission_carries_what_was_typed_and_its_errors_are_shown_at_the_field(
    slack: LocalSlack, app: App, connect: Connect
) -> None:
    seen: list[Json] = []

    @app.view("plan")
    def check(ack: Ack, body: Json) -> None:
        seen.append(body)
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

    view = seen[0]["view"]
    assert (view["id"], view["root_view_id"], view["previous_view_id"]) == (view_id, view_id, None)
    assert (view["callback_id"], view["private_metadata"]) == ("plan", "plan 7")
    state = view["state"]["values"]
    assert state == {"count": {"typed": {"type": "plain_text_input", "value": "14"}}}
    assert (seen[0]["type"], seen[0]["response_urls"]) == ("view_submission", [])


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
    assert len(slack.hub.acks) == acks, "the app was not asked"


def test_a_value_for_a_field_that_is_not_there_is_a_mistake(
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
def test_an_answer_to_a_submission_that_slack_would_refuse_shows_trouble(
    slack: LocalSlack, app: App, connect: Connect, answer: Json
) -> None:
    @app.middleware
    def answer_as_it_is(body: Json, next_: Callable[[], BoltResponse]) -> BoltResponse:
        if body.get("type") != "view_submission":
            return next_()
        return BoltResponse(status=200, body=answer)

    view_id = open_modal(slack, app, connect, modal(field()))
    shown = slack.submit("operator", view_id, {"count": {"typed": "1"}}, wait=0)

    assert shown["error"] == "invalid_arguments"
    assert slack.views("operator")[0]["notice"] == TROUBLE


def test_no_more_than_three_modals_lie_on_each_other(
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


def test_a_view_is_updated_by_who_saw_its_newest_state(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    view_id = open_modal(slack, app, connect, modal(field(), external_id="mine"))
    seen = slack.views("operator")[0]["hash"]
    client.views_update(view_id=view_id, hash=seen, view=modal(title=plain("Ready")))

    def error(**args: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            client.views_update(view=modal(), **args)
        return str(caught.value.response["error"])

    assert slack.views("operator")[0]["title"]["text"] == "Ready"
    assert error(view_id=view_id, hash=seen) == "hash_conflict"
    assert error(view_id="V07NOTHING01") == "not_found"
    slack.close_view("operator", view_id)
    assert error(view_id=view_id) == "not_found"


def test_what_a_person_typed_survives_an_update(
    slack: LocalSlack, app: App, client: WebClient, connect: Connect
) -> None:
    view_id = open_modal(slack, app, connect, modal(field()))
    slack.click_in_view("operator", view_id, "typed", chosen="147", wait=0)
    client.views_update(view_id=view_id, view=modal(field(), title=plain("Again")))

    values = slack.views("operator")[0]["state"]["values"]
    assert values["count"]["typed"]["value"] == "147"


def test_a_closed_modal_is_told_where_the_app_asked_for_it(
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


def test_closing_everything_tells_that_the_stack_was_cleared(
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


def test_a_view_belongs_to_its_person(slack: LocalSlack, app: App, connect: Connect) -> None:
    view_id = open_modal(slack, app, connect, modal())

    with pytest.raises(CannotError, match="no such view"):
        slack.submit("viewer", view_id, {})
    assert slack.views("viewer") == []


def test_home_is_published_on_opening_and_takes_clicks(
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
    (shown,) = slack.open_home("operator")["views"]
    assert shown["type"] == "home"
    assert "view" not in events[0]
    slack.click_in_view("operator", shown["id"], "run:retry", wait=0)
    slack.open_home("operator")

    assert clicks[0]["container"] == {"type": "view", "view_id": shown["id"]}
    assert "channel" not in clicks[0]
    assert "response_url" not in clicks[0]
    assert events[1]["view"]["id"] == shown["id"]
    home = slack.home("operator")
    assert home is not None
    assert home["id"] == shown["id"], "a Home keeps its id over publishes"
    assert home["hash"] != shown["hash"]


def test_home_is_published_by_who_saw_its_newest_state(
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
    assert error(user_id="U07NOBODY001", view=view) == "user_not_found"
    assert error(user_id=mine, view=modal()) == "invalid_arguments"


def test_a_view_may_be_250_kilobytes(slack: LocalSlack, client: WebClient) -> None:
    blocks = [section(text=mrkdwn("é" * 3000))] * 50
    with pytest.raises(SlackApiError) as caught:
        client.views_publish(user_id=slack.ids.viewer, view={"type": "home", "blocks": blocks})

    assert caught.value.response["error"] == "view_too_large"


def test_a_response_url_of_somebody_else_is_expired(slack: LocalSlack) -> None:
    answer = httpx.post(f"{slack.url}hooks/actions/T1/guessed", json={"text": "x"})

    assert (answer.status_code, answer.json()["error"]) == (404, "expired_url")
    broken = httpx.post(f"{slack.url}hooks/actions/T1/guessed", content=b"text=x")
    assert (broken.status_code, broken.text) == (400, "invalid_payload")


def test_a_view_is_found_by_the_name_its_app_gave_it(
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


def test_nothing_is_pushed_onto_a_modal_that_was_closed(
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


def test_a_call_without_a_view_names_what_is_missing(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.api_call("views.open", json={"trigger_id": "1.2.3"})

    assert caught.value.response["error"] == "invalid_arguments"
    assert "missing required field: view" in str(caught.value.response["response_metadata"])


@pytest.mark.parametrize(
    ("payload", "status", "error"),
    [
        ({"text": "x", "replace_original": True}, 400, "message_not_found"),
        ({"text": "x", "response_type": "everywhere"}, 400, "invalid_arguments"),
        ({"blocks": [{"type": "section"}]}, 400, "invalid_blocks"),
        ({}, 400, "no_text"),
        ({"delete_original": True}, 200, None),
    ],
)
def test_a_response_url_refuses_what_slack_would(
    slack: LocalSlack,
    app: App,
    client: WebClient,
    connect: Connect,
    *,
    payload: Json,
    status: int,
    error: str | None,
) -> None:
    urls: list[str] = []

    @app.action("run:retry")
    def remember(ack: Ack, body: Json) -> None:
        urls.append(body["response_url"])
        ack()

    connect(app)
    ts = posted(slack, client, RETRY)
    slack.click("operator", "queue-alerts", ts, "run:retry", wait=0)
    client.chat_delete(channel=slack.ids.queue_alerts, ts=ts)
    answer = httpx.post(urls[0], json=payload)

    assert answer.status_code == status
    assert error is None or answer.json()["error"] == error
    assert slack.messages("queue-alerts") == []
    assert slack.calls("response_url")[0].answer.get("error") == error


def test_a_list_is_chosen_where_many_may_be_chosen(slack: LocalSlack, client: WebClient) -> None:
    boxes = {"type": "checkboxes", "action_id": "e", "options": [option("a")]}
    ts = posted(slack, client, actions(boxes))

    with pytest.raises(WrongValueError, match="a list"):
        slack.click("operator", "queue-alerts", ts, "e", chosen="a")


def test_an_option_may_stand_in_a_group(slack: LocalSlack, app: App, connect: Connect) -> None:
    groups = [{"label": plain("queues"), "options": [option("netsuite")]}]
    menu = {"type": "static_select", "action_id": "typed", "option_groups": groups}
    block = {"type": "input", "block_id": "queue", "label": plain(), "element": menu}
    view_id = open_modal(slack, app, connect, modal(block))
    slack.click_in_view("operator", view_id, "typed", chosen="netsuite", wait=0)

    values = slack.views("operator")[0]["state"]["values"]
    assert values["queue"]["typed"]["selected_option"]["value"] == "netsuite"
