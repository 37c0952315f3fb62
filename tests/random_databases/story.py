"""The story of one random database: people's actions, and the checks after each step.

A fault is an `AssertionError`, or any exception except the bot's own refusals.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bot.app.dispatch import dispatch, request_id
from bot.app.parsing import Request
from bot.app.plans import BulkExtra
from bot.app.responses import Outcome, answer, envelope
from bot.app.setup import Setup
from bot.background import metrics
from bot.background.loop import Watcher
from bot.background.operations.runner import Runner
from bot.database.transactions import reading
from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import mask_text
from bot.models.health import HealthProblem
from bot.models.operations import Preview
from bot.models.refusals import Busy, StartError
from bot.models.requests import Actor, Invocation, Source
from bot.queue.layouts import fitted
from bot.slack.home import draw
from bot.store.operations import operations
from bot.store.reports.health import health
from bot.wiring.queue_tables import check_tables
from tests.kit.clock import Clock
from tests.kit.failure_index import live
from tests.kit.posting import Refusing
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, OPS, TEAM, hold, make_setup
from tests.random_databases.designs import Design
from tests.random_databases.log_lines import captured_lines, errors
from tests.random_databases.observer import Observer, Row, Rows

LARGEST_ID = 2**64 - 1
PAST = ("'2026-03-02 10:00:00'", "'2025-11-07 17:45:59.123456'")
READS = ("failed limit=200", "jobs limit=200", "status", "errors", "stuck", "watch", "find order=7")


@dataclass
class Story:
    """One database from the start of the bot to its last step."""

    queue: TestQueue
    observer: Observer
    design: Design
    clock: Clock = field(default_factory=Clock)
    removed: dict[str, list[tuple[int, Row]]] = field(
        default_factory=lambda: {"jobs": [], "failed_jobs": []}
    )
    outcomes: Counter[str] = field(default_factory=Counter)
    setup: Setup = field(init=False)

    def run(self) -> bool:
        """Start the bot and take every step; return False if the bot refuses the database."""
        self.queue = replace(
            self.queue,
            queue=replace(
                self.queue.queue,
                zone=ZoneInfo(self.design.zone),
                mask=partial(mask_text, keys=DEFAULT_MASKED_KEYS),
            ),
        )
        before = self.observer.rows()
        if sentences := self._start():
            assert all(sentence.endswith(".") for sentence in sentences), sentences
            assert self.observer.rows() == before
            self.outcomes.update(sentences)
            return False
        with reading(self.queue.engine) as connection:
            self.queue = replace(self.queue, queue=fitted(connection, self.queue.queue))
        self.setup = make_setup(self.queue, clock=self.clock)
        self._background()
        self._nothing_is_unseen()
        for name, number in self.design.steps:
            self._step(name, number)
        self._a_new_failure_is_seen()
        return True

    def _start(self) -> list[str]:
        """Return the sentences with which the bot refuses to start."""
        try:
            check_tables(self.queue.engine, self.queue.queue)
        except StartError as error:
            return error.problems
        return []

    def ask(self, words: str | Request) -> Outcome:
        """Run a command and draw its answer."""
        invocation = Invocation(
            Actor(ANA, TEAM, Source.SLASH),
            request_id("random", uuid4()),
            monotonic() + 30,
            OPS,
        )
        outcome = dispatch(self.setup, invocation, words)
        assert answer(self.setup, invocation, outcome).blocks
        assert json.dumps(envelope(self.setup, outcome))
        assert not isinstance(outcome.refusal, Busy), words
        code = "ok" if outcome.refusal is None else outcome.refusal.code
        self.outcomes[f"{str(words).split()[0]} {code}"] += 1
        return outcome

    # ---- changes

    def _step(self, name: str, number: int) -> None:
        rows = self.observer.rows()
        failed, jobs = _ids(rows.failed), _ids(rows.jobs)
        if name == "undo":
            self._change("undo")
        elif name == "undo-bulk":
            self._bulk("undo")
        elif name in ("retry-all", "clear-failed"):
            self._bulk(name)
        elif name == "retry-queue":
            queues = sorted({text for text in map(self._queue_of, failed) if text})
            if queues:
                self._bulk(f'retry queue="{queues[number % len(queues)]}"')
        elif name == "delete" and jobs:
            self._change(f"delete {jobs[number % len(jobs)]}")
        elif name in ("retry", "delete-failed") and failed:
            self._change(f"{name} {failed[number % len(failed)]}")
        elif name.endswith("-several") and failed:
            words = {"retry-several": "retry", "delete-several": "delete-failed"}[name]
            self._change(f"{words} {' '.join(map(str, failed[: 1 + number]))}")

    def _queue_of(self, failed_id: int) -> str | None:
        """Return the queue's name if a person can type it."""
        outcome = self.ask(f"failed-job {failed_id}")
        assert outcome.result is not None, (failed_id, outcome.refusal)
        name: str = outcome.result.model_dump()["data"]["failed_job"]["queue"]
        return name if name.isalnum() else None

    def _change(self, words: str) -> None:
        """Run a command that changes rows at once, and compare the rows before and after."""
        before = self.observer.rows()
        outcome = self.ask(words)
        if _preview(outcome) is not None:
            assert self.observer.rows() == before
            return
        changes = self._changes(before)
        if outcome.refusal is not None:
            assert not changes, (words, outcome.refusal, changes)
            return
        assert changes, words
        assert outcome.result is not None
        self._hold(words.split(maxsplit=1)[0], before, changes)

    def _bulk(self, words: str) -> None:
        """Preview, confirm and run a bulk change, and compare the rows before and after."""
        before = self.observer.rows()
        outcome = self.ask(words)
        preview = _preview(outcome)
        if preview is None:
            changes = self._changes(before)
            if changes:
                self._hold(words.split(maxsplit=1)[0], before, changes)
            return
        assert self.observer.rows() == before
        if preview.total == 0:
            assert (
                words.split(maxsplit=1)[0] not in ("retry-all", "clear-failed") or not before.failed
            )
            return
        typed = {"plan": preview.plan, "typed": preview.total}
        started = self.ask(Request(preview.action, typed))
        assert started.refusal is None, (words, vars(started.refusal))
        runner = Runner(self.setup, rows=4, lanes=1, seconds=0)
        with captured_lines() as lines:
            for _ in range(60):
                if not (runner.run_once() or runner.run_once()):
                    break
        with reading(self.queue.engine) as connection:
            operation = operations.find(connection, preview.plan)
        assert operation is not None
        assert operation.state in ("done", "stopped"), (operation, lines)
        assert operation.reason != "batch-failed", lines
        assert not errors(lines), errors(lines)
        self.outcomes[f"{preview.action} {operation.state}"] += 1
        changes = self._changes(before)
        moved = changes.lost["failed_jobs"] or changes.added["failed_jobs"]
        assert len(moved) == operation.done, (operation, changes)
        self._hold(preview.action, before, changes)

    def _changes(self, before: Rows) -> "Changes":
        after = self.observer.rows()
        changes = Changes(before, after)
        for table, now in (("jobs", after.jobs), ("failed_jobs", after.failed)):
            then = before.jobs if table == "jobs" else before.failed
            changes.lost[table] = [id_ for id_ in then if id_ not in now]
            changes.added[table] = [id_ for id_ in now if id_ not in then]
            for id_ in then.keys() & now.keys():
                assert then[id_] == now[id_], f"row {id_} of {table} was replaced by another row"
        return changes

    def _hold(self, action: str, before: Rows, changes: "Changes") -> None:
        """Check that the action may remove and add these rows."""
        lost, added = changes.lost, changes.added
        if action in ("retry", "retry-all"):
            assert not lost["jobs"]
            assert not added["failed_jobs"]
            assert changes.contents("failed_jobs", lost) == changes.contents("jobs", added)
        elif action == "undo":
            assert not added["jobs"] or not added["failed_jobs"]
            self._come_back(changes)
        else:
            table = "jobs" if action == "delete" else "failed_jobs"
            assert sum(map(len, (*lost.values(), *added.values()))) == len(lost[table])
        for table, rows in (("jobs", before.jobs), ("failed_jobs", before.failed)):
            self.removed[table] += [(id_, rows[id_]) for id_ in lost[table]]

    def _come_back(self, changes: "Changes") -> None:
        """Check that each restored row equals a removed one; its id may differ."""
        for table, now in (("jobs", changes.after.jobs), ("failed_jobs", changes.after.failed)):
            for id_ in changes.added[table]:
                row = _without_id(now[id_])
                same = [one for one in self.removed[table] if _without_id(one[1]) == row]
                assert same, (table, id_, now[id_], self.removed[table])
        restored = changes.contents("failed_jobs", changes.added)
        taken_back = changes.contents("jobs", changes.lost)
        assert not taken_back - restored

    # ---- reads

    def _background(self) -> None:
        """Run rounds of the background work; none of its steps may fail."""
        self.clock.move(seconds=31)
        with captured_lines() as lines:
            watcher = Watcher(self.setup, Refusing(), interval=0)
            for _ in range(2):
                watcher.tick()
            metrics.sample_once(self.setup, hold(self.setup), indexed=True)
        assert not errors(lines), errors(lines)

    def _nothing_is_unseen(self) -> None:
        """Compare lists, details, counts, the index and the health with the tables themselves."""
        rows = self.observer.rows()
        data = {words: self._read(words) for words in READS}
        assert {row["id"] for row in data["failed limit=200"]["failed_jobs"]} == set(rows.failed)
        assert {row["id"] for row in data["jobs limit=200"]["jobs"]} == set(rows.jobs)
        status = data["status"]
        counted = [one["count"] for one in (*status["pending_jobs"], *status["reserved_jobs"])]
        assert (sum(counted), status["failed_jobs_count"]) == (len(rows.jobs), len(rows.failed))
        for id_ in rows.failed:
            self._read(f"failed-job {id_}")
        for id_ in rows.jobs:
            self._read(f"job {id_}")
        assert not draw(self.setup, ANA, TEAM).refused
        assert sorted(id_ for id_, _ in live(self.queue)) == sorted(rows.failed)
        problems = self._problems()
        assert not [one for one in problems if one.part == "failures"], problems

    def _a_new_failure_is_seen(self) -> None:
        """A failure unindexed for three minutes is a problem until the next check."""
        before = set(self.observer.rows().failed)
        self.observer.write(self.design.later)
        new = set(self.observer.rows().failed) - before
        self.clock.move(minutes=3)
        lags = [one.code for one in self._problems() if one.part == "failures"]
        is_stamped = any("NEW.failed_at" in rule for rule in self.design.rules)
        if new and not is_stamped and any(time in self.design.later for time in PAST):
            assert lags == ["index-lag"]
        assert lags in ([], ["index-lag"])
        assert new or not lags
        self._background()
        self._nothing_is_unseen()

    def _problems(self) -> Sequence[HealthProblem]:
        """Return the health's problems, except that no replica leads: the story holds no lease."""
        with reading(self.queue.engine) as connection:
            now = self.clock(connection)
            state = health(connection, self.queue.queue, now)
        return [one for one in state.problems if one.part != "watcher"]

    def _read(self, words: str) -> Any:
        outcome = self.ask(words)
        assert outcome.result is not None, (words, outcome.refusal)
        return outcome.result.model_dump(mode="json")["data"]


@dataclass
class Changes:
    """The ids that a step removed from and added to each table."""

    before: Rows
    after: Rows
    lost: dict[str, list[int]] = field(default_factory=dict)
    added: dict[str, list[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any((*self.lost.values(), *self.added.values()))

    def contents(self, table: str, ids: dict[str, list[int]]) -> Counter[tuple[object, object]]:
        """Count the contents of these rows of a table."""
        rows = self.after if ids is self.added else self.before
        return Counter(rows.content(table, id_) for id_ in ids[table])


def _ids(rows: dict[int, Row]) -> list[int]:
    return sorted(id_ for id_ in rows if 0 < id_ <= LARGEST_ID)


def _without_id(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "id"}


def _preview(outcome: Outcome) -> Preview | None:
    extra = None if outcome.result is None else outcome.result.extra
    return extra.preview if isinstance(extra, BulkExtra) else None
