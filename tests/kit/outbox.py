"""Functions that put messages into the outbox without a command."""

from time import monotonic

from bot.app.setup import Setup
from bot.database.transactions import changing
from bot.models.requests import Message
from bot.store import outbox
from tests.kit.posting import SECONDS
from tests.kit.replicas import OPS

POST, EDIT = "chat.postMessage", "chat.update"
BLOCK = {"type": "section", "text": {"type": "mrkdwn", "text": "*three* jobs"}}


def put(setup: Setup, text: str = "hello", *, channel: str = OPS, subject: str = "s") -> None:
    """Put a message into the outbox."""
    message = Message(text, [BLOCK])
    changing(
        setup.engine,
        monotonic() + SECONDS,
        lambda connection: outbox.post(
            connection, channel, subject, message, setup.clock(connection)
        ),
    )


def change(setup: Setup, text: str, *, channel: str = OPS, subject: str = "s") -> None:
    """Put an edit into the outbox."""
    message = Message(text, [BLOCK])
    changing(
        setup.engine,
        monotonic() + SECONDS,
        lambda connection: outbox.edit(
            connection, channel, subject, message, setup.clock(connection)
        ),
    )
