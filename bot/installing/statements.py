"""The statements that an administrator of the database runs for the bot."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from shlex import quote

from sqlalchemy import make_url

from bot.database.account import current_account
from bot.database.dialects import is_sqlite_url
from bot.doctor.installation import Installation
from bot.doctor.sentences import Sentence
from bot.settings.environment import load_settings
from bot.store.privileges import Place, grants, migrate_grants

SHOWN_PASSWORD = "PASSWORD"  # noqa: S105 a placeholder, which the administrator replaces


def statements(answers: Mapping[str, str], program: str, text: Sentence) -> Iterator[str]:
    """Yield the lines that create the bot's tables and give its account its privileges.

    `program` is the command as the person typed it.
    """
    settings = load_settings(answers, need="nothing")
    url = make_url(answers["DATABASE_URL"])
    if is_sqlite_url(url):
        yield text("setup-migrate-file", program=program)
        return
    schema = str(url.database)
    place = Place(
        schema,
        settings.own_schema or schema,
        settings.jobs_table,
        settings.failed_jobs_table,
    )
    with closing(Installation(settings)) as installation, installation.connected() as connection:
        account = current_account(connection)
    host = account.rpartition("@")[2]
    migrating = f"'queue_bot_migrate'@{host}"
    yield text("setup-step-accounts", password=SHOWN_PASSWORD)
    if place.own_schema != schema:
        yield f"CREATE DATABASE IF NOT EXISTS {place.own_schema} CHARACTER SET utf8mb4;"
    yield f"CREATE USER IF NOT EXISTS {migrating} IDENTIFIED BY '{SHOWN_PASSWORD}';"
    yield from migrate_grants(place, migrating)
    address = url.set(
        username="queue_bot_migrate", password=SHOWN_PASSWORD, database=place.own_schema
    )
    yield text("setup-step-tables")
    yield f"DATABASE_URL={quote(address.render_as_string(hide_password=False))} {program} migrate"
    yield text("setup-step-grants")
    yield f"ALTER USER {migrating} ACCOUNT LOCK;"
    yield from grants(place, account)
