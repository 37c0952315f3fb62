"""Find the host and the port of a failed connection in each library's words."""

import re
from typing import NamedTuple

from bot.fingerprint.errors.parts.hosts import generalise_host

HOST = r"(?P<host>[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,200}[A-Za-z0-9_])?)"
"""A host's name or its number, as a part of other patterns."""
_UNRESOLVED = (
    re.compile(rf"getaddrinfo for {HOST} failed", re.IGNORECASE),
    # Node.js: the library of the system, and its own queries of names
    re.compile(rf"(?:getaddrinfo|query[A-Z]{{1,6}}) E[A-Z_]{{3,12}} {HOST}"),
    re.compile(
        r"(?:could(?: not|n't)|can(?:not|'t)|unable to|failed to) resolve(?: the)?"
        r"(?: (?:host|hostname|proxy|address))?(?: name)?(?: for)?:? "
        rf"[\"'`]?(?:https?://)?(?!(?:host|hostname|proxy|address|name|for)\b(?!\.)){HOST}",
        re.IGNORECASE,
    ),
    re.compile(rf"DNS resolution failed for (?:service: )?{HOST}"),
    re.compile(rf'could not translate host name "{HOST}" to address'),
    re.compile(rf"Unknown MySQL server host '{HOST}'"),
    re.compile(
        rf"host='{HOST}'.{{0,400}}(?:Name or service not known|name resolution|nodename nor)"
    ),
    re.compile(rf"\A(?:java\.net\.)?UnknownHostException: {HOST}"),
    re.compile(rf"No such host is known\.? ?\(?{HOST}"),
    re.compile(
        rf"lookup {HOST}(?: on \S{{1,60}})?: (?:no such host|server misbehaving|i/o timeout"
        r"|Temporary failure|read udp )"
    ),
    re.compile(rf"tcp connect \({HOST}:\d{{2,5}}\): non-existing domain"),
    re.compile(
        r"getaddrinfo failed|Name or service not known|Temporary failure in name resolution"
        r"|nodename nor servname provided|Name does not resolve|No such host is known"
        r"|Resolving timed out|DNS resolution failed"
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
    re.compile(rf"(?:refused|timed out|known|unavailable) \({HOST}:(?P<port>\d{{2,5}})\)"),
    # Memcached's extension of PHP
    re.compile(rf"Server {HOST} \(tcp (?P<port>\d{{2,5}})"),
    re.compile(
        rf"\((?:rediss?|amqps?|mongodb)://(?:[^@\s/]{{0,80}}@)?{HOST}(?::(?P<port>\d{{2,5}}))?"
    ),
)
_ADDRESS = (
    *_KNOWN_HOST,
    re.compile(
        rf"(?:connect(?:ing|ion)? to(?: host| \w{{1,20}} (?:on|at))?|connect|host:?"
        r"|attempted address(?:es)?:) "
        rf"[\"']?(?:tcp://|ssl://)?{HOST}[\"']?(?:/[\d.]{{7,15}})? ?"
        r"(?::|\(?port:? )(?P<port>\d{2,5})",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:tcp|ssl|tls|https?)://{HOST}(?::(?P<port>\d{{2,5}}))?"),
    re.compile(rf"host='{HOST}', port=(?P<port>\d{{2,5}})"),
    re.compile(rf"established with host [\"']?(?:tcp://|ssl://|tls://)?{HOST}(?::(?P<port>\d{{2,5}}))?"),
    re.compile(rf"E(?:CONN\w{{5,7}}|TIMEDOUT|HOSTUNREACH|NETUNREACH) {HOST}:(?P<port>\d{{2,5}})"),
    re.compile(rf"(?<![\w.@/-]){HOST}:(?P<port>{_KNOWN_PORTS})\b"),
    re.compile(rf"(?:refused|timed out): {HOST}/[\d.:a-f]{{3,45}}:(?P<port>\d{{2,5}})"),
    re.compile(rf"(?:refused|timed out): /{HOST}:(?P<port>\d{{2,5}})"),
    re.compile(rf"tcp connect \({HOST}:(?P<port>\d{{2,5}})\)"),
    re.compile(rf"dial tcp {HOST}:(?P<port>\d{{2,5}}): "),
)  # fmt: skip
# PHP's traces have the arguments, Python's have the line of the call, Node.js prints an error's
# properties after its frames, and a Ruby job's log adds the request.
_ARGUMENT = re.compile(
    r"(?:\w\([\"']|, '(?=https?:)|\b(?:url|uri|baseURL|hostname|host|address): [\"']"
    r"|[ \n](?:GET|POST|PUT|PATCH|DELETE|HEAD) (?=https?:))"
    r"(?:(?P<url>(?:https?|tcp|ssl|tls|ftp)://"
    r"(?P<host>[A-Za-z0-9](?:[\w-]|\.(?!\.)){2,200})(?=[:/?\"'\s)]|\Z)(?::(?P<port>\d{2,5}))?"
    r"(?:/[^\s\"']{0,600})?)|"
    r"(?P<host2>[A-Za-z][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})[\"'])"
)
# PHP's extensions have the host and the port as two arguments.
_CONNECT = re.compile(
    r"(?:connect|open|__construct|addServer)\('(?:(?:tcp|ssl|tls)://)?"
    r"(?P<host>[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){0,8})', '?(?P<port>\d{2,5})'?[,)]"
)
# PHP writes only the first characters of an argument.
_CUT = re.compile(r"'(?:https?|tcp|ssl|tls)://(?P<host>[A-Za-z0-9][\w.-]{4,80}?)\.\.\.'")
# Python's traces have the line that names the proxy.
_PROXY = re.compile(
    rf"prox\w{{1,10}}\b[^\n]{{0,80}}?//(?:[^@\s/]{{0,80}}@)?{HOST}:(?P<port>\d{{2,5}})"
)
# Not every mailer and client writes these ports.
_USUAL = ("80", "443", "25", "465", "587")


class Address(NamedTuple):
    """A host without its account numbers, its port if written, and the host as it is written."""

    host: str
    port: str | None
    written: str

    @property
    def name(self) -> str:
        """The host, with its port if the port tells apart services of the host."""
        is_steady = self.port is not None and int(self.port) < 32768 and self.port not in _USUAL
        return f"{self.host}:{self.port}" if is_steady else self.host


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
    connect = _CONNECT.search(text) if "('" in text else None
    if connect is not None:
        return Address(generalise_host(connect["host"].lower()), connect["port"], connect["host"])
    argument = _ARGUMENT.search(text)
    if argument is None:
        return None
    host = argument["host"] or argument["host2"]
    return Address(generalise_host(host.lower()), argument["port"], host)


def url_in_trace(text: str) -> str | None:
    """Return the whole address of a request that the trace names."""
    argument = _ARGUMENT.search(text)
    url = argument["url"] if argument else None
    return url if url and url.startswith("http") and not url.endswith("...") else None


def proxy_in_trace(text: str) -> Address | None:
    """Return the proxy that the trace names."""
    proxy = _PROXY.search(text)
    if proxy is None:
        return None
    return Address(generalise_host(proxy["host"].lower()), proxy["port"], proxy["host"])


def cut_in_trace(text: str) -> str | None:
    """Return the first letters of the host, `api.x...`, of an argument that PHP cut."""
    cut = _CUT.search(text)
    return f"{cut['host'].lower()}..." if cut else None


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
