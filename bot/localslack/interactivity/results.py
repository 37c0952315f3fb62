"""What came back to a person for what they did, and when it is all there."""

import asyncio

from bot.localslack.blocks.specs import Json
from bot.localslack.grants import Interaction
from bot.localslack.workspace import View

QUIET = 0.05  # seconds without a further reply after which a person has seen them all


async def wait_for_replies(interaction: Interaction, wait: float) -> None:
    """Return when replies have come and no further one for a moment, or after `wait` seconds."""
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
    """What `POST /_local/command` and its kin answer; `ack_ms` is None where no ack came."""
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
