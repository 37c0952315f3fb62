"""Bulk changes in the state machine: previews, confirmations, batches, cancels, and a freeze."""

from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from bot.app.plans import BulkExtra
from bot.models.refusals import Refusal
from bot.store.tables import archive, batches, failures, tracked_jobs
from bot.store.tables import operations as operations_table
from bot.wall_clock import unix
from tests.crash.frameworks import is_movable
from tests.crash.wishes import WISHES, Wish
from tests.crash.world import PICK, REPLICAS, Plan, World, crashing
from tests.kit.replicas import ANA, OMAR, ask, confirm

BULK_STEPS = [
    "batch-claimed",
    "batch-locked",
    "undo-batch-restored",
    "undo-batch-taken",
    "batch-moved",
    "batch-committed",
    "operation-finished",
]


class Bulk(World):
    """Bulk changes by people and replicas."""

    @precondition(lambda self: self.queue.failed)
    @rule(
        name=REPLICAS,
        wish=WISHES,
        pick=PICK,
        by=st.sampled_from([ANA, ANA, OMAR]),
        is_sure=st.sampled_from([True, True, False]),
    )
    def preview(
        self,
        name: str,
        wish: Wish,
        pick: int,
        by: str,
        is_sure: bool,  # noqa: FBT001 drawn by Hypothesis
    ) -> None:
        """A person previews a bulk change and usually confirms it."""
        there = self._present_failures()
        if not there and "like" in wish.within:
            return
        like = there[pick % len(there)] if there else None
        outcome = ask(self.setups[name], wish.words(like), by=by)
        # The preview itself indexes new failures, and its scope includes them.
        self._plan(outcome, by, lambda: wish.meant(self._present_failures(), like))
        if self.plans and is_sure:
            self.confirm(name, 0, None)

    @rule(name=REPLICAS, pick=PICK)
    def preview_an_undo(self, name: str, pick: int) -> None:
        """An admin previews the undo of a bulk change."""
        every = [row.id for row in self.queue.rows(operations_table) if row.action != "undo"]
        if not every:
            return
        number = every[pick % len(every)]

        def meant() -> set[int]:
            taken = [row for row in self.queue.rows(failures) if row.operation == number]
            return {row.seq for row in taken if row.restored_by is None}

        self._plan(ask(self.setups[name], f"undo {number}"), ANA, meant)

    def _present_failures(self) -> list[Any]:
        return [row for row in self.queue.rows(failures) if row.removed_at is None]

    def _plan(self, outcome: Any, by: str, meant: Any) -> None:
        if outcome.result is None or not isinstance(outcome.result.extra, BulkExtra):
            return
        preview = outcome.result.extra.preview
        if preview is not None and preview.total:
            self.plans.append(Plan(preview.action, preview.plan, preview.total, by))
            self.frozen[preview.plan] = meant()
            assert preview.total == len(self.frozen[preview.plan])

    @precondition(lambda self: self.plans)
    @rule(name=REPLICAS, pick=PICK, step=st.none() | st.sampled_from(["settled", "committed"]))
    def confirm(self, name: str, pick: int, step: str | None) -> None:
        """A person confirms a preview, possibly for the second time."""
        plan = self.plans[-1 - pick % len(self.plans)]
        words = {"typed": plan.total, "by": plan.by}
        self.send(
            name,
            lambda setup, key: confirm(setup, plan.action, plan.number, key=key, **words),
            step,
        )

    @rule(
        name=REPLICAS,
        step=st.none() | st.sampled_from(BULK_STEPS),
        lanes=st.sampled_from([1, 2]),
        turns=st.sampled_from([1, 2, 4]),
    )
    def run_batches(self, name: str, step: str | None, lanes: int, turns: int) -> None:
        """A replica runs batches of its operation or takes one over; it may crash at a step."""
        runner = self.runners[name]
        # The deadline passes at once, so each batch worker claims one batch on any machine.
        runner.lanes, runner.seconds = lanes, 1e-6 * (lanes - 1)
        with crashing(step), suppress(Refusal):
            for _ in range(turns):
                standing = self._moved_rows(standing=True)
                try:
                    runner.run_once()
                finally:
                    after = self._moved_rows(standing=False)
                    for number, rows in standing.items():
                        assert after[number] == rows, (
                            f"operation {number} does not run, but it moved rows"
                        )

    def _moved_rows(self, *, standing: bool) -> dict[int, int]:
        """Count rows by operation; with `standing`, only of operations that must take none."""
        taken = Counter(row.operation for row in self.queue.rows(failures))
        taken += Counter(row.restored_by for row in self.queue.rows(failures))
        return {
            row.id: taken[row.id]
            for row in self.queue.rows(operations_table)
            if not standing or self.is_off or row.state != "running"
        }

    @rule(name=REPLICAS)
    def run_and_work_without_faults(self, name: str) -> None:
        """Batches run, workers finish the oldest jobs, and time passes."""
        for _ in range(3):
            for one in self.runners:
                self.run_batches(one, None, 1, 1)
                self.no_rate_is_exceeded()
            self.work(0, "done", 2)
            self.clock.move(seconds=5)
            self.run_leader_steps(name, None, 1)

    @rule(name=REPLICAS)
    def cancel(self, name: str) -> None:
        """A person cancels every operation that runs or waits for its canary."""
        for row in self.queue.rows(operations_table):
            if row.state in ("running", "waiting"):
                ask(self.setups[name], f"cancel {row.id}")

    @rule(name=REPLICAS, pick=PICK)
    def freeze_or_unfreeze(self, name: str, pick: int) -> None:
        """An admin sometimes freezes all changes, or ends the freeze."""
        if self.is_off or pick % 3 == 0:
            outcome = ask(self.setups[name], "unfreeze" if self.is_off else "freeze for a look")
            if ANA not in self.people.gone:
                assert outcome.refusal is None
                self.is_off = not self.is_off

    # ---- what must hold

    @invariant()
    def a_processed_job_was_processed(self) -> None:
        """No outcome says that a job was processed which no worker processed."""
        done = {self.queue.framework.payload_digest(body) for body in self.worked}
        for row in self.queue.rows(tracked_jobs):
            if row.state == "processed":
                assert row.payload_digest in done, f"job {row.retried_as} was not processed"

    @invariant()
    def other_jobs_follow_only_a_processed_canary(self) -> None:
        """A batch follows the canary only if the worker processed it, whatever the outcomes say."""
        done = {self.queue.framework.payload_digest(body) for body in self.worked}
        rows = self.queue.rows(batches)
        for operation in self.queue.rows(operations_table):
            if operation.canary and operation.state != "planned":
                mine = [row for row in rows if row.operation == operation.id]
                tried_first = [row for row in mine if row.number <= operation.canary]
                assert all(row.size == 1 for row in tried_first)
                self._takes_from_each_group(operation, tried_first)
                if any(row.number > operation.canary for row in mine):
                    tried = [
                        row
                        for row in self.queue.rows(tracked_jobs)
                        if row.operation == operation.id
                    ]
                    assert tried, f"the canary of operation {operation.id} was not tracked"
                    missing = {row.payload_digest for row in tried} - done
                    assert not missing, (
                        f"the other jobs of operation {operation.id} did not wait for the canary"
                    )

    def _takes_from_each_group(self, operation: Any, canary: list[Any]) -> None:
        """A canary has a second job of an error group only if it has a job of every group."""
        rows = self.queue.rows(failures)
        tried = {row.last_seq for row in canary}
        groups = [row.error_group for row in rows if row.seq in tried]
        unmovable = {row.id for row in self.queue.failed if not is_movable(row)}
        if len(groups) > len(set(groups)):
            left = {
                row.error_group
                for row in rows
                if row.seq in self.frozen[operation.id]
                and (row.removed_at is None or row.operation == operation.id)
                and row.failed_id not in unmovable
            }
            assert left <= set(groups), f"the canary of {operation.id} leaves out an error"

    @invariant()
    def no_rate_is_exceeded(self) -> None:
        """No job starts before its operation, and no minute has more starts than the rate."""
        for operation in self.queue.rows(operations_table):
            if operation.rate and operation.state != "planned":
                self._record_starts(operation)
                begins = sorted(self.begins.get(operation.id, {}).values())
                assert not begins or begins[0] >= unix(operation.started_at)
                for first, beyond in zip(begins, begins[operation.rate :], strict=False):
                    assert beyond - first >= 60, (
                        f"operation {operation.id} exceeds its rate: {begins}"
                    )

    def _record_starts(self, operation: Any) -> None:
        """Record when the operation's jobs become available, before a worker takes them."""
        request = operation.request_id
        unedited = self.queue.framework.unedited
        kept = [row for row in self.queue.rows(archive) if row.request_id == request]
        bodies = {unedited(row.payload) for row in kept}
        made = [
            (row.first_job_id, row.last_job_id)
            for row in self.queue.rows(batches)
            if row.operation == operation.id and row.first_job_id is not None
        ]
        seen = self.begins.setdefault(operation.id, {})
        for job in self.queue.jobs:
            if unedited(job.payload) in bodies and any(
                first <= job.id <= last for first, last in made
            ):
                seen[job.id] = job.available_at
