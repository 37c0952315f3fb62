"""Find the host and the port of a failed connection in each library's words."""

import re
from typing import NamedTuple

from bot.fingerprint.error_hosts import generalise_host

HOST = r"(?P<host>[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,200}[A-Za-z0-9_])?)"
"""A host's name or its number, as a part of other patterns."""
_UNRESOLVED = (
    re.compile(rf"getaddrinfo for {HOST} failed", re.IGNORECASE),
    re.compile(rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) {HOST}"),
    re.compile(
        rf"could(?: not|n't) resolve(?: (?:host|proxy))?(?: name)?(?: for)?:? "
        rf"[\"']?(?:https?://)?(?!(?:host|proxy|name|for)\b){HOST}",
        re.IGNORECASE,
    ),
    re.compile(rf"failed to resolve(?: host)? [\"'`]?(?!host\b){HOST}", re.IGNORECASE),
    re.compile(rf'could not translate host name "{HOST}" to address'),
    re.compile(rf"Unknown MySQL server host '{HOST}'"),
    re.compile(
        rf"host='{HOST}'.{{0,400}}(?:Name or service not known|name resolution|nodename nor)"
    ),
    re.compile(rf"\A(?:java\.net\.)?UnknownHostException: {HOST}"),
    re.compile(rf"No such host is known\.? ?\(?{HOST}"),
    re.compile(
        rf"lookup {HOST}(?: on \S{{1,60}})?: (?:no such host|server misbehaving|i/o timeout)"
    ),
    re.compile(rf"tcp connect \({HOST}:\d{{2,5}}\): non-existing domain"),
    re.compile(
        r"getaddrinfo failed|Name or service not known|Temporary failure in name resolution"
        r"|nodename nor servname provided|Name does not resolve|No such host is known"
    ),
)
_KNOWN_PORTS = "1433|1521|3306|5432|5672|6379|7700|8108|9092|9200|11211|27017"
_KNOWN_HOST = (
    # PHP's drivers do not write the address, and only Laravel 11 and later repeat it from the
    # configuration, so its number is not used.
    re.compile(rf"[( ]Host: (?!\d{{1,3}}\.){HOST}, Port: (?P<port>\d{{2,5}})"),
    re.compile(
        rf"(?:server at|on host) \"{HOST}\"(?: \([\d.:a-f]{{3,45}}\))?"
        rf"(?:, port (?P<port>\d{{2,5}})| and accepting\s{{1,3}}TCP/IP connections on port "
        rf"(?P<port2>\d{{2,5}}))?"
    ),
    re.compile(rf"`host={HOST} user="),
    re.compile(rf"[\d.]{{7,15}}:(?P<port>\d{{2,5}}) \({HOST}\)"),
    re.compile(rf"server on '{HOST}(?::(?P<port>\d{{2,5}}))?'"),
    re.compile(rf"connect\(2\) for \"?{HOST}\"? port (?P<port>\d{{2,5}})"),
    re.compile(rf"host, port: {HOST}, (?P<port>\d{{2,5}})"),
    re.compile(rf"(?:refused|timed out) \({HOST}:(?P<port>\d{{2,5}})\)"),
    re.compile(
        rf"\((?:rediss?|amqps?|mongodb)://(?:[^@\s/]{{0,80}}@)?{HOST}(?::(?P<port>\d{{2,5}}))?"
    ),
)
_ADDRESS = (
    *_KNOWN_HOST,
    re.compile(
        rf"(?:connect(?:ing|ion)? to(?: host| \w{{1,20}} (?:on|at))?|connect|host) "
        rf"[\"']?(?:tcp://|ssl://)?{HOST}[\"']? ?"
        r"(?::|port )(?P<port>\d{2,5})",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:tcp|ssl|tls|https?)://{HOST}(?::(?P<port>\d{{2,5}}))?"),
    re.compile(rf"host='{HOST}', port=(?P<port>\d{{2,5}})"),
    re.compile(rf"established with host [\"']?(?:tcp://|ssl://|tls://)?{HOST}(?::(?P<port>\d{{2,5}}))?"),
    re.compile(rf"(?:ECONNREFUSED|ETIMEDOUT) {HOST}:(?P<port>\d{{2,5}})"),
    re.compile(rf"(?<![\w.@/-]){HOST}:(?P<port>{_KNOWN_PORTS})\b"),
    re.compile(rf"Connection refused: {HOST}/[\d.:a-f]{{3,45}}:(?P<port>\d{{2,5}})"),
    re.compile(rf"tcp connect \({HOST}:(?P<port>\d{{2,5}})\)"),
    re.compile(rf"dial tcp {HOST}:(?P<port>\d{{2,5}}): "),
)  # fmt: skip
# PHP's traces have the arguments, and Node.js prints an error's properties after its frames.
_ARGUMENT = re.compile(
    r"(?:\w\('|\b(?:url|baseURL|hostname|host|address): ')(?:(?:https?|tcp|ssl|tls|ftp)://"
    r"(?P<host>[A-Za-z0-9][\w.-]{2,200})(?::(?P<port>\d{2,5}))?|"
    r"(?P<host2>[A-Za-z][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})')"
)


class Address(NamedTuple):
    """A host without its account numbers, its port if written, and the host as it is written."""

    host: str
    port: str | None
    written: str


def unresolved(text: str) -> str | None:
    """Return the unresolved host, "" for an unresolved host without a name, or None."""
    for pattern in _UNRESOLVED:
        match = pattern.search(text)
        if match is not None:
            host = match.groupdict().get("host") or ""
            return generalise_host(host.lower()) if host else ""
    return None


def in_trace(text: str) -> Address | None:
    """Return the host that a function's argument or a property of the error names."""
    argument = _ARGUMENT.search(text)
    if argument is None:
        return None
    host = argument["host"] or argument["host2"]
    return Address(generalise_host(host.lower()), argument["port"], host)


def address_of(message: str) -> Address | None:
    """Return the address of a failed connection; a name is better than a number."""
    numbered: Address | None = None
    for pattern in _ADDRESS:
        match = pattern.search(message)
        if match is None:
            continue
        groups = match.groupdict()
        # Of the local address of IPv6, `::1`, the patterns find only the last digit.
        host = "localhost" if match["host"] == "1" else generalise_host(match["host"].lower())
        address = Address(host, groups.get("port") or groups.get("port2"), match["host"])
        if host != "#":
            return address
        numbered = numbered or address
    return numbered
