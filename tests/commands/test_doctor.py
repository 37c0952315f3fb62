"""`/queue doctor` shows an admin the findings, the problems first, in the person's language."""

from dataclasses import replace

from tests.kit.team import Team


def test_an_admin_sees_the_problems_first(team: Team) -> None:
    workspace = team.slack.workspace
    audit = workspace.channels[team.slack.ids.queue_audit]
    workspace.put_channel(replace(audit, is_archived=True))
    try:
        answer = team.say("doctor", as_="admin")
    finally:
        workspace.put_channel(audit)

    first, problem, *_ = answer.text.splitlines()
    assert "*1 problem*" in first
    assert "*Problem* `channels` The channel #queue-audit" in problem
    assert "Unarchive" in problem
    assert "No problem: `slack-token`, `slack-scopes`" in answer.text


def test_an_operator_may_not_run_the_checks(team: Team) -> None:
    assert "admin" in team.say("doctor").text
    assert "slack-token" not in team.say("doctor").text
