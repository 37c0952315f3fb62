"""TLS to the database: required and verified, or best effort on this machine.

PyMySQL creates a context for each connection and loads all the system's authorities, although it
verifies none of them: measured, 37 ms with Python's lock held, against 0.4 ms for the connection.
Here an engine has one context.
"""

import ssl
from functools import cache
from ipaddress import ip_address
from typing import Literal

from sqlalchemy import URL

from bot.models.refusals import StartError

CLEAR_TEXT_PLUGINS = frozenset((b"mysql_clear_password", b"dialog"))
"""The ways to log in that send the password as it is."""

_OPTIONS = (
    "The ssl_ options in DATABASE_URL would replace the check of the server: remove them, and name "
    "the authority in DATABASE_CA."
)


@cache
def trusting() -> ssl.SSLContext:
    """Return PyMySQL's context without the authorities, which it would not use."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


Tls = Literal["required", "off"] | None
"""Whether TLS is required of every server, of none, or (None) of those on other machines."""


def required_context(url: URL, ca: str | None, tls: Tls) -> ssl.SSLContext | None:
    """Return the context that verifies the server's certificate and host name.

    `ca` is a file with the server's authority; without it those of the system count. Return None if
    TLS is best effort: for a server on this machine, or if it is off. Raises `StartError` if the
    address has options that PyMySQL would apply instead.
    """
    optional = tls == "off" or (tls is None and is_this_machine(url))
    if ca is None and optional:
        return None
    if any(name.startswith("ssl") for name in url.query):
        raise StartError([_OPTIONS])
    return ssl.create_default_context(cafile=ca)


def is_this_machine(url: URL) -> bool:
    """Return whether nothing between the bot and the server can read their connection."""
    if url.query.get("unix_socket"):
        return True
    host = str(url.query.get("host", url.host) or "localhost")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_verified(context: object, *, secure: bool) -> bool:
    """Return whether a connection uses TLS, and its context verifies the server and its name."""
    return (
        secure
        and isinstance(context, ssl.SSLContext)
        and context.verify_mode is ssl.CERT_REQUIRED
        and context.check_hostname
    )
