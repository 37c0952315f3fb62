"""Open and update modals by Slack's Web API."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web import WebClient

from bot.models.requests import Modal
from bot.slack.directory import reason_of
from bot.slack.envelopes import Envelope
from bot.views.environment import labelled_blocks

MOST_BLOCKS = 100
"""The maximum number of blocks that Slack accepts in a modal."""

log = structlog.get_logger(__name__)


class Modals:
    """The modals that the bot opens for a person's request."""

    def __init__(self, client: WebClient, environment: str | None = None) -> None:
        self._client = client
        self._environment = environment

    def open(self, envelope: Envelope, modal: Modal) -> str | None:
        """Open the modal and return its id; return None if Slack refuses the modal.

        A trigger is valid for 3 s.
        """
        try:
            view = self.view(envelope, modal)
            # `views.push` keeps an open modal below the new modal.
            method = "views.open" if envelope.view_id is None else "views.push"
            body = {"trigger_id": envelope.trigger_id, "view": view}
            opened = self._client.api_call(method, json=body)
        except (SlackClientError, OSError) as error:
            log.warning("modal not opened", because=reason_of(error))
            return None
        return str((opened.get("view") or {}).get("id", ""))

    def show(self, envelope: Envelope, modal: Modal) -> None:
        """Show the answer to a click in a modal or on Home; such clicks have no `response_url`."""
        if envelope.view_id is None:
            self.open(envelope, modal)
            return
        try:
            view = self.view(envelope, modal)
            self._client.api_call("views.update", json={"view_id": envelope.view_id, "view": view})
        except (SlackClientError, OSError) as error:
            # A failed answer is not sent again, because the person may have closed the modal.
            log.warning("answer not delivered", because=reason_of(error))

    def view(self, envelope: Envelope, modal: Modal) -> dict[str, Any]:
        """Return the JSON of the modal for `views.open` or `response_action`."""
        blocks = labelled_blocks(modal.blocks, self._environment)
        if self._environment is not None and modal.submit is not None:
            # The button is below the blocks, and a long dialog hides its first block.
            blocks.append(blocks[0])
        blocks = blocks[:MOST_BLOCKS]
        return view_json(replace(modal, blocks=blocks), envelope.origin)


def view_json(modal: Modal, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of the modal, including its origin."""
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": f"run:{modal.metadata.get('command', 'show')}",
        "title": {"type": "plain_text", "text": modal.title, "emoji": False},
        "close": {"type": "plain_text", "text": modal.close, "emoji": False},
        "blocks": list(modal.blocks),
        "private_metadata": json.dumps({**origin, **modal.metadata}),
    }
    if modal.submit is not None:
        view["submit"] = {"type": "plain_text", "text": modal.submit, "emoji": False}
    return view
