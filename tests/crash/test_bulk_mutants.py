"""Each guard of bulk changes is needed: without it, its scenario fails."""

from contextlib import nullcontext

import pytest

from tests.crash import bulk_mutants, bulk_scenarios, mutants, way_scenarios
from tests.crash.scenarios import Mutant, Scenario
from tests.kit.queues import TestQueue

KILLED: list[tuple[Scenario, Mutant]] = [
    (
        bulk_scenarios.a_person_retries_a_row_of_the_batch,
        bulk_mutants.no_lock_no_row_count_of_a_batch,
    ),
    (bulk_scenarios.an_operation_with_a_claimed_batch_is_cancelled, bulk_mutants.no_owner),
    (bulk_scenarios.two_replicas_run_one_batch, bulk_mutants.a_batch_may_be_claimed_twice),
    (
        bulk_scenarios.an_id_gets_another_row_after_the_preview,
        bulk_mutants.no_row_digest_in_a_batch,
    ),
    (bulk_scenarios.only_one_queue_was_confirmed, bulk_mutants.no_filter),
    (bulk_scenarios.the_person_loses_the_role, mutants.no_permission_check),
    (bulk_scenarios.a_bulk_change_is_undone_twice, bulk_mutants.no_undo_marks_in_bulk),
    (bulk_scenarios.only_one_queue_was_confirmed, bulk_mutants.no_filter_within_a_range),
    (way_scenarios.only_one_error_group_was_confirmed, bulk_mutants.no_filter_within_a_range),
    (way_scenarios.other_jobs_wait_for_the_canary, bulk_mutants.no_wait_for_the_canary),
    (
        way_scenarios.a_canary_is_taken_over_after_a_crash,
        bulk_mutants.a_batch_worker_beside_the_canary,
    ),
    (
        way_scenarios.a_canary_of_two_errors_is_taken_over_after_a_crash,
        bulk_mutants.a_canary_of_the_lowest_ids,
    ),
    (
        way_scenarios.a_canary_of_two_errors_is_taken_over_after_a_crash,
        bulk_mutants.a_canary_that_ends_with_its_first_job,
    ),
    (
        way_scenarios.a_canary_of_two_errors_is_taken_over_after_a_crash,
        bulk_mutants.several_batch_workers_with_a_canary,
    ),
    (way_scenarios.the_rest_lies_around_a_canary, bulk_mutants.batches_over_the_canary),
    (way_scenarios.a_waiting_operation_is_cancelled, bulk_mutants.no_wait_for_the_canary),
    (way_scenarios.a_batch_was_claimed_before_the_cancel, bulk_mutants.no_owner),
    (
        way_scenarios.a_batch_was_claimed_before_the_cancel,
        bulk_mutants.a_batch_runs_after_a_cancel,
    ),
    (way_scenarios.a_rate_over_several_batches, bulk_mutants.no_rate),
    (way_scenarios.a_rate_over_several_batches, bulk_mutants.no_rate_over_batches),
    (
        way_scenarios.changes_are_frozen_after_a_batch_was_claimed,
        bulk_mutants.no_freeze_check_in_a_batch,
    ),
    (
        way_scenarios.changes_were_frozen_before_a_batch,
        bulk_mutants.no_freeze_check_for_bulk_changes,
    ),
]

SURVIVE: list[tuple[Scenario, Mutant]] = [
    (bulk_scenarios.a_person_retries_a_row_of_the_batch, bulk_mutants.no_lock_on_a_batch),
    (bulk_scenarios.a_person_retries_a_row_of_the_batch, bulk_mutants.no_row_count_of_a_batch),
    (bulk_scenarios.two_replicas_run_one_batch, bulk_mutants.no_owner),
    (bulk_scenarios.two_replicas_run_one_batch, bulk_mutants.no_lock_no_row_count_of_a_batch),
    (way_scenarios.changes_were_frozen_before_a_batch, bulk_mutants.no_freeze_check_in_a_batch),
    (way_scenarios.changes_were_frozen_before_a_batch, bulk_mutants.no_freeze_check_before_batches),
    (
        way_scenarios.a_canary_is_taken_over_after_a_crash,
        bulk_mutants.several_batch_workers_with_a_canary,
    ),
]
"""Mutants that their scenario survives, because another guard still prevents the fault."""


SCENARIOS = list(dict.fromkeys(scenario for scenario, _ in (*KILLED, *SURVIVE)))


def named(pair: tuple[Scenario, Mutant]) -> str:
    """Return a pair's name in the list of tests."""
    return f"{pair[0].__name__}-{pair[1].__name__}"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_invariants_hold_in_each_bulk_scenario(
    mariadb_queue: TestQueue, scenario: Scenario
) -> None:
    scenario(mariadb_queue, nullcontext)


@pytest.mark.parametrize("pair", KILLED, ids=named)
def test_without_its_guard_a_bulk_scenario_breaks_an_invariant(
    mariadb_queue: TestQueue, pair: tuple[Scenario, Mutant]
) -> None:
    scenario, mutant = pair
    with pytest.raises(AssertionError):
        scenario(mariadb_queue, mutant)


@pytest.mark.parametrize("pair", SURVIVE, ids=named)
def test_one_of_several_guards_is_enough(
    mariadb_queue: TestQueue, pair: tuple[Scenario, Mutant]
) -> None:
    scenario, mutant = pair
    scenario(mariadb_queue, mutant)
