"""A team for a test: a local Slack, the real bot on a real database, and the bot's users."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from slack_sdk import WebClient
from sqlalchemy import Table, delete, insert, select

from bot.doctor.checks import diagnosing
from bot.localslack.delivery.envelopes import ACK_SECONDS
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.settings.settings import Settings
from bot.slack.runtime import SlackBot, look_up
from bot.store import tables
from bot.store.tables.columns import metadata
from bot.wiring.bot import monitoring_address, slack_access
from bot.wiring.engines import open_engines
from bot.wiring.queue_tables import check_tables, layout_of, queue_of
from bot.wiring.setup import make_setup
from tests.kit.clock import Clock
from tests.kit.frameworks import SPEC, Framework
from tests.kit.queues import GRACE, TestQueue, make_queue
from tests.kit.wsgi import balanced, served

REPLY_SECONDS = 30.0
"""Seconds that a person waits at most for the first reply."""

T = TypeVar("T")
Json = dict[str, Any]

INTERVAL = 0.1
"""Seconds between two checks for new failures by the bot of a test."""


@dataclass(frozen=True)
class Answer:
    """The answer to a person: the replies in the ack and later ones, and the opened views."""

    response: Json

    @property
    def text(self) -> str:
        """The fallback texts of all replies."""
        return "\n".join(reply["text"] for reply in self.response["replies"])

    @property
    def reply(self) -> Json:
        """The only reply."""
        (reply,) = self.response["replies"]
        message: Json = reply
        return message

    @property
    def view(self) -> Json:
        """The only modal that was opened or changed."""
        (view,) = self.response["views"]
        modal: Json = view
        return modal

    @property
    def everything(self) -> str:
        """All that the person sees, as JSON."""
        return json.dumps(self.response, ensure_ascii=False)


class Team:
    """The people of the demo workspace, their bot, and the bot's queue."""

    def __init__(
        self, slack: LocalSlack, queue: TestQueue, settings: Settings, grace: int = GRACE
    ) -> None:
        self.slack = slack
        self.queue = queue
        self.settings = settings
        self.grace = grace
        self.clock = Clock()
        self._serving = ExitStack()
        self.bot = self.make_bot()

    def make_bot(self) -> SlackBot:
        """Return a bot with production's configuration, but with the test's clock."""
        settings = self.settings
        engines = open_engines(settings, self.grace)
        check_tables(
            engines.background, queue_of(settings, layout_of(settings, engines.background))
        )
        access = slack_access(settings)
        workspace = look_up(access)
        return SlackBot(
            access,
            workspace,
            lambda directory: replace(
                make_setup(settings, engines.requests, directory, workspace.team),
                clock=self.clock,
                diagnose=diagnosing(settings, self.grace),
            ),
            INTERVAL,
            engines.background,
            engines.polling,
            self.grace,
            monitoring_address(settings),
        )

    def start(self) -> None:
        """Connect, and wait until the failed jobs from before the start are indexed."""
        self.bot.start()
        if self.settings.mode == "http":
            self.serve(self.bot)
        else:
            self.until(lambda: self.slack.hub.connected)
        self.until(lambda: self._mark("backfill") >= 0)

    def serve(self, *bots: SlackBot) -> None:
        """Deliver signed requests to these bots in turn from now on."""
        self._serving.close()
        url = self._serving.enter_context(served(balanced(*(bot.requests for bot in bots))))
        self.slack.deliver_by_http(url)

    def stop(self) -> None:
        """Stop the bot without the seconds that the SDK's client waits for a last read."""
        if self.settings.mode == "http":
            self._serving.close()
            self.bot.stop()
            return
        self.bot.socket.client.auto_reconnect_enabled = False
        self.slack.kill_sockets()
        self.bot.stop()

    def restart(self) -> None:
        """Stop the bot and start another one, as at a new release."""
        self.stop()
        self.until(lambda: not self.slack.hub.connected)
        self.bot = self.make_bot()
        self.start()

    def _mark(self, name: str) -> int:
        positions = [row.position for row in self.queue.rows(tables.cursors) if row.name == name]
        return -1 if positions[0] is None else int(positions[0])

    # ---- what people do

    def say(self, words: str, *, as_: str = "operator", channel: str = "queue-ops") -> Answer:
        """Run the slash command with these words."""
        response = self.slack.command(
            as_, channel, f"{self.settings.command} {words}", wait=REPLY_SECONDS
        )
        return Answer(response)

    def click(
        self, message: Json, action_id: str, *, as_: str = "operator", value: object = None
    ) -> Answer:
        """Click an element of a message (or reply), or select an option of its menu."""
        channel, ts = message["channel"], message["ts"]
        response = self.slack.click(as_, channel, ts, action_id, value=value, wait=REPLY_SECONDS)
        return Answer(response)

    def click_in_view(
        self,
        view: Json,
        action_id: str,
        *,
        as_: str = "operator",
        block: str | None = None,
        value: object = None,
    ) -> Answer:
        """Click an element of a modal or Home, or select in its menu; default: first block."""
        response = self.slack.click_in_view(
            as_, view["id"], action_id, block_id=block, value=value, wait=REPLY_SECONDS
        )
        return Answer(response)

    def submit(self, view: Json, typed: str | None = None, *, as_: str = "admin") -> Answer:
        """Submit a modal; `typed` is the count for the field that asks for it, if there is one."""
        values = {} if typed is None else {"typed": {"typed": typed}}
        # The ack contains the new content of the modal, so there is no later reply.
        return Answer(self.slack.submit(as_, view["id"], values, wait=0))

    # ---- what people see

    def until(self, find: Callable[[], T | None], timeout: float = 20.0) -> T:
        """Return the first true result of `find`; raise `TimeoutError` after `timeout` seconds."""
        values: list[T] = []

        def look() -> bool:
            seen = find()
            if seen:
                values.append(seen)
            return bool(seen)

        self.slack.wait_for(look, timeout)
        return values[-1]

    def posted(self, channel: str) -> list[Json]:
        """Return the messages that everybody in a channel sees, oldest first, with its id."""
        known_channel = self.slack.workspace.find_channel(channel)
        place = channel if known_channel is None else known_channel.id
        every = self.slack.messages(channel)
        return [{**one, "channel": place} for one in every if "ephemeral_to" not in one]

    def channel_texts(self, channel: str, at_least: int = 1) -> list[str]:
        """Wait for `at_least` messages visible to everybody in a channel; return their texts."""
        self.until(lambda: len(self.posted(channel)) >= at_least)
        return [message["text"] for message in self.posted(channel)]

    def audit_texts(self, at_least: int = 1) -> list[str]:
        """Wait for `at_least` messages in the audit channel; return their texts."""
        return self.channel_texts("queue-audit", at_least)

    def alert(self, text: str = "") -> Json:
        """Return the first alert that contains `text`, once its delivery is recorded."""

        def find() -> Json | None:
            known = {row.message_ts for row in self.queue.rows(tables.incidents)}
            every = self.posted("queue-alerts")
            return next((one for one in every if text in one["text"] and one["ts"] in known), None)

        return self.until(find)

    def now(self, message: Json) -> Json:
        """Return the current state of the message."""
        every = self.posted(message["channel"])
        return next(one for one in every if one["ts"] == message["ts"])

    @property
    def records(self) -> Sequence[Any]:
        """Return the audit records."""
        return self.queue.rows(tables.audit)

    @property
    def archived(self) -> Sequence[Any]:
        """Return the rows of the archive."""
        return self.queue.rows(tables.archive)

    def client(self) -> WebClient:
        """The SDK's client with the bot's token, for messages that the bot would never send."""
        base = self.slack.base_url
        return WebClient(token=self.slack.bot_token, base_url=base, retry_handlers=[])


def option(message: Json, command: str) -> str:
    """Return the value of the menu option that runs this command."""
    values: list[str] = [
        choice["value"]
        for block in message["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory") or {}]
        for choice in element.get("options", ())
    ]
    return next(value for value in values if json.loads(value).get("c") == command)


def action_ids(message: Json) -> list[str]:
    """Return the action ids of all interactive elements of a message or a view."""
    return [
        element["action_id"]
        for block in message["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory") or {}]
        if "action_id" in element
    ]


def team_settings(slack: LocalSlack, url: str, **changed: Any) -> Settings:
    """Return a team's settings: an admin by id, operators by the user group @oncall."""
    values: dict[str, Any] = {
        "slack_bot_token": SecretStr(slack.bot_token),
        "slack_app_token": SecretStr(slack.app_token),
        "slack_signing_secret": SecretStr(slack.credentials.signing_secret),
        "slack_api_url": slack.base_url,
        "database_url": SecretStr(url),
        "viewers": (IDS.viewer,),
        "operators": (IDS.oncall,),
        "admins": (IDS.admin,),
        "change_channels": (IDS.queue_ops, IDS.queue_alerts),
        "audit_channel": IDS.queue_audit,
        "alert_channel": IDS.queue_alerts,
        # A test is faster than a person; tests of these limits set them.
        "commands_per_minute": 10_000,
        "previews_per_minute": 10_000,
        "refusals_per_minute": 10_000,
    }
    return Settings(**(values | changed))


@contextmanager
def team_at_work(
    queue: TestQueue, *, rates: bool = True, grace: int = GRACE, **changed: Any
) -> Iterator[Team]:
    """Run a team until the block ends; `changed` are settings that differ.

    Without `rates`, the local Slack does not limit how much the test posts.
    """
    with LocalSlack(rates=rates, ack_timeout=ACK_SECONDS + grace) as slack:
        team = Team(slack, queue, team_settings(slack, queue.url, **changed), grace)
        try:
            team.start()
            yield team
        finally:
            team.stop()


class KeptDatabase:
    """One database for many tests: emptying it takes 10 ms, creating a new one a second."""

    def __init__(self, url: str, framework: Framework = SPEC) -> None:
        self.queue = make_queue(url, framework=framework)
        tables = metadata.sorted_tables
        self._first = {table: [row._asdict() for row in self._rows(table)] for table in tables}

    def _rows(self, table: Table) -> Sequence[Any]:
        with self.queue.engine.begin() as connection:
            return connection.execute(select(table)).all()

    def emptied(self) -> TestQueue:
        """Return the queue in its initial state."""
        # Session settings of a test, such as `sql_mode`, end with the connection.
        self.queue.engine.dispose()
        with self.queue.engine.begin() as connection:
            for table in (self.queue.queue.jobs, self.queue.queue.failed, *self._first):
                connection.execute(delete(table))
            for table, rows in self._first.items():
                if rows:
                    connection.execute(insert(table), rows)
        return self.queue


def sqlite_queue(folder: Path) -> TestQueue:
    """Return the same tables in a new SQLite file."""
    return make_queue(f"sqlite:///{folder / 'team.sqlite3'}")
