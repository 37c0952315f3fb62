"""The Bolt app: every listener passes its envelope to the dispatcher and answers in the ack."""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from secrets import token_hex
from time import monotonic
from typing import Any

import structlog
from slack_bolt import Ack, App, BoltContext
from slack_sdk.errors import SlackClientError
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from bot.app.command import Setup
from bot.app.dispatch import dispatch, is_change
from bot.app.responses import Outcome, answer, texts_of
from bot.models.refusals import CountMismatch, Refusal
from bot.models.requests import Message, Modal, Source
from bot.slack import envelopes
from bot.slack.charts import Charts, respond
from bot.slack.directory import SlackDirectory, reason_of
from bot.slack.envelopes import Envelope, HomeVisit
from bot.slack.home import Homes
from bot.text import Mrkdwn
from bot.views.blocks import section
from bot.views.refusal import bug_message, refusal_sentence
from bot.views.reports.chart import has_chart
from bot.views.reports.home import REFRESH

log = structlog.get_logger(__name__)

WORKERS = 16
START_WITHIN = 1.5
"""A request that has not started this long after receipt is dropped: Slack has given up on it."""
ANSWER_WITHIN = 2.4
"""After this, the ack announces a later answer; 0.6 s of Slack's three remain for the network."""
SLACK_WAITS = 3.0
CALL_SECONDS = 3

Answer = Message | Modal


@dataclass(frozen=True)
class Reply:
    """The answer to the person, and the outcome once there is one."""

    answer: Answer
    outcome: Outcome | None = None


class RequestHandler:
    """Receives envelopes, has them dispatched, and answers the person.

    `wake` is called after a change or a refusal is committed, so that its message is sent at once.
    """

    def __init__(
        self,
        setup: Setup,
        client: WebClient,
        wake: Callable[[], None],
        charts: Charts,
        grace: int = 0,
    ) -> None:
        self._setup = setup
        self._charts = charts
        self._client = client
        self._wake = wake
        self._call_seconds = CALL_SECONDS + grace
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="request")
        self._homes = Homes(setup, client)

    def close(self) -> None:
        """Stop accepting requests and wait for the running ones."""
        self._homes.close()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def slash(self, ack: Ack, envelope: Envelope) -> None:
        """Answer a slash command in its acknowledgement."""
        reply = self._reply_in_time(envelope, self._enqueue(envelope))
        content = reply.answer
        self._show_at_home(envelope, reply)
        if isinstance(content, Modal) and self._open_modal(envelope, content):
            ack()
            return
        message = self._as_message(envelope, content)
        if has_chart(self._charts.fitted(message.blocks)):
            # Slack reports no error for a refused acknowledgement, so its content would be lost.
            ack()
            self._workers.submit(self._respond, envelope, message)
            return
        ack(response_type="ephemeral", **self._body(message))
        if monotonic() > envelope.received + SLACK_WAITS:
            # Slack has told the person that the command failed, so send the real result.
            self._respond(envelope, content)

    def click(self, ack: Ack, envelope: Envelope) -> None:
        """Run a click's command before its acknowledgement, then answer through `response_url`."""
        reply = self._reply_in_time(envelope, self._enqueue(envelope))
        opened = isinstance(reply.answer, Modal) and self._open_modal(envelope, reply.answer)
        ack()
        if opened:
            self._show_at_home(envelope, reply)
        else:
            self._workers.submit(self._follow_up, envelope, reply)

    def home(self, person: HomeVisit) -> None:
        """Draw the person's Home again."""
        self._homes.request_drawing(person.user, person.team, person.hash)

    def submit(self, ack: Ack, envelope: Envelope) -> None:
        """Answer a submitted modal in its acknowledgement: beside the field, or as a new view."""
        reply = self._reply_in_time(envelope, self._enqueue(envelope))
        message = self._as_message(envelope, reply.answer)
        if reply.outcome is not None and isinstance(reply.outcome.refusal, CountMismatch):
            field_error = self._field_error(envelope, reply.outcome.refusal)
            ack(response_action="errors", errors={"typed": field_error})
        else:
            modal = self._as_modal(envelope, message)
            ack(response_action="update", view=view_json(modal, envelope.origin))
        self._show_at_home(envelope, reply)

    def _enqueue(self, envelope: Envelope) -> "Future[Reply]":
        return self._workers.submit(self._execute, envelope)

    def _execute(self, envelope: Envelope) -> Reply:
        invocation = envelope.invocation
        changed = False
        try:
            late = monotonic() > envelope.received + START_WITHIN
            outcome = dispatch(self._setup, invocation, envelope.request, late=late)
            changed = outcome.command is not None and outcome.command.need.changes
            if changed or outcome.refusal is not None:
                # A read adds no outbox message, so it wakes nobody.
                self._wake()
            return Reply(answer(self._setup, invocation, outcome), outcome)
        except Exception:
            # A bug was rolled back; the person gets its id, and the log has the details.
            bug_id = token_hex(4)
            log.exception("bug", bug_id=bug_id, request=invocation.request_id)
            texts = texts_of(self._setup, invocation)
            return Reply(bug_message(bug_id, texts, nothing_changed=not changed))

    def _follow_up(self, envelope: Envelope, reply: Reply) -> None:
        """Answer outside of the acknowledgement, and only then redraw the person's Home."""
        self._respond(envelope, reply.answer)
        self._show_at_home(envelope, reply)

    def _show_at_home(self, envelope: Envelope, reply: Reply) -> None:
        """Draw the person's Home after an action there, or after a change elsewhere."""
        outcome, actor = reply.outcome, envelope.invocation.actor
        if outcome is None:
            return
        if envelope.invocation.source is Source.HOME:
            self._homes.request_drawing(actor.user, actor.team or "", envelope.home_hash)
        elif outcome.result is not None and outcome.result.outcome is not None:
            command = outcome.command
            if command is not None and command.need.changes:
                self._homes.changed(actor.user)

    def _reply_in_time(self, envelope: Envelope, future: "Future[Reply]") -> Reply:
        """Return the ack's answer: the outcome, or that it follows through `response_url`."""
        try:
            return future.result(max(0.0, envelope.received + ANSWER_WITHIN - monotonic()))
        except NotYet:
            future.add_done_callback(lambda done: self._follow_up(envelope, done.result()))
            texts = texts_of(self._setup, envelope.invocation)
            text_key = "not-known-yet" if is_change(self._setup, envelope.request) else "working"
            return Reply(Message(texts(text_key)))

    def _open_modal(self, envelope: Envelope, modal: Modal) -> bool:
        """Open the modal; return False if Slack refuses it (its trigger lives 3 s)."""
        try:
            view = view_json(modal, envelope.origin)
            # An open modal stays below the new one.
            method = "views.open" if envelope.view_id is None else "views.push"
            self._client.api_call(method, json={"trigger_id": envelope.trigger_id, "view": view})
        except (SlackClientError, OSError) as error:
            log.warning("modal not opened", because=reason_of(error))
            return False
        return True

    def _field_error(self, envelope: Envelope, refusal: Refusal) -> str:
        """Return the refusal as plain text for display beside a field."""
        texts = texts_of(self._setup, envelope.invocation)
        return refusal_sentence(refusal, texts, self._setup.actions)[:150]

    def _as_message(self, envelope: Envelope, content: Answer) -> Message:
        if isinstance(content, Message):
            return content
        return Message(texts_of(self._setup, envelope.invocation)("modal-too-late"))

    def _as_modal(self, envelope: Envelope, message: Message) -> Modal:
        """Return the answer as a modal, for a place without channel: after a modal, or on Home."""
        texts = texts_of(self._setup, envelope.invocation)
        blocks = message.blocks or (section(Mrkdwn(message.text)),)
        return Modal(texts.plain("modal-result"), blocks, texts.plain("modal-close"))

    def _respond(self, envelope: Envelope, content: Answer) -> None:
        message = self._as_message(envelope, content)
        if envelope.response_url is None:
            self._show(envelope, self._as_modal(envelope, message))
            return
        body = {
            "response_type": "ephemeral",
            "replace_original": envelope.replaces,
            **self._body(message),
        }
        hook = WebhookClient(envelope.response_url, timeout=self._call_seconds, retry_handlers=[])
        try:
            respond(hook, body, self._charts)
        except (SlackClientError, OSError) as error:
            # Best effort: the change itself is in the channel and the audit log.
            log.warning("answer not delivered", because=reason_of(error))

    def _show(self, envelope: Envelope, modal: Modal) -> None:
        """Show the answer to a click in a modal or on Home, which have no `response_url`."""
        if envelope.view_id is None:
            self._open_modal(envelope, modal)
            return
        try:
            view = view_json(modal, envelope.origin)
            self._client.api_call("views.update", json={"view_id": envelope.view_id, "view": view})
        except (SlackClientError, OSError) as error:
            # Best effort, as with a response_url; the person may have closed the modal.
            log.warning("answer not delivered", because=reason_of(error))

    def _body(self, message: Message) -> dict[str, Any]:
        return {"text": str(message.text), "blocks": self._charts.fitted(message.blocks)}


def view_json(modal: Modal, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return the modal's JSON for `views.open` or a `response_action`, with its origin."""
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": f"run:{modal.metadata.get('command', 'show')}",
        "title": {"type": "plain_text", "text": modal.title},
        "close": {"type": "plain_text", "text": modal.close},
        "blocks": list(modal.blocks),
        "private_metadata": json.dumps({**origin, **modal.metadata}),
    }
    if modal.submit is not None:
        view["submit"] = {"type": "plain_text", "text": modal.submit}
    return view


def build_app(client: WebClient, handler: RequestHandler, directory: SlackDirectory) -> App:
    """Return the Bolt app with its listeners, which run in the client's thread.

    With `process_before_response`, Bolt runs a listener before it responds. The listener
    acknowledges exactly once, when the answer is known, and Bolt does not poll for it every 10 ms.
    """
    app = App(
        client=client,
        signing_secret="socket mode checks no signature",  # noqa: S106 not a secret: never used
        process_before_response=True,
    )

    @app.command("/queue")
    def slash(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        handler.slash(ack, envelopes.slash(body, context["received"]))

    @app.action(re.compile("^(run|page):"))
    def click(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        handler.click(ack, envelopes.click(body, context["received"]))

    @app.view(re.compile("^run:"))
    def submission(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        handler.submit(ack, envelopes.submission(body, context["received"]))

    @app.event("app_home_opened")
    def home_opened(event: dict[str, Any], body: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            handler.home(envelopes.home_opened(event, body))

    @app.action(REFRESH)
    def refresh(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        handler.home(envelopes.home_refreshed(body))

    @app.event("subteam_members_changed")
    def members_changed(event: dict[str, Any]) -> None:
        directory.forget_group(str(event.get("subteam_id", "")))

    @app.event("subteam_updated")
    def group_updated(event: dict[str, Any]) -> None:
        directory.forget_group(str((event.get("subteam") or {}).get("id", "")))

    return app
