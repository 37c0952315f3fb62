"""TLS to the database: required and verified, or optional for a server on this machine.

PyMySQL creates a TLS context for each connection. It loads all certificate authorities of the
system, although it does not verify the server. This takes 37 ms with Python's lock held; the
connection takes 0.4 ms (measured). Here all connections of an engine share one context.
"""

import ssl
from functools import cache
from ipaddress import ip_address
from typing import Literal

from sqlalchemy import URL

from bot.models.refusals import StartError

CLEAR_TEXT_PLUGINS = frozenset((b"mysql_clear_password", b"dialog"))
"""The login methods that send the password unencrypted."""

_OPTIONS = (
    "The ssl_ options in DATABASE_URL would replace the check of the server: remove them, and name "
    "the authority in DATABASE_CA."
)


@cache
def trusting() -> ssl.SSLContext:
    """Return a context like PyMySQL's, without the certificate authorities, which it never uses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


Tls = Literal["required", "off"] | None
"""TLS is required of every server, of no server, or (None) of servers on other machines."""


def required_context(url: URL, ca: str | None, tls: Tls) -> ssl.SSLContext | None:
    """Return the context that verifies the server's certificate and host name.

    `ca` is a file with the server's certificate authority; without `ca`, the system's authorities
    apply. Return None if TLS is optional: for a server on this machine, or if TLS is off. Raises
    `StartError` if the address has TLS options, because PyMySQL would apply those options instead.
    """
    optional = tls == "off" or (tls is None and is_this_machine(url))
    if ca is None and optional:
        return None
    if any(name.startswith("ssl") for name in url.query):
        raise StartError([_OPTIONS])
    return ssl.create_default_context(cafile=ca)


def is_this_machine(url: URL) -> bool:
    """Return whether the server runs on this machine, so that no network carries the connection."""
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
    """Return whether a connection uses TLS and verifies the server's certificate and name."""
    return (
        secure
        and isinstance(context, ssl.SSLContext)
        and context.verify_mode is ssl.CERT_REQUIRED
        and context.check_hostname
    )
