"""A team at work for a test: a local Slack, the real bot on a real database, and its people."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from slack_sdk import WebClient
from sqlalchemy import Table, delete, insert, select

from bot.localslack.delivery.envelopes import ACK_SECONDS
from bot.localslack.demo import IDS
from bot.localslack.server import LocalSlack
from bot.settings import Settings
from bot.slack.runtime import Access, SlackBot, look_up
from bot.store import tables
from bot.store.tables.columns import metadata
from bot.wiring import check_tables, make_setup, open_engines, queue_of
from tests.kit.clock import Clock
from tests.kit.queues import GRACE, TestQueue, make_queue

REPLY_SECONDS = 30.0
"""How long a person waits for the first reply; it ends the wait."""

T = TypeVar("T")
Json = dict[str, Any]

INTERVAL = 0.1
"""How often the bot of a test looks for new failures, in seconds."""


@dataclass(frozen=True)
class Answer:
    """What came back to a person: the ack's and the later replies, and what was opened."""

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
    """The people of the demo workspace, the bot that serves them, and the queue it runs."""

    def __init__(
        self, slack: LocalSlack, queue: TestQueue, settings: Settings, grace: int = GRACE
    ) -> None:
        self.slack = slack
        self.queue = queue
        self.settings = settings
        self.grace = grace
        self.clock = Clock()
        self.bot = self.make_bot()

    def make_bot(self) -> SlackBot:
        """The bot as `make_bot` wires it, with the test's clock."""
        settings = self.settings
        engines = open_engines(settings, self.grace)
        check_tables(engines.background, queue_of(settings))
        access = Access(self.slack.bot_token, self.slack.app_token, self.slack.base_url)
        workspace = look_up(access)
        return SlackBot(
            access,
            workspace,
            lambda directory: replace(
                make_setup(settings, engines.requests, directory, workspace.team), clock=self.clock
            ),
            INTERVAL,
            engines.background,
            engines.polling,
            self.grace,
        )

    def start(self) -> None:
        """Connect, and wait until what failed before the start has been read in."""
        self.bot.start()
        self.until(lambda: self.slack.hub.connected)
        self.until(lambda: self._mark("backfill") >= 0)

    def stop(self) -> None:
        """End the bot without the seconds that the SDK's client waits for a last read."""
        self.bot.socket.client.auto_reconnect_enabled = False
        self.slack.kill_sockets()
        self.bot.stop()

    def restart(self) -> None:
        """End the bot and start another one, as at a new release."""
        self.stop()
        self.until(lambda: not self.slack.hub.connected)
        self.bot = self.make_bot()
        self.start()

    def _mark(self, name: str) -> int:
        positions = [row.position for row in self.queue.rows(tables.cursors) if row.name == name]
        return -1 if positions[0] is None else int(positions[0])

    # ---- what people do

    def say(self, words: str, *, as_: str = "operator", channel: str = "queue-ops") -> Answer:
        """Type `/queue` and these words."""
        response = self.slack.command(as_, channel, f"/queue {words}", wait=REPLY_SECONDS)
        return Answer(response)

    def click(
        self, message: Json, action_id: str, *, as_: str = "operator", value: object = None
    ) -> Answer:
        """Click in a message of a channel (or in a reply), or choose in its menu."""
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
        """Click in a modal or on Home, or choose in its menu; in this block, else in the first."""
        response = self.slack.click_in_view(
            as_, view["id"], action_id, block_id=block, value=value, wait=REPLY_SECONDS
        )
        return Answer(response)

    def submit(self, view: Json, typed: str | None = None, *, as_: str = "admin") -> Answer:
        """Submit a modal, with a count typed where there is a field for it."""
        values = {} if typed is None else {"typed": {"typed": typed}}
        # The ack itself carries what the modal becomes: there is nothing to wait for after it.
        return Answer(self.slack.submit(as_, view["id"], values, wait=0))

    # ---- what is to be seen

    def until(self, find: Callable[[], T | None], timeout: float = 20.0) -> T:
        """What `find` gives as soon as it gives something; `TimeoutError` after that time."""
        values: list[T] = []

        def look() -> bool:
            seen = find()
            if seen:
                values.append(seen)
            return bool(seen)

        self.slack.wait_for(look, timeout)
        return values[-1]

    def posted(self, channel: str) -> list[Json]:
        """The messages that everybody in a channel sees, oldest first, with the channel's id."""
        known_channel = self.slack.workspace.find_channel(channel)
        place = channel if known_channel is None else known_channel.id
        every = self.slack.messages(channel)
        return [{**one, "channel": place} for one in every if "ephemeral_to" not in one]

    def channel_texts(self, channel: str, at_least: int = 1) -> list[str]:
        """The texts that everybody in a channel sees, once there are so many."""
        self.until(lambda: len(self.posted(channel)) >= at_least)
        return [message["text"] for message in self.posted(channel)]

    def audit_texts(self, at_least: int = 1) -> list[str]:
        """The texts in the audit channel, once there are so many."""
        return self.channel_texts("queue-audit", at_least)

    def alert(self, text: str = "") -> Json:
        """The first message of the alert channel that says this, once it is there and known."""

        def find() -> Json | None:
            known = {row.message_ts for row in self.queue.rows(tables.incidents)}
            every = self.posted("queue-alerts")
            return next((one for one in every if text in one["text"] and one["ts"] in known), None)

        return self.until(find)

    def now(self, message: Json) -> Json:
        """The message as it is now."""
        every = self.posted(message["channel"])
        return next(one for one in every if one["ts"] == message["ts"])

    @property
    def records(self) -> Sequence[Any]:
        """The audit's records."""
        return self.queue.rows(tables.audit)

    @property
    def archived(self) -> Sequence[Any]:
        """The rows of the archive."""
        return self.queue.rows(tables.archive)

    def client(self) -> WebClient:
        """The SDK's client with the bot's token, to put there what the bot would never send."""
        base = self.slack.base_url
        return WebClient(token=self.slack.bot_token, base_url=base, retry_handlers=[])


def option(message: Json, command: str) -> str:
    """The value of a menu's choice that runs this command."""
    values: list[str] = [
        choice["value"]
        for block in message["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory") or {}]
        for choice in element.get("options", ())
    ]
    return next(value for value in values if json.loads(value).get("c") == command)


def action_ids(message: Json) -> list[str]:
    """The action ids of everything that can be clicked in a message or a view."""
    return [
        element["action_id"]
        for block in message["blocks"]
        for element in [*block.get("elements", ()), block.get("accessory") or {}]
        if "action_id" in element
    ]


def team_settings(slack: LocalSlack, url: str, **changed: Any) -> Settings:
    """What a team sets: an admin by id, operators by the user group @oncall."""
    values: dict[str, Any] = {
        "slack_bot_token": SecretStr(slack.bot_token),
        "slack_app_token": SecretStr(slack.app_token),
        "slack_api_url": slack.base_url,
        "database_url": SecretStr(url),
        "viewers": (IDS.viewer,),
        "operators": (IDS.oncall,),
        "admins": (IDS.admin,),
        "change_channels": (IDS.queue_ops, IDS.queue_alerts),
        "audit_channel": IDS.queue_audit,
        "alert_channel": IDS.queue_alerts,
    }
    return Settings(**(values | changed))


@contextmanager
def team_at_work(
    queue: TestQueue, *, rates: bool = True, grace: int = GRACE, **changed: Any
) -> Iterator[Team]:
    """A team until the block ends; `changed` are settings that differ.

    Without `rates` the test itself may post as much as it likes.
    """
    with LocalSlack(rates=rates, ack_timeout=ACK_SECONDS + grace) as slack:
        team = Team(slack, queue, team_settings(slack, queue.url, **changed), grace)
        try:
            team.start()
            yield team
        finally:
            team.stop()


class KeptDatabase:
    """One database for many tests: emptying it takes 10 ms, making it anew a second."""

    def __init__(self, url: str) -> None:
        self.queue = make_queue(url)
        tables = metadata.sorted_tables
        self._first = {table: [row._asdict() for row in self._rows(table)] for table in tables}

    def _rows(self, table: Table) -> Sequence[Any]:
        with self.queue.engine.begin() as connection:
            return connection.execute(select(table)).all()

    def emptied(self) -> TestQueue:
        """The queue as it was when it was made."""
        # What a test set in a session, such as `sql_mode`, ends with the connection.
        self.queue.engine.dispose()
        with self.queue.engine.begin() as connection:
            for table in (self.queue.queue.jobs, self.queue.queue.failed, *self._first):
                connection.execute(delete(table))
            for table, rows in self._first.items():
                if rows:
                    connection.execute(insert(table), rows)
        return self.queue


def sqlite_queue(folder: Path) -> TestQueue:
    """The same tables in a new SQLite file."""
    return make_queue(f"sqlite:///{folder / 'team.sqlite3'}")
