"""The bot starts on CodeIgniter Queue's tables with the settings and the grants of the pages."""

import pytest

from bot.background.incidents import probe
from bot.database.engine import connect
from bot.database.transactions import reading
from bot.models.refusals import StartError
from bot.queue.layouts import fitted
from bot.settings.environment import load_settings
from bot.store import tables
from bot.store.migrate import migrate
from bot.wall_clock import unix
from bot.wiring.engines import open_engines
from bot.wiring.queue_tables import check_tables, layout_of, queue_of
from tests.kit.clock import Clock
from tests.kit.frameworks import CODEIGNITER, LARAVEL_8
from tests.kit.grants import PAGE, PASSWORD, QueueDatabases, statements, user_of
from tests.kit.queues import GRACE, TestQueue
from tests.kit.replicas import ask, codes, hold, make_setup
from tests.services.mariadb import MariaDB

LAYOUT_PAGE = PAGE.parent / "layouts" / "codeigniter_queue.md"
NAMES = {
    "QUEUE_BOT_JOBS_TABLE": "queue_jobs",
    "QUEUE_BOT_FAILED_JOBS_TABLE": "queue_jobs_failed",
}


def grants(schema: str, own: str, user: str) -> list[str]:
    """Return the statements of both pages for the account that runs the bot."""
    databases = QueueDatabases(schema, schema, own)
    general = statements("run", user, databases)
    names = (f"`{schema}`.jobs ", f"`{schema}`.failed_jobs ")
    general = [one for one in general if not any(name in one for name in names)]
    return general + statements("run", user, databases, LAYOUT_PAGE)


def test_every_change_works_with_the_grants_of_the_pages_and_a_schema_of_the_bot(
    mariadb_server: MariaDB,
) -> None:
    with mariadb_server.database() as schema, mariadb_server.database() as own:
        owners = [
            connect(mariadb_server.url(schema), schema=name, grace=GRACE) for name in (None, own)
        ]
        CODEIGNITER.create(owners[0])
        migrate(owners[1])
        user = user_of("run", schema)
        for statement in grants(schema, own, user):
            mariadb_server.execute(statement)
        url = mariadb_server.url(schema, user=user, password=PASSWORD)
        settings = load_settings(
            {"DATABASE_URL": url, "QUEUE_BOT_SCHEMA": own, **NAMES}, need="database"
        )
        engines = open_engines(settings, GRACE)
        queue = queue_of(settings, layout_of(settings, engines.background))
        check_tables(engines.background, queue)
        with reading(engines.requests) as connection:
            queue = fitted(connection, queue)
            at = unix(Clock()(connection))
        test_queue = TestQueue(url, engines.requests, queue, framework=CODEIGNITER)
        failed, held = test_queue.fail(), test_queue.push(reserved_at=at - 90, created_at=at)
        setup = make_setup(test_queue, reserved_seconds=60)
        probe.probe_once(setup, hold(setup))
        assert [row.seen_at for row in test_queue.rows(tables.reservations)] == [at - 90]
        reads = ["status", "jobs", "stuck"]
        words = [*reads, f"retry {failed}", "undo", f"release {held}", f"delete {held}"]
        words += ["undo", f"delete-failed {failed}"]
        assert codes([ask(setup, each) for each in words]) == ["ok"] * len(words)
        for engine in (*owners, engines.requests, engines.background, engines.polling):
            engine.dispose()
        mariadb_server.execute(f"DROP USER '{user}'@'127.0.0.1'")


def test_the_setting_overrides_the_layout_that_the_columns_show(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    LARAVEL_8.create(engine)
    environ = {"DATABASE_URL": sqlite_url}
    assert layout_of(load_settings(environ, need="database"), engine).name == "laravel"
    environ["QUEUE_BOT_LAYOUT"] = "codeigniter_queue"
    settings = load_settings(environ, need="database")
    layout = layout_of(settings, engine)
    assert layout.name == "codeigniter_queue"
    with pytest.raises(StartError, match=r"The table jobs has no column priority\."):
        check_tables(engine, queue_of(settings, layout))
    engine.dispose()
