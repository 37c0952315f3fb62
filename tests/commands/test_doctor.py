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
    assert "*Problem* `channels` `The channel #queue-audit" in problem
    assert "Unarchive" in problem
    assert "No problem: `slack-token`, `slack-scopes`" in answer.text


def test_an_admin_who_uses_slack_in_spanish_reads_spanish(team: Team) -> None:
    workspace = team.slack.workspace
    admin = workspace.users[team.slack.ids.admin]
    workspace.put_user(replace(admin, locale="es-ES"))
    audit = workspace.channels[team.slack.ids.queue_audit]
    workspace.put_channel(replace(audit, is_archived=True))

    answer = team.say("doctor", as_="admin")

    assert "está archivado: sus mensajes esperan" in answer.text


def test_an_operator_may_not_run_the_checks(team: Team) -> None:
    assert "admin" in team.say("doctor").text
    assert "slack-token" not in team.say("doctor").text
