"""Jobs for other processes in tests: the bot's own steps, as functions that can be pickled."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from bot.app.plans import BulkExtra
from bot.app.setup import Setup
from bot.background.operations.runner import Runner
from bot.slack.http_server import HttpServer
from bot.slack.runtime import Access, SlackBot, look_up
from tests.kit.concurrency import at_once
from tests.kit.posting import deliver, poster_at, watch
from tests.kit.queues import GRACE
from tests.kit.replicas import SAM, ask, codes, confirm, hold


def say(setup: Setup, words: str, by: str, key: str) -> str:
    """Run one command by one person; return its code."""
    return codes([ask(setup, words, by=by, key=key)])[0]


def write_many(setup: Setup, ids: Sequence[Sequence[int]], by: str) -> list[str]:
    """Retry each list of failed jobs one by one, with all lists in parallel."""

    def one(failed_ids: Sequence[int]) -> list[str]:
        return codes(ask(setup, f"retry {failed_id}", by=by) for failed_id in failed_ids)

    returned = at_once(*[partial(one, failed_ids) for failed_ids in ids], seconds=600)
    return [code for some in returned for code in some]


def run_bulk(setup: Setup, action: str, rows: int, key: str) -> str:
    """Preview, confirm and run a bulk change in batches; return its last state."""
    outcome = ask(setup, action, key=f"{key} preview")
    assert outcome.result is not None
    assert isinstance(outcome.result.extra, BulkExtra)
    preview = outcome.result.extra.preview
    assert preview is not None
    started = confirm(setup, action, preview.plan, typed=preview.total, key=key)
    assert started.result is not None, started.refusal
    assert isinstance(started.result.extra, BulkExtra)
    assert started.result.extra.progress is not None
    return Runner(setup, rows, lanes=1, seconds=0).run_to_end(started.result.extra.progress).state


def tell(setup: Setup, base_url: str, token: str) -> int:
    """Run the leader's steps and deliver all messages; return how many Slack accepted."""
    lease = hold(setup)
    watch(setup, lease)
    return deliver(setup, poster_at(base_url, token), lease)


def everything(setup: Setup) -> list[str]:
    """Run each kind of change, a refusal, a bulk change and the leader's steps."""
    outcomes = [
        ask(setup, "retry 1 2"),
        ask(setup, "delete 7"),
        ask(setup, "delete-failed 3"),
        ask(setup, "retry 4", by=SAM),
    ]
    state = run_bulk(setup, "retry-all", 2, "bulk")
    watch(setup, hold(setup))
    return [*codes(outcomes), state]


def serve(
    setup: Setup, base_url: str, bot_token: str, app_token: str, secret: str, http_port: int | None
) -> None:
    """Run the whole bot on a local Slack until the process is killed; by HTTP if it has a port."""
    access = Access(bot_token, app_token, base_url, None if http_port is None else secret)
    workspace = look_up(access)
    bot = SlackBot(
        access, workspace, lambda people: replace(setup, directory=people), 0.2, grace=GRACE
    )
    if http_port is None:
        bot.start()
        threading.Event().wait()
    else:
        server = HttpServer("127.0.0.1", http_port)
        bot.requests.listen = server.listen
        bot.start()
        server.serve(bot.requests, threading.Event(), bot.requests.drain)
