"""Each guard of incidents is needed: without it, its scenario fails."""

import sys
from contextlib import nullcontext

import pytest

from bot.background import metrics
from tests.crash import watch_mutants as mutants
from tests.crash import watch_scenarios as scenarios
from tests.crash.scenarios import Mutant, Scenario
from tests.kit.queues import TestQueue

KILLED: list[tuple[Scenario, Mutant]] = [
    (scenarios.more_causes_than_alerts, mutants.failures_are_reassigned),
    (scenarios.one_error_group_fails_often, mutants.no_unique_subject),
    (scenarios.one_error_group_fails_often, mutants.edits_with_a_mention),
    (scenarios.one_is_retried, mutants.a_retry_by_id_appends_no_delta),
    (scenarios.one_is_deleted, mutants.a_delete_by_id_appends_no_delta),
    (scenarios.all_are_retried, mutants.a_batch_appends_no_delta),
    (scenarios.one_is_removed_without_the_bot, mutants.a_scan_appends_no_delta),
    (scenarios.a_retry_is_undone, mutants.an_undo_appends_no_delta),
    (scenarios.a_muted_error_group_fails, mutants.no_mute_check_for_new_incidents),
    (scenarios.a_retried_job_waits, mutants.no_wait_for_outcomes),
]

SCENARIOS = list(dict.fromkeys(scenario for scenario, _ in KILLED))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_invariants_hold_in_each_incident_scenario(
    kept_queue: TestQueue, scenario: Scenario
) -> None:
    scenario(kept_queue, nullcontext)


@pytest.mark.parametrize(
    ("scenario", "mutant"), KILLED, ids=[mutant.__name__ for _, mutant in KILLED]
)
def test_without_its_guard_an_incident_scenario_breaks_an_invariant(
    kept_queue: TestQueue, scenario: Scenario, mutant: Mutant
) -> None:
    with pytest.raises(AssertionError):
        scenario(kept_queue, mutant)


@pytest.mark.parametrize("name", sorted(scenarios.LATE_STEPS))
def test_a_replica_without_its_lease_is_stopped_at_each_step(
    kept_queue: TestQueue, name: str
) -> None:
    scenarios.late(scenarios.LATE_STEPS[name])(kept_queue, nullcontext)


@pytest.mark.parametrize("name", sorted(scenarios.LATE_STEPS))
def test_without_its_fence_a_step_of_a_replica_without_its_lease_is_not_stopped(
    kept_queue: TestQueue, name: str
) -> None:
    step = scenarios.LATE_STEPS[name]
    module = metrics if name == "sample" else sys.modules[step.__module__]
    unfenced = mutants.no_fence_in(module)
    with pytest.raises(AssertionError, match="not stopped"):
        scenarios.late(step)(kept_queue, unfenced)
