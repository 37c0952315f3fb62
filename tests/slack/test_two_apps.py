"""The bot does not start with the tokens of two Slack apps."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.localslack.server import LocalSlack
from bot.models.refusals import StartError
from bot.slack.app_identity import check_apps
from bot.slack.runtime import Access, look_up
from bot.wiring.bot import make_bot
from tests.kit.team import sqlite_queue, team_settings


def test_a_bot_with_the_tokens_of_two_apps_does_not_start(tmp_path: Path) -> None:
    queue = sqlite_queue(tmp_path)
    queue.engine.dispose()
    with LocalSlack() as slack:
        token = SecretStr("xapp-1-A0OTHER-1-secret")
        with pytest.raises(StartError) as caught:
            make_bot(team_settings(slack, queue.url, slack_app_token=token))
    (sentence,) = caught.value.problems
    assert "A0OTHER" in sentence
    assert slack.ids.app in sentence
    assert "secret" not in sentence


def test_an_app_that_slack_does_not_name_is_not_compared() -> None:
    with LocalSlack() as slack:
        other = Access(slack.bot_token, "xapp-1-A0OTHER-1-x", slack.base_url)
        workspace = look_up(other)
        check_apps(Access(slack.bot_token, slack.app_token, slack.base_url), workspace)
        check_apps(Access(slack.bot_token, "xapp-1-another-form", slack.base_url), workspace)
        check_apps(Access(slack.bot_token, None, slack.base_url), workspace)
        slack.always("bots.info", "missing_scope")
        check_apps(other, workspace)
