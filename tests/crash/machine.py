"""The state machine: workers, clicks, bulk changes, undos, crashes and a failing Slack.

Hypothesis chooses the steps in any order. If an invariant breaks, it finds the shortest run that
breaks it.
"""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot.app.dispatch import request_id
from bot.app.parsing import Request
from bot.queue.reads import failed_job
from tests.crash.frameworks import is_movable
from tests.crash.incident_rules import Watched
from tests.crash.world import PICK, REPLICAS
from tests.kit.replicas import ANA, OMAR, SAM, ask, codes

STEPS = [
    "claimed",
    "retry-locked",
    "retry-archived",
    "retry-moved",
    "ran",
    "settled",
    "committed",
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
RELEASE_STEPS = ["claimed", "release-locked", "settled", "committed"]
PEOPLE = st.sampled_from([ANA, OMAR, SAM])


class Machine(Watched):
    """The actions of people and replicas on single jobs."""

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
        """A person clicks; the process may crash during the request."""
        rows = self.queue.jobs if words == "delete" else self.queue.failed
        row_id = rows[pick % len(rows)].id if rows else pick + 1
        if stale:
            row_id += 1_000_000
        self.send(name, lambda setup, key: ask(setup, f"{words} {row_id}", by=by, key=key), step)

    @precondition(lambda self: self.requests)
    @rule(name=REPLICAS, pick=PICK)
    def repeat_a_request(self, name: str, pick: int) -> None:
        """Slack delivers the same envelope again, to any replica."""
        key, send, before = self.requests[pick % len(self.requests)]
        again = send(self.setups[name])
        # A request that was refused as busy or frozen may succeed when it is repeated.
        if before is not None and codes([before])[0] not in ("busy", "frozen"):
            assert codes([again]) == codes([before]), (
                f"the repeated request {key} got another answer"
            )
        self.note(key, again)

    @rule(name=REPLICAS, by=st.sampled_from([ANA, ANA, OMAR]), pick=PICK)
    def click_an_old_button(self, name: str, by: str, pick: int) -> None:
        """A person retries with a row's digest, or with a digest that no longer matches the row."""
        rows = self.queue.failed
        if not rows:
            return
        row = rows[pick % len(rows)]
        row_id = row.id
        with self.queue.engine.begin() as connection:
            seen = failed_job(connection, self.queue.queue, row_id).row_digest
        words = {"ids": str(row_id), "digest": seen if pick % 2 else "0" * 32}
        outcome = ask(self.setups[name], Request("retry", words), by=by)
        expected = "frozen" if self.is_off else "ok" if pick % 2 else "changed"
        if expected == "ok" and not is_movable(row):
            expected = "other-connection"
        assert codes([outcome]) == ["not-member" if by in self.people.gone else expected]

    @rule(
        name=REPLICAS,
        by=st.sampled_from([ANA, OMAR]),
        pick=PICK,
        step=st.none() | st.sampled_from(UNDO_STEPS),
    )
    def undo(self, name: str, by: str, pick: int, step: str | None) -> None:
        """A person undoes the change of an older message, or their own last change."""
        keys = [key for key, _, outcome in self.requests if outcome is not None]
        words: dict[str, object] = {}
        if keys and pick % 3:
            words["request"] = request_id("test", keys[pick % len(keys)])
        self.send(name, lambda setup, key: ask(setup, Request("undo", words), by=by, key=key), step)

    @precondition(lambda self: self.queue.jobs)
    @rule(
        name=REPLICAS,
        by=st.sampled_from([ANA, OMAR]),
        pick=PICK,
        step=st.none() | st.sampled_from(RELEASE_STEPS),
    )
    def release(self, name: str, by: str, pick: int, step: str | None) -> None:
        """A person releases a reserved job; nothing else about the job changes."""
        before = self.queue.jobs
        held = [row.id for row in before if row.reserved_at is not None]
        row_id = held[pick % len(held)] if held else before[pick % len(before)].id
        self.send(name, lambda setup, key: ask(setup, f"release {row_id}", by=by, key=key), step)
        for was, now in zip(before, self.queue.jobs, strict=True):
            if was != now:
                assert now._asdict() == was._asdict() | {"reserved_at": None}
                assert was.id == row_id

    @rule()
    def deactivate_or_reactivate_ana(self) -> None:
        """Ana is deactivated or reactivated."""
        self.people.gone ^= {ANA}
        self.requests.clear()  # the recorded answers depended on her role
