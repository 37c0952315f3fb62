"""The life of incidents: opened, updated in place, escalated in the thread, recovered, reopened."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from bot.registry import Setup
from bot.watch.signs import Sign


def observe(setup: Setup, connection: Connection, signs: Sequence[Sign], now: datetime) -> None:
    """Let the incidents of what is watched follow a look's signs, in the caller's transaction.

    The caller has fenced it. A bad sign opens an incident, or keeps it open; one that is clear for
    `recover_seconds` ends it; between the two nothing changes, and without a sign neither: whoever
    looks gives a sign for each incident that is open (`incidents.open_ones`). Where the facts of a
    clear sign hold `processed` and `failed`, those are what the end tells of.
    """
