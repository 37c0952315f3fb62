"""Create a random database, run its story, and restore the server's settings."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.database.engine import connect
from bot.queue.layouts import Queue, spec_tables
from bot.store.migrate import migrate
from tests.kit.queues import GRACE, TestQueue
from tests.kit.team import KeptDatabase
from tests.random_databases.designs import Design
from tests.random_databases.observer import Observer, observing_file, observing_server
from tests.random_databases.story import Story
from tests.services.mariadb import MariaDB


@dataclass
class Tally:
    """The number of tried databases, and of those that the bot refused at start."""

    databases: int = 0
    refused: int = 0
    unmade: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def add(self, story: Story, *, accepted: bool) -> None:
        """Count a database whose story passed."""
        self.databases += 1
        self.refused += not accepted
        for name, count in story.outcomes.items():
            self.outcomes[name] = self.outcomes.get(name, 0) + count


@dataclass
class OnServer:
    """Random databases on one server, created in turn in the same database."""

    server: MariaDB
    name: str
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.database = KeptDatabase(self.server.url(self.name))

    def try_out(self, design: Design) -> None:
        """Run the story of one database."""
        with ExitStack() as until_the_end:
            raw = self.server.connect_as_root()
            observer = until_the_end.enter_context(observing_server(raw, self.name))
            if not self._make(observer, design):
                self.tally.unmade += 1
                return
            until_the_end.enter_context(_settings(observer, design))
            queue = self.database.queue
            # Older sessions still have the previous settings.
            queue.engine.dispose()
            story = Story(queue, observer, design)
            self.tally.add(story, accepted=story.run())

    def _make(self, observer: Observer, design: Design) -> bool:
        observer.execute("SET SESSION foreign_key_checks = 0")
        observer.execute("DROP TABLE IF EXISTS notes, jobs, failed_jobs")
        observer.execute("SET SESSION foreign_key_checks = 1")
        made = [observer.write(statement) for statement in design.tables]
        if not all(made):
            observer.execute("DROP TABLE IF EXISTS notes, jobs, failed_jobs")
            return False
        self.database.emptied()
        # Rules come after the rows, because they would refuse some of them.
        for statement in (*design.rows, *design.rules):
            observer.write(statement)
        return True

    def close(self) -> None:
        """Close the connections."""
        self.database.queue.engine.dispose()


@contextmanager
def _settings(observer: Observer, design: Design) -> Iterator[None]:
    """Change global settings of the server, and restore them at the end."""
    before = {
        name: observer.execute(f"SELECT @@GLOBAL.{name}")[0][0] for name, _ in design.settings
    }
    try:
        for name, value in design.settings:
            observer.write(f"SET GLOBAL {name} = {_literal(value)}")
        yield
    finally:
        for name, value in before.items():
            observer.execute(f"SET GLOBAL {name} = {_literal(value)}")


def _literal(value: object) -> str:
    return str(value) if str(value).isdigit() else f"'{value}'"


@dataclass
class InFiles:
    """Random databases in SQLite files, each a copy of a file with the bot's own tables."""

    folder: Path
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._template = self.folder / "template.sqlite3"
        engine = connect(f"sqlite:///{self._template}")
        migrate(engine)
        engine.dispose()

    def try_out(self, design: Design) -> None:
        """Run the story of one database."""
        path = self.folder / "queue.sqlite3"
        for old in self.folder.glob("queue.sqlite3*"):
            old.unlink()
        shutil.copy(self._template, path)
        with observing_file(str(path)) as observer:
            made = [observer.write(statement) for statement in design.tables]
            if not all(made):
                self.tally.unmade += 1
                return
            for statement in (*design.rows, *design.rules):
                observer.write(statement)
            url = f"sqlite:///{path}"
            engine = connect(url, grace=GRACE)
            try:
                story = Story(TestQueue(url, engine, Queue(*spec_tables())), observer, design)
                self.tally.add(story, accepted=story.run())
            finally:
                engine.dispose()
