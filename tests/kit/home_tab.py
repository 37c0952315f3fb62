"""App Home as a person opens it in the local Slack."""

import json
from typing import Any

from bot.localslack.demo import IDS
from tests.kit.team import Json, Team

REFRESH = "home:refresh"


def published(team: Team, who: str = "operator") -> list[Any]:
    """Return the calls that published the person's Home."""
    user = getattr(IDS, who)
    return [call for call in team.slack.calls("views.publish") if call.args["user_id"] == user]


def drawn(team: Team, who: str, times: int) -> Json:
    """Wait for this number of publish calls, accepted or not; return the person's Home."""
    team.until(lambda: len(published(team, who)) >= times)
    home: Json = team.until(lambda: team.slack.home(who))
    return home


def opened(team: Team, who: str = "operator") -> Json:
    """Open the person's Home and return it after its next publish call."""
    before = len(published(team, who))
    team.slack.open_home(who, wait=0)
    return drawn(team, who, before + 1)


def words(home: Json) -> str:
    """Return Home's blocks as JSON."""
    return json.dumps(home["blocks"], ensure_ascii=False)
