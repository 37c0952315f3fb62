"""An alert after its edits."""

from tests.kit.team import Json, Team, action_ids


def settled(team: Team, alert: Json) -> Json:
    """Wait until the alert has no buttons, and return the alert."""

    def find() -> Json | None:
        now = team.now(alert)
        return None if action_ids(now) else now

    return team.until(find)
