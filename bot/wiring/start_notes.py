"""Sentences about settings that reduce the bot's security or contradict each other."""

import structlog
from sqlalchemy import make_url

from bot.app.setup import Setup
from bot.settings.secret_files import is_exposed
from bot.settings.settings import Settings

log = structlog.get_logger(__name__)


def start_notes(settings: Settings) -> list[str]:
    """Return one sentence for each setting that reduces the security of the bot."""
    return [*_link_notes(settings), *([KEYLESS] if settings.audit_key is None else [])]


KEYLESS = (
    "QUEUE_BOT_AUDIT_KEY is not set: everybody who can write to the database can forge audit "
    "records that verify accepts. queue-bot audit new-key prints a new key."
)


def _link_notes(settings: Settings) -> list[str]:
    url = None if settings.database_url is None else settings.database_url.get_secret_value()
    database = make_url(url).database if url is not None and url.startswith("sqlite") else None
    if database is not None and is_exposed(database):
        return ["Every account on this machine can read the SQLite file: run chmod 600."]
    if settings.database_tls == "off":
        return ["DATABASE_TLS=off: the database is not verified, and the link may be unencrypted."]
    return []


def warn_of_limits(setup: Setup) -> None:
    """Log contradictory limits; `/queue watch` shows these limits too."""
    if setup.alarms_too_soon:
        log.warning(
            "QUEUE_BOT_RESERVED_SECONDS is below the workers' timeout: slow jobs count as stuck",
            reserved_seconds=setup.reserved_seconds,
            worker_seconds=setup.alerting.worker_seconds,
        )
