"""What the checks examine: the settings, Slack, and the database of one installation."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from bot.access.no_slack import NoSlack
from bot.app.setup import Setup
from bot.database.start import START_SECONDS
from bot.database.transactions import reading, time_limit
from bot.doctor.sentences import sentences
from bot.models.refusals import StartError
from bot.queue.layouts import Queue
from bot.settings.environment import SettingsError, load_settings
from bot.settings.secret_files import exposed_files
from bot.settings.settings import Settings
from bot.slack.directory import SlackDirectory
from bot.slack.runtime import LOOKUP_SECONDS, Access, WorkspaceInfo
from bot.text import Texts, texts_for
from bot.wiring.engines import open_database
from bot.wiring.setup import make_setup

VERIFY_SECONDS = 20.0
"""Seconds for the verification of the audit log; the rest of a longer log is not verified."""


def machine_time() -> datetime:
    """Return this machine's time as naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass
class Installation:
    """The settings, and the results of earlier checks; a check reads only those that it needs.

    `is_running`: the checks run within the bot, which is already connected to Slack. `locale` is
    the Slack locale of the reader; None is the language of the settings.
    """

    settings: Settings
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_running: bool = False
    clock: Callable[[], datetime] = machine_time
    verify_seconds: float = VERIFY_SECONDS
    grace: float = 0.0
    locale: str | None = None
    workspace: WorkspaceInfo | None = None
    _engine: Engine | None = None
    _queue: Queue | None = None
    _setup: Setup | None = None
    _directory: SlackDirectory | None = None

    @property
    def texts(self) -> Texts:
        """The messages in the reader's language."""
        zone = ZoneInfo(self.settings.time_zone.key)
        return texts_for(self.locale, self.settings.language, zone, self.settings.command)

    def text(self, key: str, **values: object) -> str:
        """Return a sentence of a finding; its names stay without quotes, because views add code."""
        return sentences(self.texts)(key, **values)

    @property
    def access(self) -> Access:
        """The tokens; a missing token is empty, and Slack refuses it."""
        tokens = (self.settings.slack_bot_token, self.settings.slack_app_token)
        bot, app = ("" if token is None else token.get_secret_value() for token in tokens)
        return Access(bot, app, str(self.settings.slack_api_url))

    @property
    def directory(self) -> SlackDirectory:
        """The people of the workspace."""
        if self._directory is None:
            client = self.access.client(LOOKUP_SECONDS + int(self.grace))
            self._directory = SlackDirectory(client, grace=self.grace)
        return self._directory

    @property
    def engine(self) -> Engine:
        """The database; raises `StartError` if the settings name none."""
        if self._engine is None:
            self._engine = open_database(self.settings, pool=1, grace=self.grace)
        return self._engine

    @property
    def queue(self) -> Queue:
        """The queue's tables, from the check of the layout."""
        if self._queue is None:
            raise StartError(["The layout of the queue's tables is not known."])
        return self._queue

    @queue.setter
    def queue(self, queue: Queue) -> None:
        self._queue = queue

    @property
    def setup(self) -> Setup:
        """The setup of a request in the terminal."""
        if self._setup is None:
            self._setup = make_setup(self.settings, self.engine, NoSlack())
        return self._setup

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Give a connection in a read-only transaction with the time limit of a start."""
        with reading(self.engine, time_limit(self.engine, START_SECONDS)) as connection:
            yield connection

    def close(self) -> None:
        """Close the connections to Slack and to the database."""
        if self._directory is not None:
            self._directory.close()
        if self._engine is not None:
            self._engine.dispose()


def installed(environ: Mapping[str, str]) -> Installation:
    """Return the installation of an environment; invalid settings are left out and reported."""
    notes = tuple(exposed_files(environ))
    try:
        return Installation(load_settings(environ, need="run"), notes=notes)
    except SettingsError as error:
        problems = tuple(error.problems)
    named = {word.removesuffix("_FILE") for word in (text.split()[0] for text in problems)}
    valid = {
        name: text for name, text in environ.items() if name.removesuffix("_FILE") not in named
    }
    try:
        settings = load_settings(valid, need="nothing")
    except SettingsError:
        settings = load_settings({}, need="nothing")
    return Installation(settings, problems, notes)
