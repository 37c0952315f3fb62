"""Commands in a direct message with the bot: reads are answered, and no change runs there."""

import pytest

from bot.localslack.demo import IDS
from bot.slack.direct_messages import is_of_person
from tests.kit.team import Json, Team


def answers(team: Team, person: str) -> list[Json]:
    """Return the bot's messages to a person."""
    every = team.slack.direct_messages(person)
    return [one for one in every if one["user"] == IDS.bot_user]


def written(team: Team, text: str, *, as_: str = "operator") -> str:
    """Write a direct message, and return the text of its answer."""
    before = len(answers(team, as_))
    team.slack.write(as_, text, wait=0)
    return str(team.until(lambda: answers(team, as_)[before:])[0]["text"])


def test_a_direct_message_with_a_command_is_answered_and_no_change_runs_there(team: Team) -> None:
    team.queue.fail(45)

    assert "Failed jobs" in written(team, "failed")
    assert "NetsuiteSyncJob" in written(team, "`queue failed-job 45`")
    assert "`retry`" in written(team, "HELP")
    assert "Did you mean `/queue status`?" in written(team, "statsu")
    refused = written(team, "retry 45")
    assert f"<#{IDS.queue_ops}>" in refused
    assert [row.id for row in team.queue.failed] == [45]
    assert "needs the role" in written(team, "status", as_="stranger")

    channel = team.slack.workspace.direct_message(IDS.operator).id
    assert "Failed jobs" in team.say("failed", channel=channel).text
    assert f"<#{IDS.queue_ops}>" in team.say("retry 45", channel=channel).text
    assert [row.id for row in team.queue.failed] == [45]
    outcomes = {(row.source, row.outcome, row.reason) for row in team.records}
    assert ("message", "denied", "wrong-channel") in outcomes


@pytest.mark.parametrize(
    "changed",
    [{"subtype": "message_changed"}, {"bot_id": "B1"}, {"channel_type": "channel"}, {"user": ""}],
)
def test_edits_and_messages_of_bots_and_channels_are_no_commands(changed: Json) -> None:
    event = {"channel_type": "im", "user": "U1", "text": "retry 45"}
    assert is_of_person(event)
    assert not is_of_person({**event, **changed})
