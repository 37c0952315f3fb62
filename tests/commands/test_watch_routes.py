"""`/queue watch` shows the routes of `queue-bot.toml`, and when people are reminded."""

from datetime import time

from bot.app.setup import Alerting
from bot.commands.watch import WatchResult
from bot.models.routes import AlertRoute, QuietHours
from bot.terminal.do import TerminalRequest, do
from tests.kit.queues import TestQueue
from tests.kit.replicas import OMAR, ask, make_setup


def test_watch_shows_each_route_and_the_reminder(kept_queue: TestQueue) -> None:
    quiet = QuietHours(time(22), time(7))
    routes = (
        AlertRoute(("net*", "erp"), "C0NETSUITE1", "S0NETSUITE1", 60, 120, 9, quiet),
        AlertRoute(("mail",)),
    )
    setup = make_setup(kept_queue, routes=routes, alerting=Alerting(remind_seconds=7_200))
    result = ask(setup, "watch", by=OMAR).result
    assert isinstance(result, WatchResult)
    assert (result.data.limits.remind_seconds, len(result.extra.routes)) == (7_200, 2)

    lines: list[str] = []
    assert do(setup, TerminalRequest("watch", "ana"), lines.append, lambda _: None) == 0
    text = "\n".join(lines)
    for words in (
        "gets a reminder every 2 h",
        "erp: Alerts: #C0NETSUITE1",
        "mentions S0NETSUITE1",
        "oldest_job above 1 min",
        "no_worker_activity above 2 min",
        "backlog_growth from 9 jobs on",
        "quiet from 22:00 to 07:00 (UTC)",
        "mail: the settings of all queues",
    ):
        assert words in text, text
