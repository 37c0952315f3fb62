"""The app's Home tab: the status and the newest failed jobs, for the person who opened it."""

from time import monotonic
from uuid import uuid4

import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web import WebClient

from bot.answers import answer
from bot.dispatch import dispatch, request_id
from bot.grammar import Request
from bot.model import Actor, Block, Invocation, Message, Source
from bot.registry import Setup
from bot.slack.directory import reason_of

log = structlog.get_logger(__name__)

SECONDS = 2.0
SHOWN = (Request("status", {}), Request("failed", {"limit": 10}))
MOST_BLOCKS = 100


def publish(setup: Setup, client: WebClient, user: str, team: str) -> None:
    """Draw the person's Home; who may not look sees why instead."""
    blocks: list[Block] = []
    for request in SHOWN:
        invocation = Invocation(
            Actor(user, team, Source.HOME),
            request_id("home", team, user, uuid4()),
            monotonic() + SECONDS,
        )
        outcome = dispatch(setup, invocation, request)
        said = answer(setup, invocation, outcome)
        if isinstance(said, Message):
            blocks += [*([{"type": "divider"}] if blocks else []), *said.blocks]
        if outcome.refusal is not None:
            break
    view = {"type": "home", "blocks": _apart(blocks)[:MOST_BLOCKS]}
    try:
        client.api_call("views.publish", json={"user_id": user, "view": view})
    except (SlackClientError, OSError) as error:
        log.warning("home not published", because=reason_of(error))


def _apart(blocks: list[Block]) -> list[Block]:
    """The blocks without a `block_id` that stands twice, as two messages in one view may have."""
    seen: set[str] = set()
    apart: list[Block] = []
    for block in blocks:
        name = block.get("block_id")
        twice = name in seen
        seen |= set() if name is None else {name}
        apart.append({k: v for k, v in block.items() if k != "block_id"} if twice else block)
    return apart
