"""The queue's tables as the settings and the columns describe them, and their checks at start."""

import structlog
from sqlalchemy import Engine, MetaData, make_url

from bot.database.session import require_session
from bot.database.start import START_SECONDS, at_start
from bot.database.transactions import reading, time_limit
from bot.fingerprint.payload import DEFAULT_ORDER_PATHS, DEFAULT_TIENDA_PATHS
from bot.masking.keys import DEFAULT_MASKED_KEYS
from bot.masking.masker import text_mask
from bot.models.subjects import ORDER, SHOP, USUAL
from bot.queue.layouts import Layout, Queue, all_layouts, detect, require, warnings
from bot.settings.settings import Settings
from bot.store.migrate import require_current

log = structlog.get_logger(__name__)


def layout_of(settings: Settings, engine: Engine) -> Layout:
    """Return the layout of the queue's tables: their columns show it, or the settings name it.

    Raises `StartError` if the columns fit several layouts.
    """
    every = all_layouts(settings.retry_after, settings.connections, settings.time_zone)
    layouts = [layout for layout in every if settings.layout in (None, layout.name)]
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        return detect(connection, settings.jobs_table, settings.failed_jobs_table, layouts)


def queue_of(settings: Settings, layout: Layout) -> Queue:
    """Return the queue with the configured tables and payload paths."""
    url = settings.database_url
    schema = None
    if settings.own_schema is not None and url is not None:
        schema = make_url(url.get_secret_value()).database
    order_paths, tienda_paths = (_paths(settings, name) for name in (ORDER, SHOP))
    own = tuple(s for s in settings.subjects or () if s.name not in USUAL)
    names = {subject.name for subject in own}
    database, _, failed_name = settings.failed_jobs_table.rpartition(".")
    jobs, failed = layout.tables(settings.jobs_table, failed_name, schema)
    if database:
        failed = failed.to_metadata(MetaData(), schema=database)
    return Queue(
        layout=layout,
        jobs=jobs,
        failed=failed,
        zone=settings.time_zone,
        order_paths=order_paths,
        tienda_paths=tienda_paths,
        subjects=own + tuple(s for s in layout.subjects if s.name not in names),
        batches=layout.batches and layout.batches(settings.batches_table, schema),
        mask=text_mask(masked_keys(settings)),
    )


def _paths(settings: Settings, name: str) -> tuple[str, ...]:
    """Return the paths of the order or of the shop; none if the settings name other subjects."""
    if name == ORDER:
        usual = settings.order_paths or DEFAULT_ORDER_PATHS
    else:
        usual = settings.tienda_paths or DEFAULT_TIENDA_PATHS
    if settings.subjects is None:
        return usual
    paths = {subject.name: subject.paths or usual for subject in settings.subjects}
    return paths.get(name, ())


def masked_keys(settings: Settings) -> tuple[str, ...]:
    """Return the masked keys: the defaults, and the keys that the settings add."""
    return (*DEFAULT_MASKED_KEYS, *settings.masked_keys)


def check_tables(engine: Engine, queue: Queue) -> dict[str, str]:
    """Raise `StartError` if the session, the queue's tables or the bot's own tables are invalid.

    Return the result of `require_session`.
    """
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        server_settings = require_session(connection)
        require(connection, queue)
        require_current(connection)
    return server_settings


def warn_of_tables(engine: Engine, queue: Queue) -> None:
    """Log warnings about the queue's tables; these problems do not prevent the bot's work."""
    with at_start(), reading(engine, time_limit(engine, START_SECONDS)) as connection:
        sentences = warnings(connection, queue)
    for sentence in sentences:
        log.warning(sentence)
