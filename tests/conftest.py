"""Fixtures for every test: real databases, an empty one for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from bot.localslack.proxies import bypass_proxies
from bot.slack.runtime import freeze_heap
from tests.kit import databases_in_turn
from tests.kit.compiled_statements import share_compiled_statements
from tests.kit.own_database import own_mariadb_queue, own_queue
from tests.kit.queues import TestQueue
from tests.kit.team import KeptDatabase, Team, sqlite_queue, team_at_work
from tests.services import programs
from tests.services.mariadb import MariaDB, running_mariadb

__all__ = ["own_mariadb_queue", "own_queue"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--server`, which runs the tests for a MariaDB on another server, such as `mysql`.

    `--databases` runs some tests on one database instead of two.
    """
    parser.addoption("--server", choices=sorted(programs.OFFERS), default="mariadb")
    parser.addoption("--databases", choices=databases_in_turn.CHOICES, default="both")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the server, and bypass proxies: every server of the tests is on this machine."""
    marker = f"{databases_in_turn.MARKER}: `make test` runs the test on MariaDB and on SQLite"
    config.addinivalue_line("markers", marker)
    programs.choose(config.getoption("--server"))
    bypass_proxies(os.environ)
    log_plainly()
    share_compiled_statements()
    # Examples are the same in every run and have no time limit, so no result depends on luck.
    settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
    settings.load_profile("repeatable")


def log_plainly() -> None:
    """Log errors as the program does, without the local variables of each frame.

    structlog's default formats these for more than a second while Slack waits for an answer.
    """
    *before, _drawn = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*before, plain])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that `--databases` leaves out."""
    left_out = [item for item in items if _is_left_out(item, config.getoption("--databases"))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        excluded = {id(item) for item in left_out}
        items[:] = [item for item in items if id(item) not in excluded]


def _is_left_out(item: pytest.Item, choice: str) -> bool:
    call = getattr(item, "callspec", None)
    parameters = {} if call is None else call.params
    on_each = item.get_closest_marker(databases_in_turn.MARKER) is not None
    folder = item.path.relative_to(item.config.rootpath).parent
    return databases_in_turn.is_left_out(folder, item.name, parameters, choice, on_each=on_each)


def pytest_collection_finish() -> None:
    """Exclude the collected tests from garbage collection, whose full run stops a bot for 0.3 s."""
    freeze_heap()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip the tests of the cluster and of PHP's workers unless `--server` selects them.

    The crash tests run on any server but the default one, because they take two minutes.
    """
    name, server = collection_path.name, config.getoption("--server")
    is_extra = name in ("galera", "php") and server != name
    is_extra = is_extra or (name == "crash" and server == "mariadb")
    return True if is_extra and collection_path.is_dir() else None


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDB]:
    """One MariaDB for the whole run; without one the tests are skipped, in CI they fail."""
    if programs.is_missing():
        sentence = "No MariaDB server on this machine: run `make test`, or install mariadb-server."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    with running_mariadb() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb_server: MariaDB) -> Iterator[str]:
    """The address of an empty database on the real server, dropped at the end."""
    with mariadb_server.database() as name:
        yield mariadb_server.url(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'queue.sqlite3'}"


@pytest.fixture(params=["mariadb", "sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty database of each kind in turn: the tests run on both."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def kept_database(mariadb_server: MariaDB) -> Iterator[KeptDatabase]:
    """One database on the real server for all tests that empty it instead of creating their own."""
    with mariadb_server.database() as name:
        kept = KeptDatabase(mariadb_server.url(name))
        yield kept
        kept.queue.engine.dispose()


@pytest.fixture
def kept_queue(kept_database: KeptDatabase) -> TestQueue:
    """The spec's tables and the bot's own on MariaDB, empty."""
    return kept_database.emptied()


@pytest.fixture
def team(kept_queue: TestQueue) -> Iterator[Team]:
    """People in a local Slack and the real bot that serves them, on MariaDB."""
    with team_at_work(kept_queue) as at_work:
        yield at_work


@pytest.fixture(params=["mariadb", "sqlite"])
def team_on_each(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    """People in a local Slack and the real bot, on each kind of database in turn."""
    on_mariadb = request.param == "mariadb"
    queue = request.getfixturevalue("kept_queue") if on_mariadb else sqlite_queue(tmp_path)
    with team_at_work(queue) as at_work:
        yield at_work
    if not on_mariadb:
        queue.engine.dispose()
