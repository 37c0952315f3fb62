"""A small Bolt app that answers with every kind of block and records each action."""

import re
from dataclasses import dataclass, field
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient

from bot.localslack.blocks.specs import Json
from bot.localslack.server import LocalSlack
from tests.kit.slack_apps import bolt


def plain(words: str) -> Json:
    """Return a plain_text object."""
    return {"type": "plain_text", "text": words}


def markup(words: str) -> Json:
    """Return a mrkdwn object."""
    return {"type": "mrkdwn", "text": words}


def button(words: str, action_id: str, **more: Any) -> Json:
    """Return a button whose value is its action_id."""
    return {
        "type": "button",
        "text": plain(words),
        "action_id": action_id,
        "value": action_id,
        **more,
    }


def options(*words: str) -> list[Json]:
    """Return options whose values are their texts in lower case."""
    return [{"text": plain(word), "value": word.lower()} for word in words]


def cells(*words: str | int) -> list[Json]:
    """Return a row of a table; numbers become raw_number, texts become raw_text."""
    return [
        {"type": "raw_number", "value": word, "text": str(word)}
        if isinstance(word, int)
        else {"type": "raw_text", "text": word}
        for word in words
    ]


def points(*values: int) -> list[Json]:
    """Return a chart's values at 1h, 2h, …"""
    return [{"label": f"{hour}h", "value": value} for hour, value in enumerate(values, 1)]


def rich(*elements: Json) -> Json:
    """Return a rich_text section."""
    return {"type": "rich_text_section", "elements": list(elements)}


def text(words: str, **style: bool) -> Json:
    """Return a text element of rich_text."""
    return {"type": "text", "text": words, **({"style": style} if style else {})}


SURE = {
    "title": plain("Retry all?"),
    "text": markup("This retries *38* jobs."),
    "confirm": plain("Retry 38"),
    "deny": plain("Not now"),
    "style": "danger",
}
ACTIONS = {
    "type": "actions",
    "block_id": "do",
    "elements": [
        button("Retry", "retry", style="primary"),
        button("Retry all", "retry-all", style="danger", confirm=SURE),
        {"type": "overflow", "action_id": "more", "options": options("Details", "Delete")},
        {
            "type": "static_select",
            "action_id": "pick",
            "placeholder": plain("Queue"),
            "options": options("Netsuite", "Emails"),
        },
    ],
}
TEXTS: list[Json] = [
    {"type": "header", "text": plain("Queue status :bar_chart:")},
    {"type": "section", "fields": [markup("*Pending*\n1204"), markup("*Failed*\n38")]},
    {"type": "section", "text": markup("beside"), "accessory": button("Go", "go")},
    {"type": "divider"},
    {"type": "context", "elements": [markup("as of _now_")]},
    {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "A queue of jobs"},
    {"type": "markdown", "text": "## Plan\n\n1. **first**\n2. `second`\n\n> why"},
    {
        "type": "rich_text",
        "elements": [
            rich(text("loud", bold=True), {"type": "emoji", "name": "tada"}),
            {"type": "rich_text_list", "style": "bullet", "elements": [rich(text("one item"))]},
            {"type": "rich_text_preformatted", "elements": [text("as  typed")]},
            {"type": "rich_text_quote", "elements": [text("said so")]},
        ],
    },
    {"type": "card", "title": markup("A card"), "body": markup("with a body")},
]
DATA: list[Json] = [
    {"type": "table", "rows": [cells("Queue", "Jobs"), cells("netsuite", "812")]},
    {
        "type": "data_visualization",
        "title": "Done",
        "chart": {
            "type": "line",
            "series": [
                {"name": "done", "data": points(5, 9, 3)},
                {"name": "failed", "data": points(0, 1, 2)},
            ],
            "axis_config": {"categories": ["1h", "2h", "3h"], "y_label": "jobs"},
        },
    },
    {
        "type": "data_visualization",
        "title": "Errors",
        "chart": {"type": "pie", "segments": [{"label": "gone away", "value": 22}]},
    },
]
PAGED: list[Json] = [
    {
        "type": "data_table",
        "caption": "Failed jobs",
        "page_size": 5,
        "rows": [cells("ID", "Queue"), *(cells(n * 7 % 12, f"queue {n}") for n in range(12))],
    }
]
MESSAGES = {"texts": TEXTS, "data": DATA, "paged": PAGED, "actions": [ACTIONS]}


def entry(block_id: str, words: str, element: Json, **more: Any) -> Json:
    """Return an input block."""
    full_element = {"action_id": "v", **element}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(words),
        "element": full_element,
        **more,
    }


FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Retry all jobs"),
    "submit": plain("Retry 38"),
    "close": plain("Leave"),
    "blocks": [
        {"type": "alert", "text": markup("*38* jobs will run again."), "level": "warning"},
        entry("count", "Type the count", {"type": "plain_text_input"}),
        entry(
            "limit",
            "At most",
            {"type": "number_input", "is_decimal_allowed": False, "min_value": "1"},
            optional=True,
        ),
        entry(
            "queue",
            "Queue",
            {"type": "static_select", "options": options("Netsuite", "Emails")},
            optional=True,
        ),
        entry(
            "order",
            "Order",
            {"type": "radio_buttons", "options": options("Oldest", "Newest")},
            optional=True,
        ),
        entry(
            "also",
            "Also",
            {"type": "checkboxes", "options": options("Notify", "Log")},
            optional=True,
        ),
        entry("day", "Not before", {"type": "datepicker"}, optional=True),
        {"type": "actions", "block_id": "do", "elements": [button("Preview", "push")]},
    ],
}
PREVIEW: Json = {"type": "modal", "title": plain("Preview"), "blocks": TEXTS[:1]}


@dataclass
class Seen:
    """The app's records: actions with their values, and submitted values."""

    actions: list[tuple[str, Any]] = field(default_factory=list)
    submitted: list[Json] = field(default_factory=list)
    state_at_click: Json = field(default_factory=dict)


def surfaces(slack: LocalSlack) -> tuple[App, Seen]:
    """Return the app: `/queue NAME` shows NAME's blocks to the user, `/queue post NAME` to all."""
    app, seen = bolt(slack), Seen()

    @app.command("/queue")
    def show(ack: Ack, command: dict[str, str], client: WebClient) -> None:
        word, _, name = command["text"].partition(" ")
        if word == "form":
            ack()
            client.views_open(trigger_id=command["trigger_id"], view=FORM)
        elif word == "post":
            ack()
            client.chat_postMessage(
                channel=command["channel_id"], text=name, blocks=MESSAGES.get(name)
            )
        else:
            ack(text=command["text"], blocks=MESSAGES.get(word))

    @app.action(re.compile("."))
    def acted(ack: Ack, body: Json, action: Json, client: WebClient, respond: Respond) -> None:
        ack()
        option = action.get("selected_option") or {}
        seen.actions.append((action["action_id"], action.get("value") or option.get("value")))
        if action["action_id"] == "push":
            seen.state_at_click = body["view"]["state"]["values"]
            client.views_push(trigger_id=body["trigger_id"], view=PREVIEW)
        elif action["action_id"] == "retry" and body.get("response_url"):
            who = f"retried by <@{body['user']['id']}>"
            respond(
                text=who, blocks=[{"type": "section", "text": markup(who)}], replace_original=True
            )

    @app.view("form")
    def submitted(ack: Ack, view: Json) -> None:
        values = view["state"]["values"]
        seen.submitted.append(values)
        if values["count"]["v"]["value"] == "38":
            ack()
        else:
            ack(response_action="errors", errors={"count": "That is not the count."})

    @app.event("app_home_opened")
    def home(event: Json, client: WebClient) -> None:
        client.views_publish(
            user_id=event["user"], view={"type": "home", "blocks": [*TEXTS[:2], ACTIONS]}
        )

    return app, seen
