"""Tests of the conformance suite itself."""

from types import ModuleType

import pytest

from bot.localslack.server import LocalSlack
from tests.localslack.conformance import test_block_kit, test_people, test_sockets, test_web_api
from tests.localslack.conformance.target import PAGES, PREFIX, target

PARTS = (test_block_kit, test_people, test_sockets, test_web_api)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__.rpartition(".")[2])
def test_every_rule_has_a_page_of_the_slack_documentation(part: ModuleType) -> None:
    rules = [name for name in vars(part) if name.startswith("test_") and callable(vars(part)[name])]

    assert rules
    assert set(rules) <= PAGES.keys()


def test_the_suite_can_run_against_another_base_url() -> None:
    with LocalSlack() as other:
        environ = {
            f"{PREFIX}URL": other.base_url,
            f"{PREFIX}BOT_TOKEN": other.bot_token,
            f"{PREFIX}APP_TOKEN": other.app_token,
            f"{PREFIX}CHANNEL": other.ids.queue_alerts,
        }
        with target(environ) as asked:
            test_web_api.test_the_answer_to_a_post_has_channel_ts_and_message(asked)
            test_sockets.test_the_url_of_a_socket_opens_only_one_socket(asked)
            with pytest.raises(pytest.skip.Exception, match="needs a person"):
                _ = asked.people

        methods = [call.method for call in other.calls()]
    assert methods == ["chat.postMessage", "chat.delete", "apps.connections.open"]
