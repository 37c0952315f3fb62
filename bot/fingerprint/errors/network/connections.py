"""Find the cause of failed connections: one cause for each service, for every library.

A cause names the service or host and the problem: refused, timed out, lost, or not resolved.
"""

import re

from bot.fingerprint.errors.network.servers import (
    is_of_server,
    is_plain,
    named_server,
    server_at,
    server_of,
)
from bot.fingerprint.errors.parts.addresses import (
    HOST,
    Address,
    address_of,
    in_trace,
    proxy_in_trace,
    unresolved,
)
from bot.fingerprint.errors.parts.hints import RequestProblem, hints_at, problem_in, with_class
from bot.fingerprint.errors.parts.hosts import generalise_host

# Each cause of a connection that was not made, in the words of the operating systems and clients.
_PROBLEMS = (
    RequestProblem(
        "Connection refused",
        (
            *("connection refused", "econnrefused", "actively refused", "connect call failed"),
            "socket error: could not connect to host",
            *("couldn't connect to server",),
            # libmemcached
            *("connection failure,", "server is marked dead", "server has failed"),
        ),
        re.compile(
            r"curl error 7\b[^\n]{0,200}could not connect|connection to \S{1,200} refused"
            r"|server on '[^'\n]{1,200}' \((?:111|10061)\b"
            r"|failed to connect to \S{1,200} port \d{1,5}[^\n]{0,30}: could not connect to server"
        ),
    ),
    RequestProblem("No route to host", ("no route to host", "ehostunreach", "host is unreachable")),
    RequestProblem(
        "Network is unreachable", ("network is unreachable", "network is down", "enetunreach")
    ),
    RequestProblem(
        "Connection timed out",
        (
            *("connect etimedout", "connection timed out", "connect timeout", "connection timeout"),
            *("connect timed out", "timed out connecting", "timed out while connecting"),
            *("timeout was reached", "timeout connecting to", "operation timed out - connect("),
            # Classes of Python, Ruby and Java, and got's phase of a request
            *("connecttimeout", "opentimeout", "timeout awaiting 'connect'"),
        ),
        re.compile(
            r"\Aetimedout|connection to \S{1,200} timed out|dial tcp [^\n]{1,200}: i/o timeout"
            r"|tcp connection to \S{1,200} \(execution expired"
            r"|connect to host, port: [^\n]{1,200}; timeout"
            r"|failed to connect to \S{1,200} [^\n]{1,80} after \d{1,9} ?ms"
            r"|server on '[^'\n]{1,200}' \((?:110|115|10060|timed out)\b"
        ),
    ),
)
_LOST = re.compile(
    r"read error on connection|server (?:\S{1,200} )?went away|\AConnection (?:lost|closed)"
    r"|Error while (?:reading (?:line|bytes)|writing bytes)|socket error on (?:read|write)"
    r"|ECONNRESET|EPIPE|Connection reset by peer|Broken pipe|Server closed the connection"
    r"|Connection closed by server|Connection is closed|Socket was disconnected"
    r"|Stream connection lost|Connection reset\b|unexpectedly closed connection",
    re.IGNORECASE,
)
# A broker and its client agree on a time after which they close a connection without a word.
_HEARTBEAT = re.compile(
    r"\bmissed (?:server )?heartbeats?\b|heartbeats? (?:timeout|missing|missed)", re.IGNORECASE
)
# Redis' clients write how long they waited for a reply, or from where.
_NO_REPLY = re.compile(
    r"\A(?:Timeout reading from|Waited [\d.]{1,9} seconds|(?:[Rr]ead|Operation) timed out)"
)
# MySQL's client writes the number of the operating system's error.
_SOCKET = re.compile(r"local (?:\w{1,10} )?server through socket '[^'\n]{1,200}' \((?P<no>\d{1,3})")
_SOCKET_ERRORS = {
    "2": "No such file or directory",
    "13": "Permission denied",
    "111": "Connection refused",
}
# Flysystem's adapters for FTP and SFTP do not write why they could not connect, so for these
# servers no library's reason is used.
_FILE_SERVER_PORTS = re.compile(r":2[12]\b|port:? ?2[12]\b")
_UNREACHED = re.compile(
    rf"(?:Unable to|Could not|Couldn't|Cannot|Failed to) connect to "
    r"(?:(?:host|server):? |the endpoint URL: \"https?://)?(?!host\b|server\b|the )"
    rf"{HOST}"
    r"(?:/[\d.]{7,15})?(?::\d{1,5}|,? (?:at )?port:? ?\d{1,5})?[^\n:]{0,20}\Z"
)
# Libraries for SSH and FTP write the user's name and the host in many ways.
_LOGIN = re.compile(
    r"(?:Could not login|Login (?:failed|incorrect)|Unable to (?:login|authenticate)"
    r"|Authentication failed)\b[^\n]{0,100}?\b(?:host(?:name)?:? |for user \S{1,80}@)"
    rf"[\"']?{HOST}",
    re.IGNORECASE,
)
# MySQL's driver for Java writes this whether the connection failed or was lost.
_LINK = "Communications link failure"
# These clients write the host behind the proxy. Go and Node.js add the proxy.
_BY_PROXY = re.compile(r"proxyconnect tcp: |\bProxyError\(|tunneling socket could not be ")
_CAUSED_BY = "\nCaused by: "
# Most errors concern no connection, and these words are found faster than all patterns.
_HINTS = (
    *(
        "getaddrinfo",
        "resol",
        "refused",
        "timed out",
        "timeout",
        "went away",
        "connect",
        "not known",
    ),
    *(
        "such host",
        "server host",
        "link failure",
        "unknownhost",
        "to address",
        "errno -",
        "econn",
        "etimedout",
        "epipe",
        "reading line",
    ),
    *("writing", "socket", "broken pipe", "login", "authenticat", "waited "),
    *("heartbeat", "route to host", "unreachable"),
)
_LONGEST = 1_000
_UNKNOWN_HOST = ("java.net.UnknownHostException", "UnknownHostException")
# This link leads to cURL's manual; it is not the address of the connection.
_SEE = re.compile(r" ?\(see https?:[^)\n]{0,100}\)")


def connection_cause(message: str, class_name: str | None, text: str = "") -> str | None:
    """Return, for example, `api.x.pe: host not found`, or None if no connection failed.

    If neither the message nor its class names a host or a service, the trace in `text` may.
    """
    named = with_class(message, class_name)
    if not hints_at(named, _HINTS) and class_name not in _UNKNOWN_HOST:
        return None
    message = _SEE.sub("", message[:_LONGEST])
    if message.startswith(_LINK):
        return f"MySQL: {_LINK}"
    if (proxy := _BY_PROXY.search(message)) is not None:
        return _of_proxy(message[proxy.start() :], text)
    server = server_of(message, class_name, text)
    return (
        _not_found(message, class_name, server, text)
        or _login_refused(message)
        or _not_reached(message, server, text)
        or (_not_reached(named, server, text) if named != message else None)
    )


def _of_proxy(message: str, text: str) -> str | None:
    """Return the cause of a failed connection to a proxy; the host behind it has no part in it."""
    if (host := unresolved(message)) is not None:
        return f"{host or 'proxy'}: host not found"
    problem = _problem(message, None)
    address = address_of(message) or proxy_in_trace(text)
    return f"{address.name if address else 'proxy'}: {problem}" if problem else None


def _not_reached(message: str, server: str | None, text: str) -> str | None:
    unreached = _UNREACHED.match(message)
    # Java writes the reason in the inner exception.
    _, _, reason = text.partition(_CAUSED_BY) if unreached else ("", "", message)
    problem = _problem(reason, server)
    if unreached is not None and problem is None:
        return f"{generalise_host(unreached['host'].lower())}: no connection"
    if problem is None:
        return None
    address = address_of(message) or _traced(server, text)
    if address is not None and server is None and _FILE_SERVER_PORTS.search(message):
        return f"{address.host}: no connection"
    subject = named_server(server, address) if server else (address and address.name)
    return f"{subject}: {problem}" if subject else None


def _traced(server: str | None, text: str) -> Address | None:
    """Return the address in the trace. An address without a server's port is not the server's."""
    if server is None:
        return in_trace(text)
    address = in_trace(text) if "://" in text or "connect('" in text else None
    return address if is_of_server(address) else None


def _problem(message: str, server: str | None) -> str | None:
    if "through socket" in message and (socket := _SOCKET.search(message)) is not None:
        return _SOCKET_ERRORS.get(socket["no"])
    if server == "Redis" and _NO_REPLY.search(message):
        return "Operation timed out"
    if server == "AMQP" and _HEARTBEAT.search(message):
        return "missed heartbeat"
    is_read = server is None and message.startswith("Operation timed out af")
    problem = None if is_read else problem_in(message.lower(), _PROBLEMS)
    if problem is not None:
        return problem
    if server in ("Redis", "AMQP", "MongoDB") and _LOST.search(message):
        return "connection lost"
    return None


def _not_found(message: str, class_name: str | None, server: str | None, text: str) -> str | None:
    """Return the host alone, because not every library names the server; else the server."""
    host = unresolved(f"{class_name}: {message}" if class_name else message)
    if host is None:
        return None
    if not host:
        address = address_of(message) or _traced(server, text)
        host = address.host if address else ""
    server = server or server_at(host)
    plain = host in ("", "#") or (server is not None and is_plain(host, server))
    name = server if plain else host
    return f"{name}: host not found" if name else "host not found"


def _login_refused(message: str) -> str | None:
    login = _LOGIN.search(message)
    return f"{generalise_host(login['host'].lower())}: login refused" if login else None
