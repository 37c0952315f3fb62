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
    """A Slack and its two replicas, which in HTTP mode have these backends of a balancer."""

    slack: LocalSlack
    replicas: tuple[Replica, Replica]
    balancer: Balancer | None
    backends: tuple[Backend, ...]

    def kill(self, one: Replica) -> Replica:
        """Kill a replica, to which the balancer sends no further request; return the other.

        A killed process closes its sockets one after the other. Without the first step its port
        could accept one more request.
        """
        if self.balancer is not None:
            self.balancer.remove(self.backends[self.replicas.index(one)])
        one.kill()
        (living,) = [other for other in self.replicas if other is not one]
        return living


@contextmanager
def two_replicas(queue: TestQueue, mode: Mode, **options: Any) -> Iterator[Pair]:
    """Run both replicas until the block ends; `options` are those of `replica`."""
    with ExitStack() as stack:
        slack = stack.enter_context(LocalSlack(ack_timeout=ACK_SECONDS + GRACE))
        balancer = stack.enter_context(balancing()) if mode == "http" else None
        running, backends = [], []
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
            if balancer is None or port is None:
                until(partial(_are_connected, slack, len(running)), SECONDS)
            else:
                url = f"http://127.0.0.1:{port}/slack/events"
                until(partial(is_delivered, slack, url), SECONDS)
                backends.append(Backend(port))
                balancer.add(backends[-1])
        if balancer is not None:
            until(partial(is_delivered, slack, balancer.url), SECONDS)
        yield Pair(slack, (running[0], running[1]), balancer, tuple(backends))


def _are_connected(slack: LocalSlack, replicas: int) -> bool:
    return slack.hub.connected == replicas
