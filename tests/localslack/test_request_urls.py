import threading
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient

from bot.localslack.delivery.request_urls import NotVerifiedError
from bot.localslack.server import LocalSlack
from tests.kit.block_kit import actions, button, entry, plain
from tests.kit.concurrency import SECONDS, until
from tests.kit.wsgi import served

Environ = dict[str, Any]


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    # Bolt compares the timestamp with the real clock.
    with LocalSlack(ack_timeout=SECONDS) as running:
        yield running


def bolt(slack: LocalSlack, secret: str | None = None) -> App:
    """Return a Bolt app that checks signatures."""
    return App(
        client=WebClient(slack.bot_token, slack.base_url, retry_handlers=[]),
        signing_secret=secret or slack.credentials.signing_secret,
        process_before_response=True,
    )


def answering(status: str, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> Any:
    """Return a WSGI app that echoes the challenge and answers all else alike, and its requests."""
    requests: list[Environ] = []

    def app(environ: Environ, start: Any) -> list[bytes]:
        request_body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if b"url_verification" in request_body:
            start("200 OK", [])
            return [request_body]
        requests.append({**environ, "said": request_body})
        start(status, list(headers))
        return [body]

    return app, requests


def test_the_http_adapter_of_bolt_accepts_and_answers_signed_requests(slack: LocalSlack) -> None:
    app = bolt(slack)
    events: list[str] = []
    view = {"type": "modal", "callback_id": "m", "title": plain(), "submit": plain()}

    @app.command("/queue")
    def command(ack: Ack, command: dict[str, str]) -> None:
        ack(text=f"you said {command['text']}", blocks=[actions(button(action_id="go"))])

    @app.action("go")
    def click(ack: Ack, body: dict[str, str], client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view={**view, "blocks": [entry()]})
        ack()

    @app.view("m")
    def submitted(ack: Ack) -> None:
        ack(response_action="update", view={**view, "blocks": [{"type": "divider"}]})

    @app.event("app_home_opened")
    def opened(event: dict[str, str]) -> None:
        events.append(event["user"])

    with served(SlackRequestHandler(app, path="/slack/events")) as url:
        slack.deliver_by_http(url)
        typed = slack.command("operator", "queue-ops", "/queue status ä+&=")
        (reply,) = typed["replies"]
        opened_view = slack.click("operator", "queue-ops", reply["ts"], "go")["views"][0]
        block_id = opened_view["blocks"][0]["block_id"]
        slack.submit("operator", opened_view["id"], {block_id: {"t": "typed"}})
        slack.open_home("viewer", wait=0)

    assert reply["text"] == "you said status ä+&="
    assert [block["type"] for block in slack.views("operator")[0]["blocks"]] == ["divider"]
    assert events == [slack.ids.viewer]
    assert slack.hub.connected == 0
    assert [ack.kind for ack in slack.hub.acks] == [
        "slash_commands",
        "interactive",
        "interactive",
        "events_api",
    ]


def test_bolt_refuses_a_request_that_was_signed_with_another_secret(slack: LocalSlack) -> None:
    handler = SlackRequestHandler(bolt(slack, "another"), path="/slack/events")
    with served(handler) as url, pytest.raises(NotVerifiedError, match="401"):
        slack.deliver_by_http(url)


def test_a_request_url_without_a_server_is_not_verified(slack: LocalSlack) -> None:
    with pytest.raises(NotVerifiedError, match="no answer"):
        slack.deliver_by_http("http://127.0.0.1:9/slack/events")


def test_a_text_answer_to_a_command_is_shown_to_the_person(slack: LocalSlack) -> None:
    app, _seen = answering("200 OK", b"plain words")
    with served(app) as url:
        slack.deliver_by_http(url)
        answer = slack.command("viewer", "queue-ops", "/queue")

    assert [reply["text"] for reply in answer["replies"]] == ["plain words"]


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "302 Found"])
def test_a_failed_request_is_shown_as_dispatch_failed_and_not_repeated(
    slack: LocalSlack, status: str
) -> None:
    app, requests = answering(status)
    with served(app) as url:
        slack.deliver_by_http(url)
        answer = slack.command("viewer", "queue-ops", "/queue")

    assert answer["error"] == "dispatch_failed"
    assert len(requests) == 1


def test_a_late_answer_is_shown_as_a_timeout_and_counted_as_late() -> None:
    go_on = threading.Event()

    def slow(environ: Environ, start: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if b"url_verification" not in body:
            go_on.wait(SECONDS)
        start("200 OK", [])
        return [body if b"url_verification" in body else b""]

    with LocalSlack(ack_timeout=SECONDS) as slack, served(slow) as url:
        slack.deliver_by_http(url)
        # Not earlier, because the challenge must be answered within the same time.
        slack.hub.ack_timeout = 0.2
        answer = slack.command("viewer", "queue-ops", "/queue")
        go_on.set()
        until(lambda: slack.hub.late_acks == 1)

    assert answer["error"] == "operation_timeout"
    assert answer["ack_ms"] is None


def test_an_event_is_repeated_three_times_with_the_reason(slack: LocalSlack) -> None:
    app, requests = answering("500 Oops")
    slack.retry_events_after(0, 0.01, 0.01)
    with served(app) as url:
        slack.deliver_by_http(url)
        slack.open_home("viewer", wait=0)
        until(lambda: len(requests) == 4)

    retries = [(one.get("HTTP_X_SLACK_RETRY_NUM"), one.get("HTTP_X_SLACK_RETRY_REASON"))
               for one in requests]  # fmt: skip
    assert retries == [(None, None), *((str(number), "http_error") for number in (1, 2, 3))]
    assert len({one["said"] for one in requests}) == 1, "every attempt sends the same event"


def test_an_event_is_not_repeated_if_the_app_refuses_retries(slack: LocalSlack) -> None:
    app, requests = answering("500 Oops", headers=(("X-Slack-No-Retry", "1"),))
    slack.retry_events_after(0, 0, 0)
    with served(app) as url:
        slack.deliver_by_http(url)
        slack.open_home("viewer", wait=0)
        slack.command("viewer", "queue-ops", "/queue")

    assert len(requests) == 2
