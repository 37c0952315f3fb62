"""What a command works with."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.access.roles import Grant
from bot.app.setup import Setup
from bot.models.requests import Invocation
from bot.queue.layouts import Queue


@dataclass(frozen=True)
class Work:
    """The input of a command's `run`: transaction, transaction time, invocation, grant, setup."""

    connection: Connection
    now: datetime
    invocation: Invocation
    grant: Grant
    setup: Setup

    @property
    def queue(self) -> Queue:
        """The queue's tables."""
        return self.setup.queue
