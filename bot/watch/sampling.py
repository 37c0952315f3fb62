"""Exact figures of a queue that is too large to count while somebody waits."""

from time import monotonic

from bot.ledger import samples
from bot.queue import reads
from bot.queue.database import TooSlow, changing, reading
from bot.registry import Setup

COUNT_SECONDS = 45.0
SHORTEST = 10.0
SHARE = 20
"""Counting takes at most a twentieth of the time: after 5 s of it the next waits 100 s."""


def sample_once(setup: Setup) -> float:
    """Count and keep the figures; returns after how many seconds to count again."""
    began = monotonic()
    try:
        with reading(setup.engine) as connection:
            now = setup.clock(connection)
            status = reads.status(connection, setup.queue, now, COUNT_SECONDS)
    except TooSlow:
        return COUNT_SECONDS * SHARE
    took = monotonic() - began
    changing(
        setup.engine,
        monotonic() + 5.0,
        lambda connection: samples.keep(connection, status, int(took * 1000), now),
    )
    return max(SHORTEST, took * SHARE)
