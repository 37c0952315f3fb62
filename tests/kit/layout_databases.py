"""Databases with the tables of each framework, created once and emptied before each test."""

from contextlib import ExitStack
from pathlib import Path

from bot.database.transactions import reading
from bot.wall_clock import unix
from tests.kit.clock import Clock
from tests.kit.frameworks import Framework
from tests.kit.queues import TestQueue
from tests.kit.team import KeptDatabase
from tests.services.mariadb import MariaDB


def unix_now(queue: TestQueue) -> int:
    """Return the database's time in unix seconds."""
    with reading(queue.engine) as connection:
        return unix(Clock()(connection))


class Databases:
    """The databases of the suite, each created once and emptied before each test."""

    def __init__(self, folder: Path, server: MariaDB, until_the_end: ExitStack) -> None:
        self._folder = folder
        self._server = server
        self._until_the_end = until_the_end
        self._kept: dict[tuple[str, str], KeptDatabase] = {}

    def emptied(self, framework: Framework, kind: str) -> TestQueue:
        """Return the framework's tables and the bot's own on this kind of database, empty."""
        key = (framework.name, kind)
        if key not in self._kept:
            url = f"sqlite:///{self._folder / framework.name}.sqlite3"
            if kind == "mariadb":
                url = self._server.url(self._until_the_end.enter_context(self._server.database()))
            kept = self._kept[key] = KeptDatabase(url, framework)
            self._until_the_end.callback(kept.queue.engine.dispose)
        return self._kept[key].emptied()
