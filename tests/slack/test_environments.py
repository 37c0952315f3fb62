"""Staging and production in one workspace: nothing of one environment reaches the other."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.localslack.delivery.envelopes import ACK_SECONDS
from bot.localslack.demo import IDS, QUEUE_BOT
from bot.localslack.interactivity.people import CannotError
from bot.localslack.server import LocalSlack
from bot.localslack.workspace import Channel, Group, Identity
from bot.store import tables
from tests.kit.queues import GRACE
from tests.kit.team import Json, Team, sqlite_queue, team_settings

IDENTITY = Identity(
    IDS.team, "Queue Playground", "queue-playground", "A07STAGINGAP", "B07STAGINGBT", "U07STAGINGBT"
)
STAGING = {
    "change_channels": ("C07STGALERTS",),
    "alert_channel": "C07STGALERTS",
    "audit_channel": "C07STGAUDIT1",
    "alert_mention": "S07STGONCALL",
    "admins": (IDS.viewer,),
    "operators": (),
    "viewers": (IDS.lucia,),
    "command": "/queue-staging",
    "environment": "staging",
}


@dataclass(frozen=True)
class Environments:
    """Two bots in one workspace, each with its own app, database, channels, mention and roles."""

    production: Team
    staging: Team

    def texts(self, identity: Identity) -> dict[str, str]:
        """Return everything that one app shows in each channel, as JSON, by the channel's id."""
        messages = self.production.slack.workspace.messages
        by_channel = {
            channel: [one.as_json() for one in posted if one.user == identity.bot_user]
            for channel, posted in messages.items()
        }
        return {
            channel: json.dumps(shown, ensure_ascii=False)
            for channel, shown in by_channel.items()
            if shown
        }


@pytest.fixture
def environments(tmp_path: Path) -> Iterator[Environments]:
    """Both bots at work."""
    timeout = ACK_SECONDS + GRACE
    with LocalSlack(ack_timeout=timeout) as slack:
        people = frozenset({IDS.admin, IDS.operator, IDS.viewer, IDS.lucia})
        for id_, name in (("C07STGALERTS", "staging-alerts"), ("C07STGAUDIT1", "staging-audit")):
            slack.workspace.put_channel(Channel(id_, name, people))
        group = Group("S07STGONCALL", "staging-oncall", "Staging on call", (IDS.viewer,))
        slack.workspace.put_group(group)
        workspace = slack.workspace.for_app(
            "queue-bot staging", IDENTITY, ("C07STGALERTS", "C07STGAUDIT1")
        )
        manifest = QUEUE_BOT.with_command("/queue-staging")
        with LocalSlack(ack_timeout=timeout, workspace=workspace, manifest=manifest) as other:
            teams = []
            for name, its_slack, changed in (
                ("live", slack, {"environment": "production", "alert_mention": IDS.oncall}),
                ("staging", other, STAGING),
            ):
                (tmp_path / name).mkdir()
                queue = sqlite_queue(tmp_path / name)
                team = Team(its_slack, queue, team_settings(its_slack, queue.url, **changed))
                team.start()
                teams.append(team)
            yield Environments(*teams)
            for team in teams:
                team.stop()
                team.queue.engine.dispose()


def alert_in(team: Team, channel: str) -> Json:
    """Wait for the first alert in a channel, and for the record of its delivery."""

    def find() -> Json | None:
        stored = {row.message_ts for row in team.queue.rows(tables.incidents)}
        return next((one for one in team.posted(channel) if one["ts"] in stored), None)

    return team.until(find)


def assert_confirmations_name_production(live: Team, alert: Json) -> None:
    """Assert that a dialog and a button's question name the environment that they change."""
    dialog = live.say("retry-all", as_="admin").view
    assert "🟥 *production*" in json.dumps(dialog["blocks"][0], ensure_ascii=False)
    assert dialog["blocks"][-1]["elements"][0]["text"] == "🟥 *production*"
    details = live.click(alert, "run:failed-job", as_="admin").view
    questions = [
        element["confirm"]["text"]["text"].splitlines()[0]
        for block in details["blocks"]
        for element in block.get("elements", ())
        if "confirm" in element
    ]
    assert questions == ["🟥 *production*"]


def assert_channels_are_separate(environments: Environments) -> None:
    """Assert that each app is only in its own channels, and names only its own environment."""
    own = environments.texts(environments.production.slack.workspace.identity)
    other = environments.texts(IDENTITY)
    assert set(own) == {IDS.queue_ops, IDS.queue_alerts, IDS.queue_audit}
    assert set(other) == {"C07STGALERTS", "C07STGAUDIT1"}
    for text in own.values():
        assert "🟥 production" in text
        assert not any(word in text for word in ("staging", "🟨", "S07STGONCALL", "900001"))
    for text in other.values():
        assert "🟨 staging" in text
        assert "/queue " not in text
        assert not any(word in text for word in ("production", "🟥", IDS.oncall, "job 45"))


def test_nothing_crosses_between_two_environments_of_a_workspace(
    environments: Environments,
) -> None:
    live, staging = environments.production, environments.staging
    live.queue.fail(45)
    staging.queue.fail(900001)
    live_alert = alert_in(live, "queue-alerts")
    staging_alert = alert_in(staging, "staging-alerts")
    assert f"<!subteam^{IDS.oncall}>" in live_alert["text"]
    assert "<!subteam^S07STGONCALL>" in staging_alert["text"]

    # A click reaches only the app that posted the message, and its own database.
    with pytest.raises(CannotError, match="another app"):
        live.click(staging_alert, "run:retry")
    staging.click(staging_alert, "run:retry", as_="viewer")
    assert staging.queue.failed == []
    assert [row.id for row in live.queue.failed] == [45]

    # A role counts only where it was given.
    refused = live.say("delete-failed 45", as_="viewer").text
    assert "needs" in refused
    assert "🟥 production" in refused
    foreign = {"as_": "operator", "channel": "staging-alerts"}
    assert "🟨 staging" in staging.say("retry 900001", **foreign).text

    # A command belongs to one app, and every text of an app names only its own command.
    with pytest.raises(CannotError, match="not a valid command"):
        staging.slack.command("admin", "staging-alerts", "/queue status")
    assert "/queue-staging" in staging.say("retyr 45", **foreign).everything
    assert "/queue-staging" in staging.say("help retry", **foreign).everything
    live.say("retyr 45")
    live.say("help retry")
    live.slack.open_home("admin", wait=20)
    staging.slack.open_home("viewer", wait=20)
    live_home = live.until(lambda: live.slack.home("admin"))
    staging_home = staging.until(lambda: staging.slack.home("viewer"))
    assert "🟥 *production*" in json.dumps(live_home["blocks"][0], ensure_ascii=False)
    assert "🟨 *staging*" in json.dumps(staging_home["blocks"][0], ensure_ascii=False)

    assert_confirmations_name_production(live, live_alert)
    live.audit_texts(at_least=1)
    staging.until(lambda: staging.posted("staging-audit"))
    assert_channels_are_separate(environments)


def test_the_command_of_another_environment_runs_nothing(tmp_path: Path) -> None:
    queue = sqlite_queue(tmp_path)
    queue.fail(45)
    with LocalSlack(ack_timeout=ACK_SECONDS + GRACE) as slack:
        changed = {"command": "/queue-staging", "environment": "staging"}
        team = Team(slack, queue, team_settings(slack, queue.url, **changed))
        team.start()
        try:
            response = slack.command("operator", "queue-ops", "/queue retry 45", wait=20)
        finally:
            team.stop()
    (reply,) = response["replies"]
    assert "This bot answers to `/queue-staging`, not to `/queue`" in reply["text"]
    assert [row.id for row in queue.failed] == [45]
    queue.engine.dispose()


@pytest.mark.parametrize("names", [(None, "staging"), ("production", None)])
def test_a_click_that_reaches_the_bot_of_another_environment_runs_nothing(
    tmp_path: Path, names: tuple[str | None, str | None]
) -> None:
    """Both bots use the tokens of one app by mistake, and their jobs have the same ids."""
    with LocalSlack(ack_timeout=ACK_SECONDS + GRACE) as slack:
        teams = []
        for name in names:
            (tmp_path / str(name)).mkdir()
            queue = sqlite_queue(tmp_path / str(name))
            teams.append(Team(slack, queue, team_settings(slack, queue.url, environment=name)))
        own, other = teams
        own.start()
        own.queue.fail(45)
        messages = [own.alert(), own.say("failed").reply]
        dialog = own.say("clear-failed", as_="admin").view
        own.stop()
        own.until(lambda: not slack.hub.connected)
        other.queue.fail(45)
        other.start()
        try:
            assert_refused_elsewhere(other, messages, dialog)
            # The buttons of its own messages work.
            answer = other.click(other.say("failed").reply, "run:retry")
            assert "back in the queue" in answer.everything
        finally:
            other.stop()
        for team in teams:
            team.queue.engine.dispose()


def assert_refused_elsewhere(other: Team, messages: list[Json], dialog: Json) -> None:
    """Assert that the messages and the dialog of one bot change nothing at another bot."""
    refusal = "Nothing was changed. Two bots use one Slack app"
    for message in messages:
        assert refusal in other.click(message, "run:retry").text
    other.slack.submit("admin", dialog["id"], {"typed": {"typed": "1"}})
    other.until(lambda: refusal in json.dumps(other.slack.views("admin")))
    assert [row.id for row in other.queue.failed] == [45]
