"""Scenarios of people who lose a role or send too much; the guards are those of trust.

Each takes the queue and the mutant to run under, as in `scenarios`.
"""

from contextlib import ExitStack, closing
from dataclasses import replace

from slack_sdk import WebClient
from sqlalchemy import delete, insert

from bot.access import role_changes
from bot.access.roles import Rules
from bot.app import records
from bot.app.limits import PersonLimits
from bot.background import audit
from bot.background.operations.runner import Runner
from bot.background.outbox.deliver import deliver_once
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.slack.directory import SlackDirectory
from bot.store import tables
from bot.store.audit import retention
from bot.store.audit.audit_log import compact
from bot.store.audit.keys import AuditKey, AuditKeys
from bot.store.audit.verification import verify
from tests.crash.scenarios import Mutant
from tests.kit.bulk import previewed, run_out
from tests.kit.clock import Seconds, StandingClock
from tests.kit.posting import Endless, poster_of
from tests.kit.queues import GRACE, TestQueue, payload
from tests.kit.replicas import AUDIT, OMAR, SAM, ask, codes, confirm, hold, make_setup


def a_removed_person_retries(queue: TestQueue, mutant: Mutant) -> None:
    """Slack tells one replica of a removal; the person retries through the other one."""
    ids = [queue.fail(order=number) for number in range(15)]
    with LocalSlack() as slack, ExitStack() as both:
        client = WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])
        directories = [SlackDirectory(client, grace=GRACE) for _ in range(2)]
        for directory in directories:
            both.enter_context(closing(directory))
        rules = Rules(operators=(IDS.oncall,), change_channels=(IDS.queue_ops,), team=IDS.team)
        first, second = (
            make_setup(queue, name, rules=rules, directory=directory)
            for name, directory in zip("ab", directories, strict=True)
        )
        assert codes([ask(second, f"retry {ids[0]}", by=IDS.operator)]) == ["ok"]
        group = slack.workspace.groups[IDS.oncall]
        slack.workspace.put_group(replace(group, members=(IDS.lucia,)))
        role_changes.announce_change(first.engine)
        with mutant():
            outcomes = [ask(second, f"retry {id_}", by=IDS.operator) for id_ in ids[1:]]
    assert codes(outcomes) == ["denied"] * 14
    assert len(queue.failed) == 14


def a_flood_of_refusals_before_a_change(queue: TestQueue, mutant: Mutant) -> None:
    """Ten people without a role are refused again and again; then an operator retries a job."""
    queue.fail(45)
    setup = make_setup(queue, clock=StandingClock())
    people = [f"U07NOROLE{number:03d}" for number in range(10)]
    with LocalSlack() as slack, mutant():
        poster, rates = poster_of(slack), Endless()
        for _ in range(2):
            for person in people:
                ask(setup, "retry 45", by=person)
        audit.seal_once(setup, hold(setup))
        assert codes([ask(setup, "retry 45", by=OMAR)]) == ["ok"]
        audit.seal_once(setup, hold(setup))
        for _ in range(3):
            deliver_once(setup, poster, hold(setup), rates)
        texts = [message["text"] for message in slack.messages(AUDIT)]
    assert "retried" in texts[0], texts
    assert len(texts) == 3
    assert all("needs operator" in text for text in texts[1:])


def an_operator_retries_in_two_requests(queue: TestQueue, mutant: Mutant) -> None:
    """An operator may retry 500 jobs; each of two bulk retries has fewer, both have more."""
    row = {"payload": payload(), "exception": "E", "failed_at": "2025-11-07 17:00:00"}
    rows = [row | {"queue": name} for name in ["a"] * 340 + ["b"] * 340 + ["c"]]
    with queue.engine.begin() as connection:
        connection.execute(queue.queue.failed.insert(), rows)
    clock = StandingClock()
    setup = make_setup(queue, clock=clock)
    plans = [previewed(setup, f"retry queue={name}", by=OMAR).plan for name in "ab"]
    with mutant():
        outcomes = [confirm(setup, "retry", plan, by=OMAR) for plan in plans]
        assert codes(outcomes) == ["ok", "denied"]
    (last,) = [row.id for row in queue.failed if row.queue == "c"]
    assert codes([ask(setup, f"retry {last}", by=OMAR)]) == ["ok"]
    clock.move(minutes=11)
    run_out(Runner(setup))
    assert codes([ask(setup, "retry queue=b", by=OMAR)]) == ["ok"]


def a_person_sends_requests_without_a_pause(queue: TestQueue, mutant: Mutant) -> None:
    """A person without a role repeats a request: three records, and one that counts the others."""
    queue.fail(45)
    clock = Seconds()
    limits = PersonLimits({"commands": 20, "refusals": 3}, clock)
    setup = make_setup(queue, limits=limits)
    with mutant():
        outcomes = [ask(setup, "retry 45", by=SAM) for _ in range(40)]
        assert codes(outcomes) == ["denied"] * 20 + ["too-many"] * 20
        # Another person is not affected.
        assert codes([ask(setup, "retry 45", by=OMAR)]) == ["ok"]
        clock.now += 61
        records.record_folded(setup)
    rows = [row for row in queue.rows(tables.audit) if row.actor == SAM]
    assert [row.reason for row in rows] == ["denied"] * 3 + ["too-many"]
    assert rows[-1].arguments == '{"count":37}'


def a_checkpoint_is_forged(queue: TestQueue, mutant: Mutant) -> None:
    """Somebody deletes the record of a change, and inserts a record that says it was summed up."""
    queue.fail(45)
    keys = AuditKeys(AuditKey("1" * 64))
    setup = make_setup(queue, audit_keys=keys)
    ask(setup, "retry 45")
    audit.seal_once(setup, hold(setup))
    (change,) = [row for row in queue.rows(tables.audit) if row.action == "retry"]
    (link,) = [row for row in queue.rows(tables.audit_chain) if row.audit_id == change.id]
    digest = retention.digest_of_links([(link.seq, link.digest)])
    arguments = compact({"seqs": [[link.seq, link.seq]], "digest": digest})
    forged = {"id": change.id + 100, "action": retention.PURGED, "arguments": arguments}
    with queue.engine.begin() as connection:
        connection.execute(delete(tables.audit).where(tables.audit.c.id == change.id))
        connection.execute(insert(tables.audit).values(change._asdict() | forged))
    with mutant(), queue.engine.begin() as connection:
        sentences = list(verify(connection, keys=keys))
    assert sentences == [f"Record {change.id} of link {link.seq} was removed."]
