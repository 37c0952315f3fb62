"""The digest in Slack: posted by schedule or on request, with buttons for the details."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import update

from bot.background.digest import CURSOR
from bot.localslack.demo import IDS
from bot.store import tables
from tests.kit.queues import TestQueue
from tests.kit.team import Team, action_ids, team_at_work

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


@pytest.fixture
def team(kept_queue: TestQueue) -> Iterator[Team]:
    """A bot that has run before; its digest is due at any time of day."""
    yesterday = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=1)
    for _ in range(3):
        kept_queue.fail(failed_at=yesterday)
    set_last_digest_day(kept_queue, yesterday)
    with team_at_work(
        kept_queue,
        digest_at=time(0),
        digest_days=EVERY_DAY,
        digest_channel=IDS.queue_ops,
    ) as at_work:
        yield at_work


def set_last_digest_day(queue: TestQueue, day: datetime) -> None:
    """Record this day as the day of the last digest."""
    statement = update(tables.cursors).where(tables.cursors.c.name == CURSOR)
    with queue.engine.begin() as connection:
        connection.execute(statement.values(position=day.toordinal()))


def test_a_digest_is_posted_and_can_be_requested_with_details_of_each_error_group(
    team: Team,
) -> None:
    (first, *_) = team.until(lambda: team.posted("queue-ops"))
    assert first["text"].startswith("*Digest of")
    team.until(lambda: "failed jobs: 3" in team.say("digest", as_="viewer").text)
    reply = team.say("digest", as_="viewer").reply
    assert "run:error" in action_ids(reply)
    set_last_digest_day(team.queue, datetime(2020, 1, 1))  # noqa: DTZ001 any day before
    team.restart()
    team.until(lambda: len(team.posted("queue-ops")) > 1)
    posted = team.posted("queue-ops")[1]
    assert "failed jobs: 3" in posted["text"]
    details = team.click(posted, "run:error", as_="viewer").view
    (error,) = re.findall(r"E\d+", details["title"]["text"])
    assert error in posted["text"]
