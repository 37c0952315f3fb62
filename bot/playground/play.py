"""Start the playground: the real bot, the local Slack, a queue in SQLite, and a worker."""

import os
import signal
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlalchemy import Engine

from bot.access.roles import Need, Unreachable, role_of
from bot.app.command import find_commands
from bot.database.engine import connect
from bot.doctor.checks import diagnosing
from bot.localslack.blocks.specs import Json
from bot.localslack.control import AppInfo
from bot.localslack.delivery.envelopes import ACK_SECONDS
from bot.localslack.demo import IDS, QUEUE_BOT
from bot.localslack.panel import Backstage
from bot.localslack.proxies import bypass_proxies
from bot.localslack.server import LocalSlack
from bot.models.refusals import StartError
from bot.models.requests import SLASH_COMMAND
from bot.models.roles import Role
from bot.playground.frameworks import FRAMEWORKS
from bot.playground.frameworks.spec import SPEC
from bot.playground.guide import GUIDE
from bot.playground.rows import tables_json
from bot.playground.seed import seed as seed_queue
from bot.playground.seed_history import seed_history, seed_reservations
from bot.playground.worker import SEED, Worker
from bot.queue.layouts import Queue
from bot.settings.settings import Settings
from bot.slack.runtime import SlackBot, freeze_heap
from bot.store.migrate import migrate
from bot.text import texts_for
from bot.views.people import help_key
from bot.wiring.bot import make_bot

INTERVAL = 1.0
"""The seconds between two searches for failures, which is short because a visitor watches."""

RESOLVE_SECONDS = 12
"""An incident resolves after this many seconds without problems, which is short for a visitor. The
time between two samples is shorter, because the alert's last reply needs a sample."""

NO_ACTIVITY_SECONDS = 40
"""The limit of the alert rule `no_worker_activity`. It is short, so that a visitor who pauses the
worker sees the alert."""

OLDEST_SECONDS = 100
"""The limit of the alert rule `oldest_job`. It is longer than a job's usual wait in the playground,
and longer than `NO_ACTIVITY_SECONDS`."""

SENT_PER_MINUTE = 1_000
"""The limits for each person: high, because a visitor acts quickly and as every person."""

CUT_SECONDS = 0.3
"""The seconds for which the bot's sockets stay open at the end, for messages in transit."""


def play(port: int, layout: str, *, browser: bool, say: Callable[[str], None]) -> None:
    """Run the playground with this layout until Ctrl-C or SIGTERM; `say` prints its address."""
    bypass_proxies(os.environ)
    done = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        done.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with (
        tempfile.TemporaryDirectory(prefix="queue-bot-") as folder,
        playing(Path(folder), port, layout) as slack,
    ):
        freeze_heap()
        say(f"Playground: {slack.url}")
        say("Ctrl-C stops it and deletes its data.")
        if browser:
            webbrowser.open(slack.url)
        done.wait()


@contextmanager
def playing(
    folder: Path,
    port: int = 0,
    layout: str = SPEC.name,
    *,
    worker: bool = True,
    grace: int = 0,
    seed: int = SEED,
    **settings: Any,
) -> Iterator[LocalSlack]:
    """Start all parts in order and stop them in reverse order.

    `layout` names one of `FRAMEWORKS`. `SlackBot` defines `grace`; `seed` makes the worker's orders
    and failures repeatable. `settings` replace settings of the playground.
    """
    slash = str(settings.get("command", SLASH_COMMAND))
    roles: dict[str, list[str]] = {}
    database = folder / "queue.sqlite3"
    engine = connect(f"sqlite:///{database}", grace=grace)
    framework = FRAMEWORKS[layout]
    simulated = Worker(engine, framework, seed)
    app_info = AppInfo(lambda user: roles.get(user, []), lambda: suggestions(slash))
    backstage = _backstage(engine, framework.queue, simulated if worker else None)
    with _closing(engine), _local_slack(port, app_info, backstage, grace, slash) as slack:
        seed_queue(engine, framework)
        migrate(engine)
        seed_history(engine)
        seed_reservations(engine, framework.queue)
        changed = {**framework.settings, **settings}
        configured = playground_settings(slack, database, changed)
        bot = make_bot(configured, INTERVAL, grace, diagnosing(configured, grace))
        roles.update({user: _roles(bot, user) for user in slack.workspace.users})
        bot.start()
        if worker:
            simulated.start()
        try:
            yield slack
        finally:
            if worker:
                simulated.stop()
            # The SDK's client closes its socket after 3 s, or when the server closes the socket.
            cut = threading.Timer(CUT_SECONDS, slack.kill_sockets)
            cut.start()
            bot.stop()
            cut.cancel()
            cut.join()


@contextmanager
def _closing(engine: Engine) -> Iterator[None]:
    """Close the database's connections at the end."""
    try:
        yield
    finally:
        engine.dispose()


def _backstage(engine: Engine, queue: Queue, worker: Worker | None) -> Backstage:
    """Return the side panel's data: the queue's tables, and the worker that a visitor controls."""

    def look() -> Json:
        at_work = worker.as_json() if worker is not None else None
        return {"tables": tables_json(engine, queue), "worker": at_work}

    return Backstage(look, worker.steer if worker is not None else None, GUIDE)


def _local_slack(
    port: int, app_info: AppInfo, backstage: Backstage, grace: int, slash: str
) -> LocalSlack:
    """Return the local Slack; raises `StartError` if the port is in use."""
    if port:
        # Another process may still open the port first; the server then raises its own error.
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            problem = f"Port {port} on 127.0.0.1 is in use. Choose another with --port; 0 is any."
            raise StartError([problem]) from error
    return LocalSlack(
        port=port,
        manifest=QUEUE_BOT.with_command(slash),
        ack_timeout=ACK_SECONDS + grace,
        roles=app_info.roles,
        commands=app_info.commands,
        backstage=backstage,
    )


def playground_settings(slack: LocalSlack, database: Path, changed: Mapping[str, Any]) -> Settings:
    """Return settings as a team may have: an admin by id, operators by the user group @oncall."""
    return Settings(
        slack_bot_token=SecretStr(slack.bot_token),
        slack_app_token=SecretStr(slack.app_token),
        slack_api_url=slack.base_url,
        database_url=SecretStr(f"sqlite:///{database}"),
        viewers=(IDS.viewer,),
        operators=(IDS.oncall,),
        admins=(IDS.admin,),
        change_channels=(IDS.queue_ops, IDS.queue_alerts),
        audit_channel=IDS.queue_audit,
        alert_channel=IDS.queue_alerts,
        resolve_seconds=RESOLVE_SECONDS,
        no_worker_activity_seconds=NO_ACTIVITY_SECONDS,
        oldest_seconds=OLDEST_SECONDS,
        commands_per_minute=SENT_PER_MINUTE,
        previews_per_minute=SENT_PER_MINUTE,
        refusals_per_minute=SENT_PER_MINUTE,
    ).model_copy(update=changed)


def suggestions(slash: str = SLASH_COMMAND) -> list[dict[str, Any]]:
    """Return the commands that the message field suggests while a person types."""
    texts = texts_for("en", "en", ZoneInfo("UTC"))
    subcommands = [
        {
            "name": command.name,
            "usage": command.usage(),
            "summary": texts.plain(help_key(command.name, texts)),
        }
        for command in find_commands().values()
    ]
    entry = {"command": slash, "description": "See and manage the job queue", "usage_hint": ""}
    return [{**entry, "subcommands": subcommands}]


def _roles(bot: SlackBot, user: str) -> list[str]:
    setup = bot.setup
    try:
        grant = role_of(setup.rules, setup.directory, user, Need(Role.VIEWER))
    except Unreachable:
        return []
    return [grant.role.word] if grant.role is not Role.NONE else []
