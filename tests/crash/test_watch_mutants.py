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
    (scenarios.more_causes_than_alerts, mutants.failures_change_hands),
    (scenarios.it_fails_again_and_again, mutants.no_unique_subject),
    (scenarios.it_fails_again_and_again, mutants.edits_that_call),
    (scenarios.one_is_retried, mutants.a_single_retry_is_not_appended),
    (scenarios.one_is_deleted, mutants.a_single_delete_is_not_appended),
    (scenarios.all_are_retried, mutants.a_batch_is_not_appended),
    (scenarios.one_goes_without_the_bot, mutants.a_scan_is_not_appended),
    (scenarios.a_retry_is_undone, mutants.an_undo_is_not_appended),
    (scenarios.what_is_muted_fails, mutants.no_mute_at_opening),
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
