"""Rules about people who type and click: simulated here, by hand in a real workspace."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.kit.block_kit import entry, plain
from tests.kit.concurrency import SECONDS
from tests.localslack.conformance.sockets import address, hello
from tests.localslack.conformance.target import Target, rule

Json = dict[str, Any]


class App:
    """An app with one socket, which acknowledges each envelope with the test's payload."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._beside = ThreadPoolExecutor(1)

    def will_answer(self, payload: Json | None = None) -> Any:
        """Acknowledge the next envelope in a thread; return a future of the envelope."""

        def take() -> Json:
            envelope: Json = json.loads(self.socket.recv(SECONDS))
            ack: Json = {"envelope_id": envelope["envelope_id"]}
            self.socket.send(json.dumps(ack | ({"payload": payload} if payload else {})))
            return envelope

        return self._beside.submit(take)


@pytest.fixture
def app(target: Target) -> Iterator[App]:
    """The app with its only connection."""
    _ = target.people
    with connect(address(target), proxy=None, close_timeout=1) as socket:
        hello(socket)
        yield App(socket)


def typed(target: Target, app: App, payload: Json | None = None) -> tuple[Json, Json]:
    """Type `/queue status`; return what the person saw, and the envelope's payload."""
    taken = app.will_answer(payload)
    answer = target.people.command(target.user, target.channel, "/queue status", wait=0)
    return answer, taken.result(SECONDS)["payload"]


@rule("interactivity/implementing-slash-commands")
def test_a_reply_is_ephemeral_unless_its_response_type_is_in_channel(
    target: Target, app: App
) -> None:
    quiet, _ = typed(target, app, {"text": "quiet"})
    loud, _ = typed(target, app, {"text": "loud", "response_type": "in_channel"})

    kinds = [one["replies"][0]["response_type"] for one in (quiet, loud)]
    assert kinds == ["ephemeral", "in_channel"]


@rule("interactivity/handling-user-interaction")
def test_a_command_that_is_not_acknowledged_in_three_seconds_fails(
    target: Target, app: App
) -> None:
    slack = target.people
    patience, slack.hub.ack_timeout = slack.hub.ack_timeout, 0.05
    try:
        answer = slack.command(target.user, target.channel, "/queue status")
    finally:
        slack.hub.ack_timeout = patience
    app.socket.recv(SECONDS)

    assert "operation_timeout" in answer["replies"][0]["text"]


@rule("interactivity/handling-user-interaction")
def test_a_trigger_can_be_used_once(target: Target, app: App) -> None:
    _, payload = typed(target, app)
    view = {"type": "modal", "title": plain(), "blocks": []}
    first = target.call("views.open", trigger_id=payload["trigger_id"], view=view)
    again = target.call("views.open", trigger_id=payload["trigger_id"], view=view)

    assert (first.error, again.error) == (None, "exchanged_trigger_id")


@rule("interactivity/handling-user-interaction")
def test_a_response_url_can_be_used_five_times(target: Target, app: App) -> None:
    _, payload = typed(target, app)
    url = payload["response_url"]
    answers = [target.http.post(url, json={"text": "x"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [*[200] * 5, 404]


def opened(target: Target, app: App) -> Json:
    """Open a modal with a field and a submit button for the person; return the view."""
    _, payload = typed(target, app)
    view = {"type": "modal", "title": plain(), "submit": plain(), "blocks": [entry()]}
    answer = target.call("views.open", trigger_id=payload["trigger_id"], view=view)
    shown: Json = answer.body["view"]
    return shown


@rule("surfaces/modals#handling_submissions")
def test_a_submission_can_be_answered_with_an_error_at_the_field(target: Target, app: App) -> None:
    view = opened(target, app)
    block_id = view["blocks"][0]["block_id"]
    taken = app.will_answer({"response_action": "errors", "errors": {block_id: "no"}})
    answer = target.people.submit(target.user, view["id"], {block_id: {"t": "x"}}, wait=0)

    assert answer["errors"] == {block_id: "no"}
    values = taken.result(SECONDS)["payload"]["view"]["state"]["values"]
    assert values[block_id]["t"] == {"type": "plain_text_input", "value": "x"}


@rule("surfaces/modals#updating_views")
def test_a_submission_that_is_only_acknowledged_closes_the_modal(target: Target, app: App) -> None:
    view = opened(target, app)
    app.will_answer()
    block_id = view["blocks"][0]["block_id"]
    target.people.submit(target.user, view["id"], {block_id: {"t": "x"}}, wait=0)

    assert view["id"] not in [one["id"] for one in target.people.views(target.user)]


@rule("surfaces/modals#view_stack")
def test_a_stack_of_modals_has_at_most_three(target: Target, app: App) -> None:
    button = {"type": "button", "action_id": "more", "text": plain()}
    view = {"type": "modal", "title": plain(), "blocks": [{"type": "section", "text": plain(),
            "accessory": button}]}  # fmt: skip
    _, payload = typed(target, app)
    top = target.call("views.open", trigger_id=payload["trigger_id"], view=view)
    errors = []
    for _ in range(3):
        taken = app.will_answer()
        target.people.click_in_view(target.user, top.body["view"]["id"], "more", wait=0)
        trigger = taken.result(SECONDS)["payload"]["trigger_id"]
        pushed = target.call("views.push", trigger_id=trigger, view=view)
        errors.append(pushed.error)
        top = pushed if pushed.error is None else top

    assert errors == [None, None, "push_limit_reached"]
