"""The state machine, until the run ends."""

import random
from time import monotonic

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from bot.localslack.server import LocalSlack
from tests.crash.frameworks import kept_databases
from tests.crash.machine import Machine
from tests.services.mariadb import MariaDB

EXAMPLES = 50
STEPS = 50

LONG = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def any_order(server: MariaDB, until: float) -> str:
    """Clicks, workers, bulk changes, crashes and faults in any order."""
    rounds = 0
    with kept_databases(server) as kept, LocalSlack(rates=False) as slack:
        while monotonic() < until:
            number = random.getrandbits(32)
            print(f"  seed {number}", flush=True)
            machine = type("Seeded", (Machine,), {"kept": kept, "slack": slack})
            run_state_machine_as_test(seed(number)(machine), settings=LONG)
            rounds += 1
    return f"{rounds * EXAMPLES} runs of up to {STEPS} steps, no invariant broken"
