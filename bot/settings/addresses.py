"""The types of the settings that are addresses: database, Slack's API and links."""

import re
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.database.dialects import DRIVERS, is_sqlite_url

LINK_VALUES = frozenset({"order_id", "tienda_id", "job_id", "queue"})
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


def _link(value: str) -> str:
    """Return the link template if all its values are known and no value is part of the host."""
    try:
        parsed = list(Formatter().parse(value))
    except ValueError:
        raise ValueError("has a brace without its partner") from None
    names = {name for _, name, _, _ in parsed if name is not None}
    if any(conversion or form for _, _, form, conversion in parsed) or names - LINK_VALUES:
        allowed = ", ".join(f"{{{name}}}" for name in sorted(LINK_VALUES))
        raise ValueError(f"may contain only these values in braces: {allowed}")
    if not re.match(r"https?://[^/{}\s@]+/", value):
        raise ValueError("must start with http:// or https:// and a host name without braces")
    return value


Link = Annotated[str, AfterValidator(_link)]
ApiUrl = Annotated[str, AfterValidator(_api)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
