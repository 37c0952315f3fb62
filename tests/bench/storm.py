"""10,000 failures within a minute: time to the first alert, number of messages, and cost."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import Any

import structlog
from slack_sdk import WebClient
from sqlalchemy import Connection, Engine, event, func, select, text

from bot.app.setup import Setup
from bot.background.loop import INTERVAL, Watcher
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.slack.poster import SlackPoster
from bot.store.tables import failures, incidents, outbox
from tests.bench.failing import Storm, failing
from tests.bench.figures import kind, median, say, say_kinds
from tests.bench.people import make_setup
from tests.kit.queues import TestQueue, make_queue
from tests.services.mariadb import MariaDB

ROWS, SECONDS = 10_000, 60.0
STORMS = (("10 causes, one of them nine tenths", 10, False), ("1,000 causes alike", 1_000, True))
WITHIN = 10.0
"""Seconds from the first failure to the first alert, at the bot's default interval."""
SETTLED_WITHIN = 120.0
QUIET_PASSES, QUICK_PASSES = 6, 2


@dataclass(frozen=True)
class Pass:
    """A round of the watcher: its end in seconds, its database time in ms, its statements."""

    at: float
    ms: int
    statements: int


def bench_storm(server: MariaDB, *, quick: bool) -> None:
    """10,000 failures within a minute at a 5 s interval: alerts, edits, replies, database time."""
    part = 5 if quick else 1
    for name, causes, even in STORMS:
        storm = Storm(ROWS // part, SECONDS / part, causes, even)
        with server.database() as database, LocalSlack() as slack:
            test = make_queue(server.url(database))
            setup = replace(
                make_setup(test),
                alert_channel=IDS.queue_alerts,
                audit_channel=IDS.queue_audit,
                fallback_channel=IDS.queue_ops,
            )
            with _passes() as passes, _watching(setup, slack):
                count = QUICK_PASSES if quick else QUIET_PASSES
                say(f"{name}: a quiet pass", _quiet(passes, count))
                _storm(name, storm, test, slack, passes)
            test.engine.dispose()


@contextmanager
def _watching(setup: Setup, slack: LocalSlack) -> Iterator[None]:
    client = WebClient(token=slack.bot_token, base_url=slack.base_url, retry_handlers=[])
    watcher = Watcher(setup, SlackPoster(client, slack.base_url.removesuffix("api/")))
    watcher.start()
    try:
        yield
    finally:
        watcher.stop()


@contextmanager
def _passes() -> Iterator[list[Pass]]:
    """Yield the rounds from the watcher's own log; of all other log lines, print only errors."""
    before = structlog.get_config()["processors"]
    passes: list[Pass] = []

    def note(_logger: object, level: str, entry: MutableMapping[str, Any]) -> Mapping[str, Any]:
        if entry["event"] == "watch pass":
            passes.append(Pass(monotonic(), entry["database_ms"], entry["statements"]))
        if level in ("error", "exception"):
            return entry
        raise structlog.DropEvent

    structlog.configure(processors=[note, *before])
    try:
        yield passes
    finally:
        structlog.configure(processors=before)


def _cost(passes: Sequence[Pass], seconds: float) -> str:
    """Return the cost of the slowest round of each interval, and the share of all rounds."""
    if not passes:
        return "none"
    dearest: defaultdict[int, int] = defaultdict(int)
    for one in passes:
        number = int((one.at - passes[0].at) / INTERVAL)
        dearest[number] = max(dearest[number], one.ms)
    worst_each = list(dearest.values())
    share = sum(one.ms for one in passes) / seconds / 10
    return (
        f"{sum(worst_each) / len(worst_each):.0f} ms of database time at the mean, median "
        f"{median(worst_each):.0f}, worst {max(worst_each)} ({len(worst_each)} times); "
        f"all rounds {share:.1f} % of the time"
    )


def _quiet(passes: list[Pass], count: int) -> str:
    # The first pass after a first start has work that later passes do not have.
    sleep(INTERVAL)
    passes.clear()
    sleep(count * INTERVAL)
    return _cost(passes, count * INTERVAL)


def _storm(name: str, storm: Storm, test: TestQueue, slack: LocalSlack, passes: list[Pass]) -> None:
    passes.clear()
    with _counting() as kinds, failing(test.url, storm) as written:
        slack.wait_for(lambda: slack.messages(IDS.queue_alerts), SETTLED_WITHIN)
        first = monotonic() - written.began
    say(f"{name}: the storm", f"{storm.rows:,} in {written.took:.0f} s")
    say("  first failure to first alert", f"{first:.1f} s (to be under {WITHIN:.0f})")
    say("  a pass while it lasts", _cost(passes, written.took))
    say("  statements a second while it lasts", f"{sum(kinds.values()) / written.took:.1f}")
    say_kinds(kinds, written.took)
    passes.clear()
    began = monotonic()
    wait_until(lambda: left(test, storm.rows) == 0)
    assigned = monotonic() - began
    wait_until(lambda: untold(test) == 0)
    posted = monotonic() - began
    say("  a pass afterwards", _cost(passes, posted))
    say("  after its end", f"all have their incident in {assigned:.1f} s, all told in {posted:.1f}")
    say("  messages", _messages(slack))
    say("  incidents", checked(test, slack, storm.rows))
    _at_once(test, storm.rows)
    assert first < WITHIN


@contextmanager
def _counting() -> Iterator[Counter[str]]:
    """Count the statements of this process by kind until the block ends."""
    kinds: Counter[str] = Counter()

    def count(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        kinds[kind(statement)] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield kinds
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def _at_once(test: TestQueue, rows: int) -> None:
    """Add as many failures at once, to measure the watcher when it does not have to wait."""
    names = "queue, payload, exception, failed_at"
    with test.engine.begin() as connection:
        again = f"INSERT INTO failed_jobs ({names}) SELECT {names} FROM failed_jobs LIMIT {rows}"
        connection.execute(text(again))
    began = monotonic()
    wait_until(lambda: left(test, 2 * rows) < rows)
    looked = monotonic()
    wait_until(lambda: left(test, 2 * rows) == 0)
    ended = monotonic()
    say(
        f"  {rows:,} more in one moment",
        f"seen after {looked - began:.1f} s, all have their incident {ended - looked:.1f} s later",
    )


def left(test: TestQueue, rows: int) -> int:
    """Return the number of failures that are not indexed or belong to no incident."""
    c = failures.c
    with test.engine.begin() as connection:
        have = select(func.count()).select_from(failures).where(c.incident > 0)
        return rows - connection.execute(have).scalar_one()


def untold(test: TestQueue) -> int:
    """Return the number of messages that wait to be sent or edited."""
    with test.engine.begin() as connection:
        waiting = select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
        stale = select(func.count()).select_from(incidents).where(incidents.c.stale)
        return sum(connection.execute(one).scalar_one() for one in (waiting, stale))


def wait_until(done: Callable[[], bool]) -> None:
    """Wait for a condition of the storm's end."""
    deadline = monotonic() + SETTLED_WITHIN
    while not done():
        if monotonic() > deadline:
            raise TimeoutError("not every failure of the storm was posted in time")
        sleep(0.1)


def _messages(slack: LocalSlack) -> str:
    posts = [call for call in slack.calls("chat.postMessage") if call.answer.get("ok")]
    replies = sum("thread_ts" in call.args for call in posts)
    edits = sum(bool(call.answer.get("ok")) for call in slack.calls("chat.update"))
    refused = sum(call.answer.get("error") == "ratelimited" for call in slack.calls())
    return (
        f"{len(posts) - replies} posted, {edits} edits, {replies} replies in threads, "
        f"{refused} refused for their rate"
    )


def checked(test: TestQueue, slack: LocalSlack, rows: int) -> str:
    """Assert that each failure has one incident, and each count its message; return a summary."""
    c = failures.c
    with test.engine.begin() as connection:
        every = connection.execute(select(incidents)).mappings().all()
        counted = select(c.incident, func.count().label("rows")).group_by(c.incident)
        rows_by_incident = {row.incident: row.rows for row in connection.execute(counted)}
    texts = {one["ts"]: one["text"] for one in slack.messages(IDS.queue_alerts)}
    groups = [one for one in every if one["id"] in rows_by_incident]
    wrong = [one["id"] for one in groups if one["count"] != rows_by_incident[one["id"]]]
    untrue = [
        one["id"]
        for one in groups
        if one["count"] > 1 and f"{one['count']:,}" not in texts.get(one["message_ts"] or "", "")
    ]
    most = max(groups, key=lambda one: one["count"])
    assert sum(rows_by_incident.values()) == rows, rows_by_incident
    assert not wrong, f"counts differ from the failures: {wrong}"
    assert not untrue, f"counts in the messages differ from the failures: {untrue}"
    return (
        f"{len(groups)}, of which one holds {most['count']:,}; each failure is in one, "
        f"each count is that of its message; {len(every) - len(groups)} of other kinds"
    )
