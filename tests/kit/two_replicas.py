"""Two replicas of the whole bot on one database and one Slack, by socket or behind a balancer."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from bot.localslack.delivery.envelopes import ACK_SECONDS
from bot.localslack.server import LocalSlack
from tests.crash import jobs
from tests.crash.processes import SECONDS, Replica, replica
from tests.kit.balancer import Backend, Balancer, balancing
from tests.kit.concurrency import until
from tests.kit.processes import free_port, is_delivered
from tests.kit.queues import GRACE, TestQueue

Mode = Literal["socket", "http"]


@dataclass(frozen=True)
class Pair:
    """A Slack and its two replicas."""

    slack: LocalSlack
    replicas: tuple[Replica, Replica]


@contextmanager
def two_replicas(queue: TestQueue, mode: Mode, **options: Any) -> Iterator[Pair]:
    """Run both replicas until the block ends; `options` are those of `replica`."""
    with ExitStack() as stack:
        slack = stack.enter_context(LocalSlack(ack_timeout=ACK_SECONDS + GRACE))
        balancer = stack.enter_context(balancing()) if mode == "http" else None
        running = []
        for name in ("one", "two"):
            port = free_port() if balancer is not None else None
            access = {
                "base_url": slack.base_url,
                "secret": slack.credentials.signing_secret,
                "http_port": port,
                "bot_token": slack.bot_token,
                "app_token": slack.app_token,
            }
            bot = replica(queue, jobs.serve, name, **options, **access)
            running.append(stack.enter_context(bot))
            until(partial(_is_connected, slack, balancer, port, len(running)), SECONDS)
        yield Pair(slack, (running[0], running[1]))


def _is_connected(
    slack: LocalSlack, balancer: Balancer | None, port: int | None, replicas: int
) -> bool:
    """Return whether Slack can send requests to the newest replica."""
    if balancer is None or port is None:
        return slack.hub.connected == replicas
    if not is_delivered(slack, f"http://127.0.0.1:{port}/slack/events"):
        return False
    balancer.add(Backend(port))
    return is_delivered(slack, balancer.url)
