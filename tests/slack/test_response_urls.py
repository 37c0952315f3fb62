import threading
from dataclasses import replace
from time import monotonic

import pytest

from bot.monitoring.metrics import Metrics
from bot.slack.block_support import BlockSupport
from bot.slack.envelopes import slash, submission
from bot.slack.handler import RequestHandler
from bot.slack.response_urls import is_of_slack
from tests.kit.listeners import listening
from tests.kit.queues import TestQueue
from tests.kit.team import team_at_work

SLACK = "https://slack.com/api/"
LOCAL = "http://127.0.0.1:8080/api/"


@pytest.mark.parametrize(
    ("url", "api", "expected"),
    [
        ("https://hooks.slack.com/commands/T0/1/x", SLACK, True),
        ("https://hooks.slack-gov.com/commands/T0/1/x", SLACK, True),
        ("http://hooks.slack.com/commands/T0/1/x", SLACK, False),
        ("https://hooks.slack.com.evil.example/commands/T0", SLACK, False),
        ("https://hooks.slack.com@evil.example/commands/T0", SLACK, False),
        ("https://hooks.slack.com:8443/commands/T0", SLACK, False),
        ("https://evil.example/commands/T0", SLACK, False),
        ("http://169.254.169.254/latest/meta-data", SLACK, False),
        ("http://127.0.0.1:8080/hooks/x", SLACK, False),
        ("http://127.0.0.1:8080/hooks/x", LOCAL, True),
        ("http://127.0.0.1:8081/hooks/x", LOCAL, False),
        ("https://hooks.slack.com/commands/T0/1/x", LOCAL, False),
        ("http://[", SLACK, False),
        ("", SLACK, False),
    ],
)
def test_only_urls_of_slack_are_accepted_as_response_urls(
    url: str, api: str, *, expected: bool
) -> None:
    assert is_of_slack(url, api) is expected


def test_a_forged_response_url_gets_no_answer(mariadb_queue: TestQueue) -> None:
    called = threading.Event()
    with team_at_work(mariadb_queue) as team, listening(lambda _client: called.set()) as port:
        handler = RequestHandler(
            team.bot.setup, team.client(), lambda: None, BlockSupport(), Metrics()
        )
        envelope = slash({"user_id": "U1", "team_id": "T1", "text": "help"}, monotonic())
        forged = replace(envelope, response_url=f"http://127.0.0.1:{port}/hooks/x")
        answer = handler._execute(forged)  # noqa: SLF001 the part that answers alone
        handler._answers.send(forged, answer.answer)  # noqa: SLF001 as above
        handler.close()
    assert not called.is_set()


def test_metadata_that_is_nested_too_deep_is_treated_as_an_old_button() -> None:
    body = {"view": {"private_metadata": "[" * 100_000}, "user": {"id": "U1", "team_id": "T1"}}
    request = submission(body, monotonic()).request
    assert getattr(request, "problem", "") == "old-button"
