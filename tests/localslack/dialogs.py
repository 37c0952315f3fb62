"""Messages with buttons and modals with fields, shown to a person."""

from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.localslack.server import LocalSlack
from tests.kit.block_kit import Json, actions, button, entry, mrkdwn, plain, section
from tests.kit.slack_apps import Connect

RETRY = actions(button(action_id="run:retry", value='{"v":1,"ids":[45]}', style="primary"))


def modal(*blocks: Json, **changes: Any) -> Json:
    """Return a modal with a submit button."""
    return {
        "type": "modal",
        "title": plain("Retry all"),
        "submit": plain("Retry"),
        "callback_id": "plan",
        "blocks": list(blocks) or [section(text=mrkdwn())],
        **changes,
    }


def field(block_id: str = "count", **changes: Any) -> Json:
    """Return an input block for typed text."""
    return {**entry(action_id="typed", **changes), "block_id": block_id}


def posted(slack: LocalSlack, client: WebClient, *blocks: Json) -> str:
    """Post a message with these blocks in #queue-alerts; return its ts."""
    answer = client.chat_postMessage(channel=slack.ids.queue_alerts, text="failed", blocks=blocks)
    return str(answer["ts"])


def open_modal(slack: LocalSlack, app: App, connect: Connect, view: Json) -> str:
    """Open a modal for the operator by /queue; return its id."""

    @app.command("/queue")
    def show(ack: Ack, client: WebClient, body: Json) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=view)
        ack()

    connect(app)
    (opened,) = slack.command("operator", "queue-ops", "/queue retry-all", wait=0)["views"]
    return str(opened["id"])
