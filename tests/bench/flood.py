"""Ten people without a role send as fast as they can: time to the audit message of a change."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from time import monotonic

from bot.localslack.demo import IDS
from tests.bench.bots import Bot, http_bot, person, real_bot
from tests.bench.figures import median, say, times
from tests.kit.queues import make_queue
from tests.services.mariadb import MariaDB

FLOODERS = 10
WITHIN = 5.0
WAIT = 300.0


def bench_flood(server: MariaDB, *, quick: bool) -> None:
    """Time to a change's audit message while ten people without a role send without a pause."""
    changes = 5 if quick else 20
    for mode, open_bot in (("Socket Mode", _by_socket), ("HTTP mode", _by_http)):
        with server.database() as name:
            queue = make_queue(server.url(name))
            ids = [queue.fail(order=number) for number in range(changes + 1)]
            queue.engine.dispose()
            with open_bot(server.url(name)) as bot:
                _measure(mode, bot, ids)


def _by_socket(url: str) -> AbstractContextManager[Bot]:
    return real_bot(url, limited=True)


@contextmanager
def _by_http(url: str) -> Iterator[Bot]:
    with http_bot(url, limited=True) as (bot, _, _):
        yield bot


def _measure(mode: str, bot: Bot, ids: list[int]) -> None:
    """Change the jobs one after the other, the first before the flood; print the times."""
    say(f"{mode}: without a flood", f"{1000 * _change(bot, ids.pop()):.0f} ms")
    ended = threading.Event()
    with ThreadPoolExecutor(FLOODERS) as people:
        began = monotonic()
        floods = [people.submit(_flood, bot, person(n), ended) for n in range(FLOODERS)]
        took = [_change(bot, id_) for id_ in ids]
        ended.set()
        sent = sum(flood.result() for flood in floods)
        seconds = monotonic() - began
    say("refused requests", f"{sent} in {seconds:.0f} s, {sent / seconds:.0f} a second")
    times(f"{mode}: a change's audit message", took)
    say("over the aim", f"{sum(one > WITHIN for one in took)} of {len(took)} above {WITHIN:.0f} s")
    say("median", f"{median(took):.2f} s")


def _flood(bot: Bot, user: str, ended: threading.Event) -> int:
    """Send commands that need another role until the others have ended; return how many."""
    sent = 0
    while not ended.is_set():
        bot.ask(f"/queue retry {sent % 7 + 1}", user)
        sent += 1
    return sent


def _change(bot: Bot, job: int) -> float:
    """Retry a job as the admin; return the seconds until the audit channel shows it."""

    def shown() -> int:
        return sum("retried" in one["text"] for one in bot.slack.messages("queue-audit"))

    before, began = shown(), monotonic()
    bot.ask(f"/queue retry {job}", IDS.admin)
    bot.slack.wait_for(lambda: shown() > before, WAIT)
    return monotonic() - began
