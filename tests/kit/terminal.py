"""Run commands of the terminal on a test's queue."""

import json
from collections.abc import Callable
from typing import Any

from bot.access.no_slack import NoSlack
from bot.app.setup import Setup
from bot.models.operations import Preview
from bot.settings.environment import load_settings
from bot.terminal.do import TerminalRequest, do
from bot.wiring.setup import make_setup
from tests.kit.queues import TestQueue

Json = dict[str, Any]


def setup_of(queue: TestQueue, **environ: str) -> Setup:
    """Return the setup of `queue-bot do` on the test's database."""
    settings = load_settings({"DATABASE_URL": queue.url, **environ}, need="database")
    return make_setup(settings, queue.engine, NoSlack())


def never(_preview: Preview) -> int | None:
    """Answer no confirmation, as if no person were at the terminal."""
    return None


def ran(
    queue: TestQueue,
    words: str,
    *,
    yes: bool = False,
    request: str | None = None,
    ask: Callable[[Preview], int | None] = never,
    **environ: str,
) -> tuple[int, Json]:
    """Run a command; return its exit code and its printed JSON."""
    lines: list[str] = []
    asked = TerminalRequest(words, "ana", request, yes, as_json=True)
    code = do(setup_of(queue, **environ), asked, lines.append, ask)
    (printed,) = lines
    read: Json = json.loads(printed)
    return code, read


def fill(queue: TestQueue) -> None:
    """Insert the rows of the spec's examples."""
    queue.push(123, attempts=2)
    queue.push(124, reserved_at=1762537400)
    for id_ in range(41, 46):
        queue.fail(id_)
