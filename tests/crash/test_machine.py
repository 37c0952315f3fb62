"""The short form of the state machine; `make campaign` has the long one."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from bot.localslack.server import LocalSlack
from tests.crash.frameworks import kept_databases
from tests.crash.machine import Machine
from tests.kit.team import KeptDatabase
from tests.services.mariadb import MariaDB

SHORT = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,  # the same runs each time; the campaign tries others
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_the_invariants_hold_after_random_steps_in_random_order(
    mariadb_server: MariaDB, kept_database: KeptDatabase
) -> None:
    with kept_databases(mariadb_server, kept_database) as kept, LocalSlack(rates=False) as slack:
        machine = type("OnThisServer", (Machine,), {"kept": kept, "slack": slack})
        run_state_machine_as_test(machine, settings=SHORT)
