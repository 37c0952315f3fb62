"""Open the engines of the configured database, each with the limits of its purpose."""

from dataclasses import dataclass

from sqlalchemy import URL, Engine, make_url

from bot.database.dialects import is_sqlite
from bot.database.engine import POOL, READ_SECONDS, connect
from bot.database.time_limits import LOCK_WAIT_SECONDS
from bot.models.refusals import StartError
from bot.settings.settings import Settings

REQUEST_READ_SECONDS = 3.0
"""Read timeout of requests, in seconds.

Statements of requests end within 2 s, so a server that is silent for 3 s hangs.
"""
POLLING_POOL = 2
"""The number of connections that poll: one for the background work, and one for monitoring."""
BACKGROUND_POOL = 5
"""The number of connections for background threads.

The checks, two batch workers and the aggregation need one connection each; one is spare.
"""
MOST_CONNECTIONS = POOL + BACKGROUND_POOL + POLLING_POOL
"""The most connections to the database of one replica."""


def database_address(settings: Settings) -> URL:
    """Return the address of the configured database; raises `StartError` if there is none."""
    if settings.database_url is None:
        raise StartError(["DATABASE_URL is not set: give the address of the queue's database."])
    return make_url(settings.database_url.get_secret_value())


def open_database(
    settings: Settings,
    *,
    pool: int = POOL,
    read_seconds: float = READ_SECONDS,
    lock_seconds: float = LOCK_WAIT_SECONDS,
    grace: float = 0.0,
    autocommit: bool = False,
) -> Engine:
    """Return the engine of the configured database; for the options, see `connect`."""
    address = database_address(settings)
    ca = None if settings.database_ca is None else str(settings.database_ca)
    return connect(
        address.render_as_string(hide_password=False),
        ca=ca,
        tls=settings.database_tls,
        pool=pool,
        read_seconds=read_seconds,
        lock_seconds=lock_seconds,
        grace=grace,
        autocommit=autocommit,
        schema=settings.own_schema,
    )


@dataclass(frozen=True, slots=True)
class Engines:
    """The database engines of a running bot.

    `requests`: has a short read timeout for a silent server. `background`: allows long statements.
    `polling`: reads with single statements, each with one round trip. For an SQLite file, the three
    are one engine.
    """

    requests: Engine
    background: Engine
    polling: Engine


def open_engines(settings: Settings, grace: float = 0.0) -> Engines:
    """Return the engines of the configured database; for `grace`, see `connect`."""
    engine = open_database(
        settings,
        read_seconds=REQUEST_READ_SECONDS + grace,
        lock_seconds=LOCK_WAIT_SECONDS + grace,
        grace=grace,
    )
    if is_sqlite(engine):
        return Engines(engine, engine, engine)
    return Engines(
        engine,
        open_database(settings, pool=BACKGROUND_POOL, grace=grace),
        open_database(settings, pool=POLLING_POOL, grace=grace, autocommit=True),
    )
