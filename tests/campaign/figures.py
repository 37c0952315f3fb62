"""Random histories for as long as the run may take; each has its own seed."""

import random
from time import monotonic

from bot.localslack.server import LocalSlack
from tests.figures.trial import tried
from tests.kit.queues import make_queue
from tests.services.mariadb import MariaDB

STEPS = 60


def any_history(server: MariaDB, until: float) -> str:
    """Random histories of failures, retries and time without the bot, counted by hand."""
    histories = 0
    while monotonic() < until:
        seed = random.getrandbits(32)
        with server.database() as name, LocalSlack(rates=False) as slack:
            queue = make_queue(server.url(name))
            try:
                differences = tried(queue, slack, seed, STEPS)
            finally:
                queue.engine.dispose()
        assert not differences, f"seed {seed}: {differences}"
        histories += 1
    return f"{histories} histories of {STEPS} steps, every figure as counted by hand"
