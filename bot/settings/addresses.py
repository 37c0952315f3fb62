"""The types of the settings that are addresses: database and Slack's API."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.database.dialects import DRIVERS, is_sqlite_url

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def _database(value: SecretStr) -> SecretStr:
    """Return the address of the database if the bot supports this kind of database."""
    try:
        url = make_url(value.get_secret_value())
    except (ArgumentError, ValueError):
        raise ValueError(
            "must be an address like mysql+pymysql://user:password@host/database "
            "or sqlite:////path/to/file (percent-encode special characters of the password)"
        ) from None
    if url.drivername not in DRIVERS:
        raise ValueError("must start with mysql+pymysql:// or sqlite:///")
    if is_sqlite_url(url) and url.database in {None, "", ":memory:"}:
        raise ValueError("must name a file: a database in memory is lost when the bot stops")
    if not url.database:
        raise ValueError("must name the database, after the host: mysql+pymysql://…@host/database")
    return value


def _api(value: str) -> str:
    """Return Slack's address with a final slash.

    The address must use https, so that no token leaves this machine unencrypted.
    """
    parts = urlsplit(value)
    # `https://slack.com@other.example` and `http://[::1].other.example` name another host.
    is_host = re.fullmatch(r"(?:\[[0-9A-Fa-f:]+\]|[^\[\]@]+?)(?::\d+)?", parts.netloc)
    if not is_host or not parts.hostname or parts.scheme not in {"http", "https"}:
        raise ValueError("must be an address like https://slack.com/api/")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("must start with https:// (http:// only for this machine, 127.0.0.1)")
    return value.rstrip("/") + "/"


ApiUrl = Annotated[str, AfterValidator(_api)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
