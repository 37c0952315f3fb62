"""With a second person, a final or large bulk change waits until another admin approves it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.app.approvals import APPROVE_WITHIN
from bot.database.transactions import now_of
from bot.localslack.demo import IDS
from bot.models.operations import Preview
from bot.store import tables
from bot.store.audit.verification import verify
from bot.store.operations.operations import AWAITING, retried_since
from bot.terminal.do import TerminalRequest, do
from tests.kit.bulk_in_slack import ended, fill, operation
from tests.kit.queues import TestQueue
from tests.kit.team import Json, Team, action_ids, team_at_work

LIMIT = 3


@pytest.fixture
def pair(kept_queue: TestQueue) -> Iterator[Team]:
    """Two admins, Ana and Lucía; bulk changes above three jobs need both."""
    admins = (IDS.admin, IDS.lucia)
    with team_at_work(kept_queue, admins=admins, second_person=LIMIT) as team:
        yield team


def requested(team: Team) -> Json:
    """Wait for the request in the channel and return its message."""
    return team.until(
        lambda: next((m for m in team.posted("queue-ops") if "run:approve" in action_ids(m)), None)
    )


def outcomes(team: Team) -> list[tuple[str, str]]:
    """Return action and outcome of every audit record, oldest first."""
    return [(row.action, row.outcome) for row in team.records]


def test_a_request_that_waits_counts_against_the_limit_of_its_person(pair: Team) -> None:
    team = pair
    fill(team.queue)
    team.queue.fail(46)
    team.until(lambda: team.queue.count(tables.failures) == 6)
    team.submit(team.say("retry queue=netsuite").view, as_="operator")
    requested(team)

    with team.queue.engine.begin() as connection:
        since = now_of(connection) - timedelta(minutes=10)
        assert retried_since(connection, IDS.operator, since) == 4


def test_nothing_is_deleted_before_another_admin_approves(pair: Team) -> None:
    team = pair
    fill(team.queue)
    answer = team.submit(team.say("clear-failed", as_="admin").view, "5")
    # The dialog stays and says that the request waits; a started operation would close it.
    assert "waits for approval" in answer.everything
    request = requested(team)
    late = team.queue.fail(46)

    assert operation(team).state == AWAITING
    assert f"<@{IDS.admin}> asks for approval" in request["text"]
    assert "delete 5 failed jobs" in request["text"]
    assert "is your own request" in team.click(request, "run:approve", as_="admin").text
    assert "this needs the role admin" in team.click(request, "run:approve").text
    team.restart()
    assert len(team.queue.failed) == 6

    assert "aprobaste" in team.click(request, "run:approve", as_="lucia").text.lower()

    done = ended(team)
    assert (done.state, done.done, done.actor) == ("done", 5, IDS.admin)
    assert [row.id for row in team.queue.failed] == [late]
    assert "no espera" in team.say(f"approve O{done.id}", as_="lucia").text
    team.until(lambda: action_ids(team.now(request)) == ["run:undo"])
    assert outcomes(team)[:5] == [
        ("clear-failed", "requested"),
        ("approve", "refused"),
        ("approve", "denied"),
        ("approve", "ok"),
        ("clear-failed", "done"),
    ]
    audited = "\n".join(team.audit_texts(6))
    assert f"<@{IDS.admin}> asked for approval of operation O{done.id}: delete 5" in audited
    assert f"<@{IDS.lucia}> approved operation O{done.id} of <@{IDS.admin}>: delete 5" in audited
    with team.queue.engine.begin() as connection:
        assert list(verify(connection)) == []


def test_only_a_change_above_the_limit_waits_for_approval_and_can_be_declined(pair: Team) -> None:
    team = pair
    fill(team.queue)
    team.submit(team.say("retry queue=mail", as_="operator").view, as_="operator")
    assert ended(team).done == 2
    for id_ in (51, 52):
        team.queue.fail(id_)

    team.submit(team.say("retry queue=netsuite", as_="operator").view, as_="operator")
    request = requested(team)
    answer = team.click(request, "run:decline", as_="admin")

    assert "You declined" in answer.text
    team.until(lambda: "was declined" in team.now(request)["text"])
    assert action_ids(team.now(request)) == []
    assert len(team.queue.failed) == 5
    assert outcomes(team)[-2:] == [("retry", "requested"), ("decline", "ok")]


def test_an_operator_withdraws_only_their_own_request(pair: Team) -> None:
    team = pair
    fill(team.queue)
    team.submit(team.say("retry-all", as_="admin").view)
    number = operation(team).id
    assert "needs the role admin" in team.say(f"decline {number}").text
    assert "declined" in team.say(f"decline {number}", as_="admin").text
    assert operation(team).state == "declined"


def test_an_unapproved_request_expires(pair: Team) -> None:
    team = pair
    fill(team.queue)
    team.submit(team.say("retry-all", as_="admin").view)
    request = requested(team)
    team.clock.move(seconds=(APPROVE_WITHIN + timedelta(seconds=1)).total_seconds())

    assert "no espera" in team.click(request, "run:approve", as_="lucia").text
    team.until(lambda: "Nobody approved" in team.now(request)["text"])

    assert operation(team).state == "expired"
    assert len(team.queue.failed) == 5
    assert ("retry-all", "expired") in outcomes(team)


def test_a_terminal_cannot_approve_a_request(pair: Team) -> None:
    team = pair
    fill(team.queue)
    setup = team.bot.setup

    def run(words: str, name: str) -> tuple[int, str]:
        lines: list[str] = []
        request = TerminalRequest(words, name, yes=True)
        return do(setup, request, lines.append, _never), lines[-1]

    code, sentence = run("clear-failed", "lucia")
    request = requested(team)
    number = operation(team).id

    assert (code, "another admin must approve" in sentence) == (1, True)
    assert "must be approved in Slack" in run(f"approve {number}", "ana")[1]
    assert "tu propia solicitud" in team.click(request, "run:approve", as_="lucia").text
    assert operation(team).state == AWAITING
    assert "You approved" in team.click(request, "run:approve", as_="admin").text
    assert ended(team).state == "done"


def _never(_preview: Preview) -> int | None:
    return None
