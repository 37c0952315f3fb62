"""The installation page works: the bot starts on its tables, with its files and commands."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.background.audit import seal_once
from bot.database.engine import connect
from bot.queue.layouts import Queue, spec_tables
from bot.settings.environment import load_settings
from bot.settings.variables import old_variables, variables
from bot.store.audit.verification import verify
from bot.store.migrate import migrate
from bot.wiring.queue_tables import check_tables
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, hold, make_setup
from tests.services.mariadb import MariaDB

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the page's code blocks in a language."""
    fenced = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    return [code for written, code in fenced if written == language]


def env_files() -> list[dict[str, str]]:
    """Return the page's environment files, in their order."""
    pairs = [re.findall(r"^([A-Z_]+)=(.+)$", block, re.MULTILINE) for block in blocks("")]
    return [dict(pair) for pair in pairs if any(name == "DATABASE_URL" for name, _ in pair)]


@pytest.fixture
def schema(mariadb_server: MariaDB) -> Iterator[str]:
    """The address of a database with the page's tables."""
    with mariadb_server.database() as name:
        url = mariadb_server.url(name)
        engine = connect(url, grace=GRACE)
        with engine.begin() as connection:
            for statement in blocks("sql")[0].split(";"):
                if statement.strip():
                    connection.execute(text(statement))
        engine.dispose()
        yield url


def test_the_page_lists_the_tables_that_the_bot_uses(schema: str) -> None:
    engine = connect(schema)
    try:
        migrate(engine)
        check_tables(engine, Queue(*spec_tables()))
    finally:
        engine.dispose()


def test_each_account_has_its_own_file() -> None:
    migrating, running = env_files()

    assert migrating.keys() == {"DATABASE_URL"}
    assert "//queue_bot_migrate:" in migrating["DATABASE_URL"]
    assert "//queue_bot:" in running["DATABASE_URL"]
    assert running.keys() <= {*variables(), *old_variables()}


def test_the_settings_of_the_page_are_accepted() -> None:
    running = {name: value.replace("…", "1-2-a") for name, value in env_files()[1].items()}

    settings = load_settings(running, need="run")

    assert settings.viewers == ("*",)


def test_a_shell_reads_the_environment_file_with_the_command_of_the_page(tmp_path: Path) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    path = tmp_path / "queue-bot.env"
    path.write_text("".join(f"{name}={value}\n" for name, value in env_files()[1].items()))

    ended = subprocess.run(
        [shell, "-c", f"(set -a; . {path}; env)"], capture_output=True, text=True, check=True
    )

    seen = dict(line.split("=", 1) for line in ended.stdout.splitlines() if "=" in line)
    assert env_files()[1].items() <= seen.items()


def test_the_systemd_unit_runs_the_program_that_the_page_installs() -> None:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # as typeshed words it
    unit.read_string(blocks("ini")[0])

    assert unit["Service"]["ExecStart"] == "/opt/queue-bot/bin/queue-bot run"
    assert unit["Service"]["EnvironmentFile"] == "/etc/queue-bot/queue-bot.env"
    assert unit["Service"]["RestartPreventExitStatus"] == "2"
    assert int(unit["Service"]["TimeoutStopSec"]) >= 25


def test_the_query_of_the_uninstall_names_only_tables_of_the_bot(schema: str) -> None:
    engine = connect(schema)
    try:
        migrate(engine)
        with engine.begin() as connection:
            name = connection.execute(text("SELECT DATABASE()")).scalar_one()
            query = blocks("sql")[-1]
            drop = connection.execute(text(query.replace("'shop'", f"'{name}'"))).scalar_one()
            connection.execute(text(str(drop).rstrip(";")))
            left = connection.execute(text("SHOW TABLES")).scalars().all()
        assert sorted(left) == ["failed_jobs", "jobs"]
    finally:
        engine.dispose()


def test_a_dump_of_the_page_restores_every_row_and_a_valid_audit_log(
    mariadb_server: MariaDB, mariadb_queue: TestQueue, tmp_path: Path
) -> None:
    queue = mariadb_queue
    for number in (45, 46):
        queue.fail(number, exception="broken: \0 \\ \N{PILE OF POO}")
    setup = make_setup(queue)
    ask(setup, "retry 45")
    seal_once(setup, hold(setup))
    name = str(queue.engine.url.database)
    before = checksums(queue)
    (dump,) = [line for block in blocks("") for line in block.splitlines() if "-dump" in line]
    access = f" --user=root --socket={mariadb_server.socket}"
    with mariadb_server.database() as other:
        command = dump.replace("-dump ", f"-dump{access} ", 1).replace(
            " shop queue_bot ", f" {name} {other} "
        )
        subprocess.run(["bash", "-euc", command], cwd=tmp_path, check=True)
    mariadb_server.execute(f"DROP DATABASE {name}")
    with (tmp_path / "shop.sql").open("rb") as file:
        subprocess.run(["mariadb", *shlex.split(access)], stdin=file, check=True)
    queue.engine.dispose()
    assert checksums(queue) == before
    with queue.engine.begin() as connection:
        assert list(verify(connection)) == []


def checksums(queue: TestQueue) -> dict[str, int]:
    """Return the checksum of each table's rows."""
    with queue.engine.connect() as connection:
        names = connection.execute(text("SHOW TABLES")).scalars().all()
        rows = connection.execute(text(f"CHECKSUM TABLE {', '.join(names)}")).all()
    return {str(row[0]): int(row[1]) for row in rows}
