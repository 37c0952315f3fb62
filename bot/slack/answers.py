"""Turn answers into what Slack shows: a message, a modal, or a sentence beside a field."""

from typing import Any

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from bot.app.responses import texts_of
from bot.app.setup import Setup
from bot.failpoints import reach
from bot.models.refusals import Refusal
from bot.models.requests import Message, Modal
from bot.slack.block_support import BlockSupport, respond
from bot.slack.directory import reason_of
from bot.slack.envelopes import Envelope
from bot.slack.modals import Modals
from bot.slack.response_urls import is_of_slack
from bot.text import Mrkdwn
from bot.views.blocks import section
from bot.views.environment import labelled
from bot.views.refusal import refusal_sentence

log = structlog.get_logger(__name__)

Answer = Message | Modal


class Answers:
    """Shows answers to a person: in an acknowledgement, a modal, or through a `response_url`."""

    def __init__(
        self,
        setup: Setup,
        client: WebClient,
        support: BlockSupport,
        modals: Modals,
        call_seconds: int,
    ) -> None:
        self._setup = setup
        self._client = client
        self._support = support
        self._modals = modals
        self._call_seconds = call_seconds

    def body(self, message: Message) -> dict[str, Any]:
        """Return the arguments of an acknowledgement or a call that show the message."""
        body = {"text": str(message.text), "blocks": self._support.fitted(message.blocks)}
        return labelled(body, self._setup.environment)

    def as_message(self, envelope: Envelope, content: Answer) -> Message:
        """Return the answer as a message; an acknowledgement cannot open a modal later."""
        if isinstance(content, Message):
            return content
        return Message(texts_of(self._setup, envelope.invocation)("modal-too-late"))

    def as_modal(self, envelope: Envelope, message: Message) -> Modal:
        """Return the answer as a modal, because modals and Home have no channel for a message."""
        texts = texts_of(self._setup, envelope.invocation)
        parts = (message, *message.more)
        blocks = [b for part in parts for b in part.blocks] or [section(Mrkdwn(message.text))]
        return Modal(texts.plain("modal-result"), blocks, texts.plain("modal-close"))

    def field_error(self, envelope: Envelope, refusal: Refusal) -> str:
        """Return the refusal as plain text for display beside a field."""
        texts = texts_of(self._setup, envelope.invocation)
        return refusal_sentence(refusal, texts, self._setup.actions)[:150]

    def send(self, envelope: Envelope, content: Answer) -> None:
        """Send the answer through the `response_url`, or show it in the open modal."""
        message = self.as_message(envelope, content)
        if envelope.response_url is None:
            self._modals.show(envelope, self.as_modal(envelope, message))
            return
        if not is_of_slack(envelope.response_url, self._client.base_url):
            log.warning("answer not delivered", because="the response_url is not Slack's")
            return
        reach("answering")
        hook = WebhookClient(envelope.response_url, timeout=self._call_seconds, retry_handlers=[])
        try:
            for part in (message, *message.more):
                body = {
                    "response_type": "ephemeral",
                    "replace_original": envelope.replaces and part is message,
                    **self.body(part),
                }
                respond(hook, body, self._support)
        except (SlackClientError, OSError) as error:
            # A failed answer is not sent again. The channel and the audit log show the change.
            log.warning("answer not delivered", because=reason_of(error))
