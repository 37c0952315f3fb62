"""Each guard is needed: without it, its scenario of a race or crash fails."""

from contextlib import nullcontext

import pytest

from tests.crash import mutants, scenarios, trust_scenarios, undo_scenarios
from tests.crash.scenarios import Mutant, Scenario
from tests.kit.queues import TestQueue

SCENARIOS: list[Scenario] = [
    scenarios.two_people_retry_one_job,
    scenarios.an_id_has_another_row,
    scenarios.another_worker_reserves_the_job,
    scenarios.a_row_commits_after_the_preview,
    scenarios.a_confirmation_is_used_again,
    scenarios.a_replica_without_its_lease_seals,
    scenarios.a_crash_around_the_commit,
    scenarios.a_stranger_retries,
    trust_scenarios.a_removed_person_retries,
    trust_scenarios.a_flood_of_refusals_before_a_change,
    trust_scenarios.a_person_sends_requests_without_a_pause,
    trust_scenarios.an_operator_retries_in_two_requests,
    trust_scenarios.a_checkpoint_is_forged,
    undo_scenarios.two_people_undo_one_change,
    undo_scenarios.a_change_is_undone_again,
    undo_scenarios.a_worker_takes_the_job_that_is_undone,
]

KILLED: list[tuple[Scenario, Mutant]] = [
    (scenarios.two_people_retry_one_job, mutants.no_lock_no_row_count),
    (scenarios.an_id_has_another_row, mutants.no_row_digest),
    (scenarios.another_worker_reserves_the_job, mutants.no_check_of_the_reservation),
    (scenarios.a_row_commits_after_the_preview, mutants.no_frozen_bound),
    (scenarios.a_confirmation_is_used_again, mutants.no_single_use),
    (scenarios.a_replica_without_its_lease_seals, mutants.no_epoch),
    (scenarios.a_crash_around_the_commit, mutants.audit_in_its_own_transaction),
    (scenarios.a_crash_around_the_commit, mutants.audit_after_commit),
    (scenarios.a_stranger_retries, mutants.no_permission_check),
    (trust_scenarios.a_removed_person_retries, mutants.no_role_generation),
    (trust_scenarios.a_flood_of_refusals_before_a_change, mutants.no_order_of_refusals),
    (trust_scenarios.a_person_sends_requests_without_a_pause, mutants.no_person_limit),
    (trust_scenarios.an_operator_retries_in_two_requests, mutants.no_limit_over_requests),
    (trust_scenarios.a_checkpoint_is_forged, mutants.no_proof_of_a_checkpoint),
    (undo_scenarios.two_people_undo_one_change, mutants.no_lock_no_row_count_in_an_undo),
    (undo_scenarios.a_change_is_undone_again, mutants.no_undo_marks),
    (undo_scenarios.a_worker_takes_the_job_that_is_undone, mutants.no_check_of_the_job),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_invariants_hold_in_each_scenario(mariadb_queue: TestQueue, scenario: Scenario) -> None:
    scenario(mariadb_queue, nullcontext)


@pytest.mark.parametrize(
    ("scenario", "mutant"), KILLED, ids=[mutant.__name__ for _, mutant in KILLED]
)
def test_without_its_guard_a_scenario_breaks_an_invariant(
    mariadb_queue: TestQueue, scenario: Scenario, mutant: Mutant
) -> None:
    with pytest.raises(AssertionError):
        scenario(mariadb_queue, mutant)


@pytest.mark.parametrize("mutant", [mutants.no_lock, mutants.no_row_count])
def test_the_lock_alone_or_the_row_count_alone_is_enough(
    mariadb_queue: TestQueue, mutant: Mutant
) -> None:
    scenarios.two_people_retry_one_job(mariadb_queue, mutant)
