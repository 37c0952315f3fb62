"""Answers to a click through its response_url: messages, replacements, deletions and refusals."""

import httpx
import pytest
from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.localslack.interactivity.people import CannotError
from bot.localslack.server import LocalSlack
from tests.kit.block_kit import Json
from tests.kit.concurrency import until
from tests.kit.slack_apps import Connect
from tests.localslack.dialogs import RETRY, posted


def test_a_click_can_be_answered_with_a_new_message_or_a_replacement(
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
    until(lambda: len(slack.messages("queue-alerts")) == 2)

    replaced, ephemeral = slack.messages("queue-alerts")
    assert (replaced["ts"], replaced["text"], replaced["blocks"]) == (ts, "job 45 was retried", [])
    assert replaced["edited"]
    assert (ephemeral["text"], ephemeral["ephemeral_to"]) == ("done, by you", slack.ids.operator)
    assert answer["replies"][0]["ts"] == ts


def test_only_its_person_can_click_an_ephemeral_and_a_response_url_can_delete_it(
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
    assert "message" not in bodies[0], (
        "Slack does not store an ephemeral message, so the click has none"
    )


def test_an_unknown_response_url_is_refused_as_expired(slack: LocalSlack) -> None:
    answer = httpx.post(f"{slack.url}hooks/actions/T1/guessed", json={"text": "x"})

    assert (answer.status_code, answer.json()["error"]) == (404, "expired_url")
    broken = httpx.post(f"{slack.url}hooks/actions/T1/guessed", content=b"text=x")
    assert (broken.status_code, broken.text) == (400, "invalid_payload")


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
def test_a_response_url_refuses_the_payloads_that_slack_refuses(
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
