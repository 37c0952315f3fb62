"""Handle envelopes: pass a person's request to the dispatcher, and answer the person."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from secrets import token_hex
from time import monotonic

import structlog
from slack_bolt import Ack
from slack_sdk.web import WebClient
from structlog.contextvars import bound_contextvars

from bot.app.dispatch import dispatch, is_change, is_preview
from bot.app.responses import Outcome, answer, texts_of
from bot.app.setup import Setup
from bot.failpoints import reach
from bot.models.refusals import CountMismatch
from bot.models.requests import Message, Modal, Source
from bot.monitoring.metrics import Metrics
from bot.slack.answers import Answer, Answers
from bot.slack.block_support import BlockSupport
from bot.slack.direct_messages import answer_in_channel
from bot.slack.envelopes import Envelope, HomeVisit
from bot.slack.home import Homes
from bot.slack.modals import Modals
from bot.slack.poster import SlackPoster
from bot.slack.request_log import log_request
from bot.text import code
from bot.views.blocks import section
from bot.views.refusal import bug_message

log = structlog.get_logger(__name__)

WORKERS = 16
START_WITHIN = 1.5
"""Seconds from receipt within which a request must start.

A later request is dropped, because Slack no longer waits for its acknowledgement.
"""
ANSWER_WITHIN = 2.4
"""Seconds from receipt within which the acknowledgement contains the answer.

After this time, the acknowledgement announces a later answer. Slack waits 3 s, so 0.6 s remain for
the network.
"""
COUNT_WITHIN = 0.3
"""Seconds from receipt after which a preview's dialog opens without its counts.

On a large queue the counts take more than a second. The dialog shows the counts later.
"""
SLACK_WAITS = 3.0
CALL_SECONDS = 3


@dataclass(frozen=True)
class Reply:
    """The answer to the person, and the outcome; the outcome is None while it is unknown."""

    answer: Answer
    outcome: Outcome | None = None


class RequestHandler:
    """Receives envelopes, passes them to `dispatch`, and answers the person.

    `wake` is called after the commit of a change or a refusal, so that its outbox message is sent
    immediately.
    """

    def __init__(
        self,
        setup: Setup,
        client: WebClient,
        wake: Callable[[], None],
        support: BlockSupport,
        metrics: Metrics,
        grace: int = 0,
    ) -> None:
        self._setup = setup
        self._metrics = metrics
        self._support = support
        self._modals = Modals(client, setup.environment)
        self._poster = SlackPoster(client, "", support, setup.environment)
        self._wake = wake
        self._count_within = COUNT_WITHIN + grace
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="request")
        self._homes = Homes(setup, client)
        self._answers = Answers(setup, client, support, self._modals, CALL_SECONDS + grace)

    def close(self) -> None:
        """Stop accepting requests and wait for the running requests."""
        self._homes.close()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def slash(self, ack: Ack, envelope: Envelope) -> None:
        """Answer a slash command in its acknowledgement."""
        future = self._enqueue(envelope)
        if self._is_counting(envelope, future):
            ack()
            return
        reply = self._reply_in_time(envelope, future)
        content = reply.answer
        self._show_at_home(envelope, reply)
        if isinstance(content, Modal) and self._modals.open(envelope, content) is not None:
            ack()
            return
        message = self._answers.as_message(envelope, content)
        if message.more or self._support.may_be_refused(message.blocks):
            # An acknowledgement is a single message. If Slack refuses it, Slack returns no error.
            ack()
            self._workers.submit(self._answers.send, envelope, message)
            return
        ack(response_type="ephemeral", **self._answers.body(message))
        if monotonic() > envelope.received + SLACK_WAITS:
            # Slack has already shown the person a failure, so send the actual result.
            self._answers.send(envelope, content)

    def refuse_command(self, ack: Ack, envelope: Envelope, typed: str) -> None:
        """Answer a slash command that is not the configured one; nothing runs."""
        texts = texts_of(self._setup, envelope.invocation)
        sentence = texts("other-command", typed=code(typed), slash=code(self._setup.slash))
        ack(response_type="ephemeral", **self._answers.body(Message(sentence)))

    def click(self, ack: Ack, envelope: Envelope) -> None:
        """Run a click's command before its acknowledgement, then answer through `response_url`."""
        future = self._enqueue(envelope)
        if self._is_counting(envelope, future):
            ack()
            return
        reply = self._reply_in_time(envelope, future)
        opened = (
            isinstance(reply.answer, Modal)
            and self._modals.open(envelope, reply.answer) is not None
        )
        ack()
        if opened:
            self._show_at_home(envelope, reply)
        else:
            self._workers.submit(self._follow_up, envelope, reply)

    def direct_message(self, envelope: Envelope) -> None:
        """Answer a command in a direct message, after the acknowledgement of its event."""
        self._workers.submit(
            answer_in_channel,
            self._setup,
            self._poster,
            envelope,
            lambda: self._execute(envelope).answer,
        )

    def home(self, person: HomeVisit) -> None:
        """Draw the person's Home again."""
        self._homes.request_drawing(person.user, person.team, person.hash, welcome=person.is_first)

    def submit(self, ack: Ack, envelope: Envelope) -> None:
        """Answer a submitted modal: close it, or show the answer or a refusal in the modal."""
        reply = self._reply_in_time(envelope, self._enqueue(envelope))
        message = self._answers.as_message(envelope, reply.answer)
        reach("answering")
        if reply.outcome is not None and isinstance(reply.outcome.refusal, CountMismatch):
            field_error = self._answers.field_error(envelope, reply.outcome.refusal)
            ack(response_action="errors", errors={"typed": field_error})
        elif _has_started(reply.outcome):
            # The progress message or Home shows the operation, so no further dialog is needed.
            ack(response_action="clear")
        else:
            modal = self._answers.as_modal(envelope, message)
            ack(response_action="update", view=self._modals.view(envelope, modal))
        self._show_at_home(envelope, reply)

    def _enqueue(self, envelope: Envelope) -> "Future[Reply]":
        return self._workers.submit(self._execute, envelope)

    def _execute(self, envelope: Envelope) -> Reply:
        # Every log line of the request has the id, which the audit record has too.
        with bound_contextvars(request=envelope.invocation.request_id):
            return self._run(envelope)

    def _run(self, envelope: Envelope) -> Reply:
        invocation = envelope.invocation
        changed = False
        outcome: Outcome | None = None
        began = monotonic()
        try:
            late = monotonic() > envelope.received + START_WITHIN
            outcome = dispatch(self._setup, invocation, envelope.request, late=late)
            changed = outcome.command is not None and outcome.command.need.changes
            if changed or outcome.refusal is not None:
                # A read adds no outbox message, so it does not wake the background work.
                self._wake()
            return Reply(answer(self._setup, invocation, outcome), outcome)
        except Exception:
            # The change was rolled back. The person reads the bug's id; the log has the details.
            bug_id = token_hex(4)
            log.exception("bug", bug_id=bug_id)
            texts = texts_of(self._setup, invocation)
            return Reply(bug_message(bug_id, texts, nothing_changed=not changed))
        finally:
            self._metrics.finished(outcome, monotonic() - began)
            log_request(envelope, outcome, began)

    def _follow_up(self, envelope: Envelope, reply: Reply) -> None:
        """Send the answer apart from the acknowledgement, and then redraw the person's Home."""
        self._answers.send(envelope, reply.answer)
        self._show_at_home(envelope, reply)

    def _show_at_home(self, envelope: Envelope, reply: Reply) -> None:
        """Redraw the person's Home after an action on Home or a change in another place."""
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
        """Return the answer for the acknowledgement.

        If the outcome is late, the answer announces it, and the `response_url` receives it later.
        """
        try:
            return future.result(max(0.0, envelope.received + ANSWER_WITHIN - monotonic()))
        except NotYet:
            future.add_done_callback(lambda done: self._follow_up(envelope, done.result()))
            texts = texts_of(self._setup, envelope.invocation)
            text_key = "not-known-yet" if is_change(self._setup, envelope.request) else "working"
            return Reply(Message(texts(text_key)))

    def _is_counting(self, envelope: Envelope, future: "Future[Reply]") -> bool:
        """Open the dialog of a slow preview without its counts; return whether it was opened."""
        if not is_preview(self._setup, envelope.request):
            return False
        until = envelope.received + self._count_within
        wait([future], max(0.0, until - monotonic()))
        if future.done():
            return False
        texts = texts_of(self._setup, envelope.invocation)
        counting = [section(texts("modal-counting"))]
        modal = Modal(texts.plain("modal-preview"), counting, texts.plain("modal-close"))
        view_id = self._modals.open(envelope, modal)
        if view_id is None:
            return False
        shown = replace(envelope, view_id=view_id)
        future.add_done_callback(lambda done: self._show_counts(shown, done.result()))
        return True

    def _show_counts(self, envelope: Envelope, reply: Reply) -> None:
        """Show the preview, or a refusal, in the dialog that was opened without counts."""
        content = reply.answer
        self._modals.show(
            envelope,
            content if isinstance(content, Modal) else self._answers.as_modal(envelope, content),
        )
        self._show_at_home(envelope, reply)


def _has_started(outcome: Outcome | None) -> bool:
    """Return whether a submission started an operation; a request for approval starts none."""
    result = None if outcome is None else outcome.result
    return result is not None and result.outcome != "requested"
