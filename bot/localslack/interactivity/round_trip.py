"""Round trip of a person's action: the envelope, the ack, the replies, or a visible failure."""

import asyncio
from collections.abc import Callable

from bot.localslack.blocks.specs import Json
from bot.localslack.delivery.envelopes import AckRecord, Courier, EnvelopeKind, NotDeliveredError
from bot.localslack.grants import Interaction
from bot.localslack.posting import Content, post
from bot.localslack.refusals import SlackRefusal
from bot.localslack.web_api.calls import Backend
from bot.localslack.workspace import View

TROUBLE = "We had some trouble connecting. Try again?"
SLACKBOT = "USLACKBOT"
QUIET = 0.05  # the replies are complete after this many seconds without a new reply


class RoundTrip:
    """Delivers a person's action to the app and shows the app's answers to the person."""

    def __init__(self, backend: Backend, courier: Courier) -> None:
        self._backend = backend
        self._courier = courier

    async def run(
        self,
        interaction: Interaction,
        kind: EnvelopeKind,
        payload: Json,
        show: Callable[[Json | None], None],
        wait: float,
        *,
        failing: str = "The action",
    ) -> Json:
        """Deliver the envelope, show the ack and wait for replies; return the visible result."""
        self._backend.interactions.append(interaction)
        try:
            ack = await self._courier.deliver(kind, payload)
            failure = self._apply_ack(interaction, ack, show, failing)
            if failure is not None:
                return failure
            if not interaction.replies:
                await _wait_for_replies(interaction, wait)
        except NotDeliveredError as error:
            return self._failure_json(interaction, None, str(error), failing)
        finally:
            self._backend.interactions.remove(interaction)
        return result_json(interaction, ack.ms, interaction.view)

    def _apply_ack(
        self,
        interaction: Interaction,
        ack: AckRecord,
        show: Callable[[Json | None], None],
        failing: str,
    ) -> Json | None:
        try:
            show(ack.payload)
        except SlackRefusal as refusal:
            failure = self._failure_json(interaction, ack.ms, refusal.code, failing)
            return failure | {"details": [str(problem) for problem in refusal.problems]}
        return None

    def _failure_json(
        self, interaction: Interaction, ack_ms: float | None, error: str, failing: str
    ) -> Json:
        """Return the visible failure: a message of Slackbot, or a notice in the modal."""
        if interaction.channel is not None:
            words = Content(f'{failing} failed with the error "{error}"', None)
            interaction.note_reply(
                post(
                    self._backend.workspace,
                    interaction.channel,
                    words,
                    ephemeral_to=interaction.user,
                    user=SLACKBOT,
                )
            )
        if interaction.view is not None:
            interaction.view.notice = TROUBLE
            self._backend.workspace.mark_changed()
        return result_json(interaction, ack_ms, interaction.view) | {"error": error}


async def _wait_for_replies(interaction: Interaction, wait: float) -> None:
    """Wait until no new reply arrives for `QUIET` seconds, at most `wait` seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    pause = wait if not interaction.views else QUIET
    while (remaining := deadline - loop.time()) > 0:
        try:
            await asyncio.wait_for(interaction.arrived.wait(), min(pause, remaining))
        except TimeoutError:
            return
        interaction.arrived.clear()
        pause = QUIET


def result_json(interaction: Interaction, ack_ms: float | None, view: View | None = None) -> Json:
    """Build the answer of `POST /_local/command` and others; `ack_ms` is None without an ack."""
    body: Json = {
        "ack_ms": ack_ms,
        "replies": interaction.replies,
        "views": [
            {"id": opened_view.id, "hash": opened_view.hash, **opened_view.content}
            for opened_view in interaction.views
        ],
    }
    if view is not None and view.errors:
        body["errors"] = view.errors
    return body
