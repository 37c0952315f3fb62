"""Anything in any order: workers, clicks, bulk changes, undos, crashes, a failing Slack.

Hypothesis chooses the steps and, where an invariant breaks, the shortest run that breaks it.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot.dispatch import request_id
from bot.errors import Refusal
from bot.grammar import Request
from bot.ledger.tables import failures
from bot.ledger.tables import operations as operations_table
from bot.plans import BulkExtra
from bot.queue.reads import failed_job
from tests.crash.world import PICK, REPLICAS, World, crashing
from tests.replicas import ANA, OMAR, SAM, ask, codes, confirm

STEPS = [
    "claimed",
    "retry-locked",
    "retry-archived",
    "retry-moved",
    "ran",
    "settled",
    "committed",
]
BULK_STEPS = [
    "batch-claimed",
    "batch-locked",
    "undo-batch-taken",
    "batch-moved",
    "batch-committed",
    "operation-finished",
]
UNDO_STEPS = [
    "claimed",
    "undo-locked",
    "undo-taken-back",
    "undo-put-back",
    "undo-marked",
    "settled",
    "committed",
]
WORDS = st.sampled_from(["retry", "delete-failed", "delete"])
SCOPES: Mapping[str, Callable[[Any], bool]] = {
    "retry-all": lambda _row: True,
    "clear-failed": lambda _row: True,
    "retry-all queue=mail": lambda row: row.queue == "mail",
    "clear-failed queue=netsuite": lambda row: row.queue == "netsuite",
}
"""Bulk changes, and which rows of the index of failures each may freeze."""
PEOPLE = st.sampled_from([ANA, OMAR, SAM])


class Machine(World):
    """What people and replicas do in this world."""

    # ---- people

    @rule(
        name=REPLICAS,
        words=WORDS,
        by=PEOPLE,
        pick=PICK,
        step=st.none() | st.sampled_from(STEPS),
        stale=st.booleans(),
    )
    def click(
        self,
        name: str,
        words: str,
        by: str,
        pick: int,
        step: str | None,
        stale: bool,  # noqa: FBT001 drawn by Hypothesis
    ) -> None:
        """Somebody clicks; the process may die in it."""
        rows = self.queue.jobs if words == "delete" else self.queue.failed
        row_id = rows[pick % len(rows)].id if rows else pick + 1
        if stale:
            row_id += 1_000_000
        self.send(name, lambda setup, key: ask(setup, f"{words} {row_id}", by=by, key=key), step)

    @precondition(lambda self: self.said)
    @rule(name=REPLICAS, pick=PICK)
    def come_again(self, name: str, pick: int) -> None:
        """The same envelope arrives once more, at any replica."""
        key, send, before = self.said[pick % len(self.said)]
        again = send(self.setups[name])
        if before is not None and codes([before]) != ["busy"]:
            assert codes([again]) == codes([before]), f"{key} was answered otherwise"
        self.note(key, again)

    @rule(name=REPLICAS, by=st.sampled_from([ANA, ANA, OMAR]), pick=PICK)
    def click_an_old_button(self, name: str, by: str, pick: int) -> None:
        """With the digest of a row, after which another one may have its place."""
        rows = self.queue.failed
        if not rows:
            return
        row_id = rows[pick % len(rows)].id
        with self.queue.engine.begin() as connection:
            seen = failed_job(connection, self.queue.queue, row_id).row_digest
        words = {"ids": str(row_id), "digest": seen if pick % 2 else "0" * 32}
        outcome = ask(self.setups[name], Request("retry", words), by=by)
        expected = "ok" if pick % 2 else "changed"
        assert codes([outcome]) == ["not-member" if by in self.people.gone else expected]

    @rule(
        name=REPLICAS,
        by=st.sampled_from([ANA, OMAR]),
        pick=PICK,
        step=st.none() | st.sampled_from(UNDO_STEPS),
    )
    def undo(self, name: str, by: str, pick: int, step: str | None) -> None:
        """Somebody takes a change back: that of an older message, or their own last one."""
        keys = [key for key, _, outcome in self.said if outcome is not None]
        words: dict[str, object] = {}
        if keys and pick % 3:
            words["request"] = request_id("test", keys[pick % len(keys)])
        self.send(name, lambda setup, key: ask(setup, Request("undo", words), by=by, key=key), step)

    # ---- bulk

    @rule(name=REPLICAS, words=st.sampled_from(sorted(SCOPES)))
    def preview(self, name: str, words: str) -> None:
        """An admin looks at what a bulk change would do."""
        outcome = ask(self.setups[name], words)
        if outcome.result is None or not isinstance(outcome.result.extra, BulkExtra):
            return
        found = outcome.result.extra.preview
        if found is not None and found.total:
            self.plans.append((found.action, found.plan, found.total))
            there = [row for row in self.queue.rows(failures) if row.gone_at is None]
            self.frozen[found.plan] = {row.seq for row in there if SCOPES[words](row)}

    @rule(name=REPLICAS, pick=PICK)
    def preview_an_undo(self, name: str, pick: int) -> None:
        """An admin looks at what of a bulk change would come back."""
        every = [row.id for row in self.queue.rows(operations_table) if row.action != "undo"]
        if not every:
            return
        number = every[pick % len(every)]
        outcome = ask(self.setups[name], f"undo {number}")
        if outcome.result is None or not isinstance(outcome.result.extra, BulkExtra):
            return
        found = outcome.result.extra.preview
        if found is not None and found.total:
            self.plans.append((found.action, found.plan, found.total))
            taken = [row for row in self.queue.rows(failures) if row.operation == number]
            self.frozen[found.plan] = {row.seq for row in taken if row.returned_by is None}

    @precondition(lambda self: self.plans)
    @rule(name=REPLICAS, pick=PICK, step=st.none() | st.sampled_from(["settled", "committed"]))
    def confirm(self, name: str, pick: int, step: str | None) -> None:
        """A preview is confirmed, the same one perhaps again."""
        action, plan, total = self.plans[pick % len(self.plans)]
        self.send(name, lambda setup, key: confirm(setup, action, plan, typed=total, key=key), step)

    @rule(name=REPLICAS, step=st.none() | st.sampled_from(BULK_STEPS))
    def run_a_batch(self, name: str, step: str | None) -> None:
        """A replica goes on with its operation, or takes one over; it may die in it."""
        with crashing(step), suppress(Refusal):
            self.runners[name].run_once()

    @rule(name=REPLICAS)
    def cancel(self, name: str) -> None:
        """Somebody stops what runs."""
        for row in self.queue.rows(operations_table):
            if row.state == "running":
                ask(self.setups[name], f"cancel {row.id}")

    @rule()
    def lose_or_get_back_the_role(self) -> None:
        """Ana is deactivated, or back."""
        self.people.gone ^= {ANA}
        self.said.clear()  # what she was told depends on it
