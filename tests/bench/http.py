"""HTTP mode under a bounded load of signed requests, beside Bolt's WSGI adapter alone."""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from time import monotonic
from urllib.parse import urlencode, urlsplit

from bot.localslack.demo import IDS
from bot.slack.signed_requests import signature
from tests.bench.acks import fill
from tests.bench.bots import Bot, bare_http_bot, http_bot, person
from tests.bench.figures import quantile, say, times
from tests.services.mariadb import MariaDB

CLIENTS = 16
"""Requests that are open at the same time; a balancer keeps as many connections."""
REQUESTS = 60
_numbers = count()


def bench_http(server: MariaDB, *, quick: bool) -> None:
    """Signed `/queue status`, 16 at a time: bot and bare Bolt under gunicorn; then unsigned too."""
    rounds = 2 if quick else 8
    with server.database() as name:
        url = server.url(name)
        fill(url)
        took: dict[str, list[float]] = {"bot": [], "bare Bolt": [], "bot, flood of unsigned": []}
        statuses: dict[str, Counter[int]] = {who: Counter() for who in took}
        with http_bot(url) as bot, bare_http_bot(url) as bare:
            for one in (bot, bare):
                one[0].ask("/queue status")
                _load(one, [], Counter())
            before = [_memory_mb(one[2]) for one in (bot, bare)]
            worked = [_processor_seconds(one[2]) for one in (bot, bare)]
            began = dict.fromkeys(took, 0.0)
            for _ in range(rounds):
                for who, one in (("bot", bot), ("bare Bolt", bare)):
                    began[who] += _load(one, took[who], statuses[who])
            worked = [
                _processor_seconds(one[2]) - seconds
                for one, seconds in zip((bot, bare), worked, strict=True)
            ]
            after = [_memory_mb(one[2]) for one in (bot, bare)]
            with ThreadPoolExecutor(2) as strangers:
                floods = [strangers.submit(_unsigned, bot[1], 200 * rounds) for _ in range(2)]
                who = "bot, flood of unsigned"
                began[who] += _load(bot, took[who], statuses[who])
                refused = sum((flood.result() for flood in floods), Counter())
            last = _memory_mb(bot[2])
    for who, durations in took.items():
        times(who, durations)
        rate = len(durations) / began[who]
        say(f"{who}: answers", f"{dict(statuses[who])}, {rate:.0f} a second")
    p99 = {who: quantile(durations, 0.99) for who, durations in took.items()}
    say("bot / bare Bolt at p99", f"{p99['bot'] / p99['bare Bolt']:.2f}")
    for who, seconds in zip(("bot", "bare Bolt"), worked, strict=True):
        say(f"{who}: processor time", f"{1000 * seconds / len(took[who]):.2f} ms a request")
    say("unsigned requests", str(dict(refused)))
    say("memory of the bot", f"{before[0]:.0f} MB, then {after[0]:.0f}, after the flood {last:.0f}")
    say("memory of bare Bolt with gunicorn", f"{before[1]:.0f} MB, then {after[1]:.0f}")


def _load(target: tuple[Bot, str, int], took: list[float], statuses: "Counter[int]") -> float:
    """Send the requests of one round; add their durations and statuses, return its seconds."""
    bot, url, _ = target
    began = monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        for durations, of in clients.map(lambda n: _client(bot, url, n), range(CLIENTS)):
            took += durations
            statuses.update(of)
    return monotonic() - began


def _client(bot: Bot, url: str, number: int) -> tuple[list[float], "Counter[int]"]:
    """Send signed commands one after the other on one connection, as a balancer does."""
    took: list[float] = []
    statuses: Counter[int] = Counter()
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        for _ in range(REQUESTS):
            body = _command(bot, person(number))
            timestamp = str(int(time.time()))
            secret = bot.slack.credentials.signing_secret
            headers = {
                "content-type": "application/x-www-form-urlencoded",
                "x-slack-request-timestamp": timestamp,
                "x-slack-signature": signature(secret, timestamp, body),
            }
            began = monotonic()
            connection.request("POST", urlsplit(url).path, body, headers)
            answer = connection.getresponse()
            is_empty = not answer.read()
            took.append(monotonic() - began)
            statuses[0 if is_empty else answer.status] += 1
    return took, statuses


def _command(bot: Bot, user: str) -> bytes:
    fields = {
        "command": "/queue",
        "text": "status",
        "user_id": user,
        "team_id": bot.slack.workspace.identity.team_id,
        "channel_id": IDS.queue_ops,
        "trigger_id": f"bench.{next(_numbers)}",
        "response_url": f"{bot.slack.url}hooks/commands/T/bench",
    }
    return urlencode(fields).encode()


def _unsigned(url: str, requests: int) -> "Counter[int]":
    """Send requests without a signature as fast as possible; return their statuses."""
    statuses: Counter[int] = Counter()
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=30)) as connection:
        for _ in range(requests):
            connection.request("POST", urlsplit(url).path, b"x" * 1000)
            answer = connection.getresponse()
            answer.read()
            statuses[answer.status] += 1
    return statuses


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its children, as long as they run."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for one in (str(pid), *children):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    """Return the memory of a process and its children, each shared page divided by its users."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = [
        int(line.split()[1])
        for one in (str(pid), *children)
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    ]
    return sum(pages) / 1024
