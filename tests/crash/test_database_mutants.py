"""Each guard against a team's database is needed: without it, its scenario fails."""

from contextlib import nullcontext

import pytest

from tests.crash import database_mutants, database_scenarios
from tests.crash.scenarios import Mutant, Scenario
from tests.kit.own_database import own_queue_on_mariadb
from tests.kit.queues import TestQueue
from tests.services.programs import is_mysql

__all__ = ["own_queue_on_mariadb"]

KILLED: list[tuple[Scenario, Mutant]] = [
    (database_scenarios.a_time_that_the_column_cannot_store, database_mutants.no_strict_session),
    (
        database_scenarios.a_payload_that_is_truncated_without_an_error,
        database_mutants.no_definitions,
    ),
    (database_scenarios.a_trigger_that_rewrites_the_payload, database_mutants.no_comparison),
    (database_scenarios.one_row_of_a_batch_is_refused, database_mutants.no_smaller_batches),
    (database_scenarios.a_failure_is_not_indexed, database_mutants.no_health_checks),
    (database_scenarios.a_check_cannot_read, database_mutants.a_failed_check_reports_no_problem),
]


@pytest.mark.parametrize(
    "scenario", [scenario for scenario, _ in KILLED], ids=lambda scenario: scenario.__name__
)
def test_the_invariants_hold_in_each_scenario(queue: TestQueue, scenario: Scenario) -> None:
    scenario(queue, nullcontext)


@pytest.mark.parametrize(
    ("scenario", "mutant"), KILLED, ids=[mutant.__name__ for _, mutant in KILLED]
)
def test_without_its_guard_a_scenario_breaks_an_invariant(
    queue: TestQueue, scenario: Scenario, mutant: Mutant
) -> None:
    if is_mysql() and mutant is database_mutants.no_definitions:
        pytest.skip("MySQL itself refuses a payload that is too long")
    with pytest.raises(AssertionError):
        scenario(queue, mutant)
