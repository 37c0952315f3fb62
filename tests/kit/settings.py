"""Environments for tests of the settings."""

from pathlib import Path

import pytest

from bot.settings.environment import SettingsError, load_settings
from bot.settings.settings import Need
from bot.settings.variables import old_variables

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
CANARY = "hunter2"
RUNS = {
    "SLACK_BOT_TOKEN": f"xoxb-{CANARY}",
    "SLACK_APP_TOKEN": f"xapp-{CANARY}",
    "DATABASE_URL": f"mysql+pymysql://bot:{CANARY}@db.example.com/shop",
    "QUEUE_BOT_AUDIT_CHANNEL": "C0AUDIT",
    "QUEUE_BOT_ALERT_CHANNEL": "C0ALERT",
    "QUEUE_BOT_ADMINS": "U0ADMIN",
}


def problems(environ: dict[str, str], need: Need = "run") -> list[str]:
    """Return the sentences that a start with this environment prints."""
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, need=need)
    return caught.value.problems


OLD = list(old_variables().items())

KEYED = {"QUEUE_BOT_AUDIT_KEY": "0f" * 32}
