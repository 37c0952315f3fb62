"""The databases, caches and brokers of an application: how an error names them and their hosts."""

import re
from typing import NamedTuple

from bot.fingerprint.errors.parts.addresses import Address
from bot.fingerprint.errors.services.names import library


class _ServerKind(NamedTuple):
    """A kind of server: its name in keys, patterns of its clients and texts, its usual hosts.

    A container of the server has the server's name, which not every version of PHP writes.
    """

    name: str
    of_class: re.Pattern[str]
    of_text: re.Pattern[str]
    hosts: tuple[str, ...]


_SERVERS = (
    _ServerKind(
        "Redis",
        re.compile(r"redis|lettuce|ReplyError\Z|MaxRetriesPerRequest", re.IGNORECASE),
        # Python's client has this text in every class. Second servers have the next ports.
        re.compile(
            r":63(?:79|8\d)\b|port 63(?:79|8\d)\b|rediss?://|\bRedis "
            r"|\AError -?\d{1,5} (?:connecting to|while )|\AConnection is closed\.?\Z"
        ),
        ("redis",),
    ),
    _ServerKind(
        "PostgreSQL",
        re.compile(r"psycopg|Npgsql|org\.postgresql|asyncpg|\APG::|pgx", re.IGNORECASE),
        re.compile(
            r"SQLSTATE\[08\d{3}\] \[7\]|:5432\b|port 5432\b|failed to connect to `[^`\n]{0,80}user="
        ),
        ("postgres", "postgresql", "pg", "pgsql"),
    ),
    _ServerKind(
        "MySQL 2002",
        re.compile(r"mysql|mariadb|trilogy", re.IGNORECASE),
        re.compile(
            r"SQLSTATE\[\w{5}\] \[200[23]\]|\(HY000/200[23]\)|\bmysqli?\b|\(200[23], |:3306\b"
            r"|port[ =]3306\b|Can't connect to (?:local )?(?:MySQL|MariaDB|server)",
            re.IGNORECASE,
        ),
        ("mysql", "mariadb"),
    ),
    _ServerKind(
        "AMQP",
        re.compile(r"amqp|rabbit|kombu|\b(?:aio_)?pika\b|\Bunny::", re.IGNORECASE),
        re.compile(r":567[12]\b|port 567[12]\b|amqps?://"),
        ("rabbit", "rabbitmq", "amqp"),
    ),
    _ServerKind(
        "MongoDB",
        re.compile(r"mongo", re.IGNORECASE),
        re.compile(r":27017\b|mongodb://"),
        ("mongo", "mongodb"),
    ),
    _ServerKind(
        "Elasticsearch",
        re.compile(r"elastic|opensearch|searchkick|chewy", re.IGNORECASE),
        re.compile(r":9200\b|port 9200\b"),
        ("elasticsearch", "elastic", "opensearch"),
    ),
    _ServerKind(
        "Memcached",
        re.compile(r"memcache|dalli|pylibmc", re.IGNORECASE),
        re.compile(r":11211\b|port 11211\b|\(tcp 11211\b|\bMemcache(?:d|Pool)?::|memcached_"),
        ("memcached", "memcache"),
    ),
)
_NAMES = {host: server.name for server in _SERVERS for host in server.hosts}
_USUAL_HOSTS = ("db", "database", "cache", "queue", "broker")
_DEFAULT_PORTS = ("6379", "5432", "3306", "5671", "5672", "27017", "9200", "11211")
# Programs throw these classes for every error, so the library that threw it names the server.
_ANY_CLASS = (None, "ErrorException", "Exception", "RuntimeException", "Error", "OSError")
# PHP's traces have the beginning of a data source's name.
_SOURCE = re.compile(r"'(?P<driver>mysql|pgsql):")
_OF_DRIVER = {"mysql": "MySQL 2002", "pgsql": "PostgreSQL"}


def server_of(message: str, class_name: str | None, text: str) -> str | None:
    """Return the server that the message names, or else the client's class or library."""
    for server in _SERVERS:
        if server.of_text.search(message):
            return server.name
    if class_name == "PDOException" and (source := _SOURCE.search(text)) is not None:
        return _OF_DRIVER[source["driver"]]
    client = library(text) if class_name in _ANY_CLASS else class_name
    for server in _SERVERS if client else ():
        if server.of_class.search(client or ""):
            return server.name
    return None


def server_at(host: str) -> str | None:
    """Return the server whose container has this name."""
    return _NAMES.get(host)


def is_plain(host: str, server: str) -> bool:
    """Whether this is a container's usual name, so that it tells apart no servers."""
    return host in _USUAL_HOSTS or _NAMES.get(host) == server


def is_of_server(address: Address | None) -> bool:
    """Whether the port of an address is one that only servers have."""
    return address is not None and address.port in _DEFAULT_PORTS


def named_server(server: str, address: Address | None) -> str:
    """Return the server, with its host if the host has a name of its own.

    Many applications have several servers of one kind. Not every library writes the host. An
    unusual port names the server if the host's address is only a number.
    """
    host, port, written = address or Address("", None, "")
    if host in ("", "#", "localhost") or is_plain(host, server):
        shown = f" {written}" if host == "#" and not written.startswith("127.") else ""
        return server + shown + (f" :{port}" if port and port not in _DEFAULT_PORTS else "")
    return f"{server} {host}"
