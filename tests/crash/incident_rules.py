"""Incidents in the state machine: failures, people who react, and a leader's steps."""

from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import delete, select

from bot.localslack.faults import LostAnswer
from bot.store import tables
from bot.store.leases import LeaseLost
from bot.store.tables import failures, leases
from tests.crash.bulk_rules import Bulk
from tests.crash.watch_steps import STEPS
from tests.crash.world import FAILURE, FAULTS, PICK, REPLICAS
from tests.kit.posting import deliver, poster_of
from tests.kit.replicas import ANA, OMAR, ask

PEOPLE = st.sampled_from([ANA, OMAR])
EDIT_FAULTS: list[Any] = [429, 500, "message_not_found", "internal_error", "is_archived"]
HOUR = 3_600
LENGTHS = ("5m", "20m", "2h")
WATCHED = (tables.incidents, tables.incident_deltas, tables.probe_states, failures, tables.outbox)
"""The tables that a leader's steps change."""


class Watched(Bulk):
    """Failures and alerts, and people's reactions to them."""

    @rule(like=FAILURE, times=st.sampled_from([2, 3, 7]))
    def fail_many_with_one_cause(self, like: Any, times: int) -> None:
        """Several jobs fail with one cause."""
        for _ in range(times):
            self.insert_job(failed=True, like=like)

    @precondition(lambda self: self.queue.failed)
    @rule(pick=PICK, rows=st.sampled_from([1, 3, 50]))
    def remove_rows_without_the_bot(self, pick: int, rows: int) -> None:
        """A person deletes failed jobs by hand."""
        there = self.queue.failed
        first = pick % len(there)
        gone = there[first : first + rows]
        failed = self.queue.queue.failed
        with self.queue.engine.begin() as connection:
            ids = [row.id for row in gone]
            connection.execute(delete(failed).where(failed.c.id.in_(ids)))
        self.worked.update(row.payload for row in gone)

    # ---- people

    @precondition(lambda self: self.queue.rows(tables.incidents))
    @rule(name=REPLICAS, by=PEOPLE, pick=PICK)
    def acknowledge(self, name: str, by: str, pick: int) -> None:
        """A person acknowledges an incident."""
        row = self._incident(pick)
        self.send(
            name, lambda setup, key: ask(setup, f"acknowledge I{row.id}", by=by, key=key), None
        )

    @precondition(lambda self: self.queue.rows(tables.incidents))
    @rule(
        name=REPLICAS,
        by=PEOPLE,
        pick=PICK,
        what=st.sampled_from(["I{row.id}", "queue={row.queue}", "alert={row.rule}"]),
        length=st.sampled_from(LENGTHS),
    )
    def mute(self, name: str, by: str, pick: int, what: str, length: str) -> None:
        """A person mutes an incident, a queue or an alert rule for a while."""
        words = f"mute {what.format(row=self._incident(pick))} for={length}"
        self.send(name, lambda setup, key: ask(setup, words, by=by, key=key), None)

    @precondition(lambda self: self.queue.rows(tables.mutes))
    @rule(name=REPLICAS, by=PEOPLE, pick=PICK)
    def unmute(self, name: str, by: str, pick: int) -> None:
        """A person unmutes one of the muted topics."""
        rows = self.queue.rows(tables.mutes)
        row = rows[pick % len(rows)]
        word = f"error=E{row.error_group}" if row.error_group else f"alert={row.rule}"
        words = f"unmute queue={row.queue}" if row.queue else f"unmute {word}"
        self.send(name, lambda setup, key: ask(setup, words, by=by, key=key), None)

    def _incident(self, pick: int) -> Any:
        rows = self.queue.rows(tables.incidents)
        return rows[pick % len(rows)]

    @precondition(lambda self: self._posted_incidents())
    @rule(pick=PICK)
    def delete_a_message(self, pick: int) -> None:
        """A person deletes the alert of an incident."""
        rows = self._posted_incidents()
        row = rows[pick % len(rows)]
        client = WebClient(token=self.slack.bot_token, base_url=self.slack.base_url)
        with suppress(SlackApiError):  # the alert was deleted before
            client.chat_delete(channel=row.channel, ts=row.message_ts)

    def _posted_incidents(self) -> list[Any]:
        return [row for row in self.queue.rows(tables.incidents) if row.message_ts]

    # ---- what runs by itself

    @rule(seconds=st.sampled_from([301, 901, HOUR + 1]))
    def wait_long(self, seconds: int) -> None:
        """Wait until incidents escalate, resolve as quiet, or are too old to be reopened."""
        self.clock.move(seconds=seconds)

    @rule(faults=st.lists(st.sampled_from(EDIT_FAULTS), max_size=3))
    def make_edits_fail(self, faults: list[Any]) -> None:
        """Slack refuses the next edits."""
        self.slack.script("chat.update", faults)

    @rule(faults=st.lists(st.sampled_from([*FAULTS, LostAnswer()]), min_size=1, max_size=3))
    def lose_the_alert_channel(self, faults: list[Any]) -> None:
        """Slack refuses the next posts, or accepts one and loses the answer."""
        self.slack.script("chat.postMessage", faults)

    @rule(name=REPLICAS, steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4))
    def take_some_leader_steps(self, name: str, steps: list[str]) -> None:
        """A replica takes some of the leader's steps in any order, and then stops."""
        with suppress(AssertionError):  # hold: another replica has the lease
            self.hold(name)
        self._take_steps(name, steps)

    @precondition(lambda self: self.leases)
    @rule(name=REPLICAS, steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=3))
    def continue_after_a_pause(self, name: str, steps: list[str]) -> None:
        """A replica takes steps under its old lease, even if another replica leads now."""
        self._take_steps(name, steps)

    def _take_steps(self, name: str, steps: list[str]) -> None:
        lease = self.leases.get(name)
        if lease is None:
            return
        (now,) = [row for row in self.queue.rows(leases) if row.name == lease.name]
        late = (now.owner, now.epoch) != (lease.owner, lease.epoch)
        before = self._all_rows() if late else []
        for step in steps:
            try:
                self.observer.take(step, self.setups[name], lease)
            except LeaseLost:
                assert late, f"replica {name} holds the lease, but the step {step} was stopped"
        if late:
            with suppress(LeaseLost):
                deliver(self.setups[name], poster_of(self.slack), lease, rounds=1)
            assert self._all_rows() == before, (
                f"replica {name} has lost its lease, but the steps {steps} changed rows"
            )

    def _all_rows(self) -> list[Any]:
        with self.queue.engine.begin() as connection:
            return [connection.execute(select(table)).all() for table in WATCHED]
