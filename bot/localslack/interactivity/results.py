"""The replies to a person's action, and when they are complete."""

import asyncio

from bot.localslack.blocks.specs import Json
from bot.localslack.grants import Interaction
from bot.localslack.workspace import View

QUIET = 0.05  # seconds without a further reply after which the replies are complete


async def wait_for_replies(interaction: Interaction, wait: float) -> None:
    """Wait until replies have arrived and stopped for a moment, or for `wait` seconds."""
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
    """Return the answer of `POST /_local/command` and similar; `ack_ms` is None without an ack."""
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
