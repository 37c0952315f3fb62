"""Two people click Retry on one job at once, each in a Slack with its own bot."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from bot.localslack.delivery.envelopes import ACK_SECONDS
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.slack.signed_requests import PATH
from bot.store import tables
from tests.crash import jobs
from tests.crash.processes import SECONDS, Replica, replica
from tests.crash.scenarios import next_held
from tests.kit.concurrency import at_once, lock_waits, until
from tests.kit.invariants import broken, payloads
from tests.kit.processes import free_port, is_delivered
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ANA, OMAR
from tests.kit.team import REPLY_SECONDS

Side = tuple[LocalSlack, Replica]


@pytest.fixture(params=["socket", "http"])
def sides(request: pytest.FixtureRequest, mariadb_queue: TestQueue) -> Iterator[list[Side]]:
    """Two bots on one database, each with its own Slack; a retry pauses while it holds its lock."""
    with ExitStack() as open_until_the_end:
        pair, connected = [], []
        for name in ("one", "two"):
            slack = LocalSlack(ack_timeout=ACK_SECONDS + GRACE)
            open_until_the_end.enter_context(slack)
            port = free_port() if request.param == "http" else None
            access = {
                "base_url": slack.base_url,
                "secret": slack.credentials.signing_secret,
                "http_port": port,
                "bot_token": slack.bot_token,
                "app_token": slack.app_token,
            }
            bot = replica(mariadb_queue, jobs.serve, name, hold=("retry-locked",), **access)
            pair.append((slack, open_until_the_end.enter_context(bot)))
            connected.append(partial(is_connected, slack, port))
        for condition in connected:
            until(condition, SECONDS)
        yield pair


def is_connected(slack: LocalSlack, port: int | None) -> bool:
    """Return whether the bot of this Slack can get requests."""
    if port is None:
        return slack.hub.connected > 0
    return is_delivered(slack, f"http://127.0.0.1:{port}{PATH}")


def retry_button(slack: LocalSlack, user: str) -> dict[str, Any]:
    """Return the arguments of a click on the only Retry button of `/queue failed`."""
    response = slack.command(user, IDS.queue_ops, "/queue failed", wait=REPLY_SECONDS)
    (reply,) = response["replies"]
    for block in reply["blocks"]:
        elements = [*block.get("elements", []), block.get("accessory") or {}]
        for element in elements:
            if element.get("action_id") == "run:retry":
                return {
                    "user": user,
                    "channel": reply["channel"],
                    "ts": reply["ts"],
                    "action_id": element["action_id"],
                    "block_id": block["block_id"],
                }
    raise AssertionError(f"no Retry button in {reply}")


def test_two_people_who_click_retry_at_once_move_the_job_once(
    mariadb_queue: TestQueue, sides: list[Side]
) -> None:
    queue = mariadb_queue
    queue.fail(45)
    before = payloads(queue)
    (first_slack, first_bot), (second_slack, second_bot) = sides
    clicks = [retry_button(first_slack, ANA), retry_button(second_slack, OMAR)]

    def conduct() -> None:
        held = next_held(first_bot, second_bot)
        assert held.wait_at() == "retry-locked"
        until(lambda: lock_waits(queue.engine))  # the other retry waits for the row
        held.go_on()

    responses = at_once(
        lambda: first_slack.click(**clicks[0], wait=REPLY_SECONDS),
        lambda: second_slack.click(**clicks[1], wait=REPLY_SECONDS),
        conduct,
        seconds=SECONDS,
    )[:2]
    assert len(queue.jobs) == 1
    (done,) = [row for row in queue.rows(tables.audit) if row.outcome == "ok"]
    (refused,) = [row for row in queue.rows(tables.audit) if row.outcome == "refused"]
    assert {done.actor, refused.actor} == {ANA, OMAR}
    assert refused.reason == "failed-job-not-found"
    texts = {
        user: " ".join(reply["text"] for reply in answer["replies"])
        for user, answer in zip((ANA, OMAR), responses, strict=True)
    }
    assert f"<@{done.actor}>" in texts[refused.actor], texts
    assert "already retried" in texts[refused.actor], texts
    assert "45" in texts[done.actor], texts
    assert broken(queue, before) == []
    # One of the two replicas leads, and posts both audit messages in its own Slack.
    until(lambda: sum(len(slack.messages(IDS.queue_audit)) for slack, _ in sides) == 2)
