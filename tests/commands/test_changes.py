"""The spec's changes through Slack: rows, reply, channel message and audit record."""

import re
from threading import Thread

import pytest
from sqlalchemy import insert

from bot.app.responses import Outcome
from bot.database.transactions import now_of
from bot.localslack.demo import IDS
from bot.models.operations import OPERATOR_ROWS
from bot.store import tables
from tests.kit.concurrency import before_statement, lock_waits, until
from tests.kit.queues import TestQueue, payload
from tests.kit.replicas import OMAR, ask, codes, make_setup
from tests.kit.team import Team, team_at_work

SEAL = re.compile(r"#(\d+) ([0-9a-f]{8})$")
UNUSUAL = payload(803193) + "  \u00f1 \U0001f4a5 \\u0000 'quotes' \"more\" \t end"


def records(team: Team) -> list[tuple[str, str, str]]:
    """Return actor, action and outcome of every audit record, oldest first."""
    return [(row.actor, row.action, row.outcome) for row in team.records]


def test_retry_moves_the_job_and_informs_the_person_the_channel_and_the_audit_channel(
    team_on_each: Team,
) -> None:
    team = team_on_each
    team.queue.fail(45, body=UNUSUAL)
    team.queue.fail(46)

    answer = team.say("retry 45")

    (job,) = team.queue.jobs
    assert (job.queue, job.payload, job.attempts, job.reserved_at) == (
        "netsuite",
        UNUSUAL,
        0,
        None,
    )
    assert job.max_attempts == 3
    assert [row.id for row in team.queue.failed] == [46]
    (kept,) = team.archived
    assert (kept.kind, kept.row_id, kept.action, kept.payload) == ("failed", 45, "retry", UNUSUAL)
    assert answer.reply["response_type"] == "ephemeral"
    assert f"Failed job 45 is back in the queue as job {job.id}" in answer.text
    (text,) = team.channel_texts("queue-ops")
    assert f"<@{IDS.operator}> retried failed job 45" in text
    (audited,) = team.audit_texts()
    assert f"<@{IDS.operator}> retried failed job 45" in audited
    assert "failed job 45" in audited
    assert f"<#{IDS.queue_ops}>" in audited
    assert records(team) == [(IDS.operator, "retry", "ok")]


def test_an_audit_message_links_to_the_message_in_the_channel(team: Team) -> None:
    team.queue.fail(45)
    team.say("retry 45")

    (seen,) = team.until(lambda: team.posted("queue-ops"))
    (audited,) = team.until(lambda: team.posted("queue-audit"))

    link = f"{team.slack.url}archives/{IDS.queue_ops}/p{seen['ts'].replace('.', '')}"
    assert link in str(audited["blocks"])


def test_an_audit_message_ends_with_its_number_in_the_chain(team: Team) -> None:
    team.queue.fail(45)
    team.say("retry 45")
    team.say("retry 45")

    texts = team.audit_texts(2)

    ends = [SEAL.search(text) for text in texts]
    assert [end and end[1] for end in ends] == ["1", "2"]


def test_delete_removes_a_job_and_warns_if_a_worker_has_the_job(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.push(123, attempts=2, reserved_at=1762537400, body=UNUSUAL)
    team.queue.push(124)

    answer = team.say("delete 123", as_="admin")

    assert [row.id for row in team.queue.jobs] == [124]
    (kept,) = team.archived
    assert (kept.kind, kept.row_id, kept.action, kept.payload) == ("job", 123, "delete", UNUSUAL)
    assert answer.reply["response_type"] == "ephemeral"
    assert "Job 123 deleted" in answer.text
    assert "may still finish the job" in answer.text
    (text,) = team.channel_texts("queue-ops")
    assert f"<@{IDS.admin}> deleted job 123" in text
    (audited,) = team.audit_texts()
    assert "deleted job 123" in audited
    assert "job 123" in audited
    assert SEAL.search(audited)
    assert records(team) == [(IDS.admin, "delete", "ok")]


def test_delete_failed_deletes_a_failed_job_permanently(team_on_each: Team) -> None:
    team = team_on_each
    team.queue.fail(45, body=UNUSUAL)
    team.queue.fail(46)

    answer = team.say("delete-failed 45", as_="admin")

    assert [row.id for row in team.queue.failed] == [46]
    assert team.queue.jobs == []
    (kept,) = team.archived
    assert (kept.kind, kept.row_id, kept.action) == ("failed", 45, "delete-failed")
    assert kept.payload == UNUSUAL
    assert "Failed job 45 deleted permanently" in answer.text
    (text,) = team.channel_texts("queue-ops")
    assert f"<@{IDS.admin}> deleted failed job 45 permanently" in text
    (audited,) = team.audit_texts()
    assert "deleted failed job" in audited
    assert SEAL.search(audited)
    assert records(team) == [(IDS.admin, "delete-failed", "ok")]


def test_several_ids_are_retried_in_one_change_and_missing_ids_are_named(team: Team) -> None:
    for id_ in (45, 46, 50, 51):
        team.queue.fail(id_, order=803000 + id_)

    answer = team.say("retry 45,46 50-51 99")

    assert team.queue.failed == []
    assert len(team.queue.jobs) == 4
    assert "Retried 4 failed jobs" in answer.text
    assert "No failed job 99" in answer.text
    (record,) = team.records
    assert record.targets.count('"kind":"failed"') == 4


@pytest.mark.parametrize("command", ["retry", "delete-failed"])
def test_a_change_of_a_removed_failed_job_is_refused_and_names_the_person(
    team: Team, command: str
) -> None:
    team.queue.fail(45)
    team.say("retry 45", as_="lucia")
    before = team.queue.jobs

    answer = team.say(f"{command} 45", as_="admin")

    assert f"Failed job 45 not found: it was already retried by <@{IDS.lucia}>" in answer.text
    assert team.queue.jobs == before
    assert len(team.archived) == 1
    assert records(team)[-1] == (IDS.admin, command, "refused")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("retry 9", "No failed job 9"),
        ("delete-failed 9", "No failed job 9"),
        ("failed-job 9", "No failed job 9"),
        ("delete 9", "Job 9 not found: it was already processed or moved to failed"),
        ("job 9", "Job 9 not found: it was already processed or moved to failed"),
    ],
)
def test_an_unknown_id_is_refused_with_the_sentence_of_the_spec(
    team: Team, words: str, sentence: str
) -> None:
    assert sentence in team.say(words, as_="admin").text


def test_the_public_message_is_posted_in_the_audit_channel_if_the_bot_is_no_member(
    kept_queue: TestQueue,
) -> None:
    with team_at_work(kept_queue, change_channels=(IDS.random,)) as team:
        team.queue.fail(45)
        assert "back in the queue" in team.say("retry 45", channel="random").text

        texts = team.audit_texts(2)
        elsewhere = team.posted("random")

    assert any(f"<@{IDS.operator}> retried failed job 45" in text for text in texts)
    assert any(SEAL.search(text) for text in texts)
    assert elsewhere == []


def test_retries_by_id_at_the_same_moment_stay_within_an_operators_limit(
    mariadb_queue: TestQueue,
) -> None:
    queue = mariadb_queue
    setup = make_setup(queue)
    first, second = queue.fail(), queue.fail()
    row = {"request_id": "x", "actor": OMAR, "queue": "a", "payload_digest": "", "state": "waiting"}
    ids = dict.fromkeys(("failed_id", "retried_as", "job_id", "highest_id"), 1)
    with queue.engine.begin() as connection:
        retried = [row | ids | {"retried_at": now_of(connection)}] * (OPERATOR_ROWS - 1)
        connection.execute(insert(tables.tracked_jobs), retried)
    others: list[Outcome] = []
    other = Thread(target=lambda: others.append(ask(setup, f"retry {second}", by=OMAR)))

    def overtake() -> None:
        other.start()
        until(lambda: others or lock_waits(queue.engine))

    # The first request has counted the rows and has not committed yet.
    with before_statement(queue.engine, "INSERT INTO queue_bot_archive", overtake):
        outcome = ask(setup, f"retry {first}", by=OMAR)
    other.join(20)

    assert sorted(codes([outcome, *others])) == ["denied", "ok"]
    assert len(queue.jobs) == 1
