"""No secret of an exception or a payload is shown, even if the text is cut inside the secret."""

import json

import pytest

from tests.kit.queues import TestQueue
from tests.kit.team import team_at_work

PADDING = "Could not reach the ledger of the shop, and this is what was tried for it at that time"
SECRETS = (
    f"{PADDING} mysql://root:SuperSecret123@db.example.com/shop",
    f"{PADDING} as maria.lopez@example.com",
    f"{PADDING} card 4111111111111111",
    "RuntimeException: login failed with password=hunter2abc",
    "RuntimeException: header Authorization: Bearer abcdefSECRETtoken123",
    'RuntimeException: the customer {"ruc":"20512345678"} is not known',
)
LEAKS = ("SuperSecret", "maria.lopez", "41111111", "hunter2", "abcdefSECRET", "20512345678")


def leaks(text: str) -> list[str]:
    return [leak for leak in LEAKS if leak in text]


@pytest.mark.parametrize("exception", SECRETS)
def test_a_secret_in_an_exception_is_shown_nowhere(
    mariadb_queue: TestQueue, exception: str
) -> None:
    with team_at_work(mariadb_queue, masked_keys=("ruc",)) as team:
        failed_id = mariadb_queue.fail(exception=exception)
        alert = team.alert(f"Failed job {failed_id}")
        team.slack.open_home("admin")
        shown = [
            json.dumps(alert),
            team.say("failed", as_="admin").everything,
            team.say(f"failed-job {failed_id}", as_="admin").everything,
            team.say("retry-all", as_="admin").everything,
            json.dumps(team.until(lambda: team.slack.home("admin"))),
        ]
    assert [leaks(text) for text in shown] == [[]] * len(shown)
