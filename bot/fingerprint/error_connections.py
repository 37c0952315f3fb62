"""Find the cause of failed connections: one cause for each service, for every library.

A cause names the service or host and the problem: refused, timed out, lost, or not resolved.
"""

import re

from bot.fingerprint.error_addresses import HOST, Address, address_of, in_trace, unresolved
from bot.fingerprint.error_hints import hints_at
from bot.fingerprint.error_hosts import generalise_host

_REFUSED = re.compile(
    r"Connection refused|ECONNREFUSED|actively refused|Couldn't connect to server"
    r"|cURL error 7\b[^\n]{0,200}Could not connect|server on '[^'\n]{1,200}' \((?:111|10061)\b"
    r"|Connection to \S{1,200} refused|Connect call failed",
    re.IGNORECASE,
)
_TIMED_OUT = re.compile(
    r"connect ETIMEDOUT|\AETIMEDOUT|Connection timed out|connect(?:ion)? timeout|connect timed out"
    r"|timed out while connecting|Connection to \S{1,200} timed out"
    r"|Timeout (?:was reached|connecting to)|Connection timeout"
    r"|dial tcp [^\n]{1,200}: i/o timeout|TCP connection to \S{1,200} \(execution expired"
    r"|connect to host, port: [^\n]{1,200}; timeout|Operation timed out - connect\("
    r"|server on '[^'\n]{1,200}' \((?:110|115|10060|timed out)\b",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"read error on connection|server (?:\S{1,200} )?went away|\AConnection (?:lost|closed)"
    r"|Error while (?:reading (?:line|bytes)|writing bytes)|socket error on (?:read|write)"
    r"|ECONNRESET|EPIPE|Connection reset by peer|Broken pipe|Server closed the connection"
    r"|Connection closed by server|Connection is closed",
    re.IGNORECASE,
)
# Redis' clients write how long they waited for a reply, or from where.
_NO_REPLY = re.compile(r"\A(?:Timeout reading from|Waited [\d.]{1,9} seconds|[Rr]ead timed out)")
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
    rf"(?:(?:host|server):? )?(?!host\b|server\b){HOST}"
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
# Python's requests: the class of the inner error depends on the moment of the loss.
_ABORTED = "('Connection aborted.', "
_SERVICES = (
    (
        "Redis",
        re.compile(r"redis", re.IGNORECASE),
        # Python's client has this text in every class. Second servers have the next ports.
        re.compile(
            r":63(?:79|8\d)\b|port 63(?:79|8\d)\b|rediss?://|\bRedis "
            r"|\AError -?\d{1,5} (?:connecting to|while )|\AConnection is closed\.?\Z"
        ),
    ),
    (
        "PostgreSQL",
        re.compile(r"psycopg|Npgsql|org\.postgresql|asyncpg|\APG::", re.IGNORECASE),
        re.compile(
            r"SQLSTATE\[08\d{3}\] \[7\]|:5432\b|port 5432\b|failed to connect to `[^`\n]{0,80}user="
        ),
    ),
    (
        "MySQL 2002",
        re.compile(r"mysql|mariadb|trilogy", re.IGNORECASE),
        re.compile(
            r"SQLSTATE\[\w{5}\] \[200[23]\]|\(HY000/200[23]\)|\bmysqli?\b|\(200[23], |:3306\b"
            r"|port[ =]3306\b|Can't connect to (?:local )?(?:MySQL|MariaDB|server)",
            re.IGNORECASE,
        ),
    ),
    (
        "AMQP",
        re.compile(r"amqp|rabbit|kombu", re.IGNORECASE),
        re.compile(r":5672\b|port 5672\b|amqps?://"),
    ),
    (
        "MongoDB",
        re.compile(r"mongo", re.IGNORECASE),
        re.compile(r":27017\b|mongodb://"),
    ),
    (
        "Elasticsearch",
        re.compile(r"elastic", re.IGNORECASE),
        re.compile(r":9200\b|port 9200\b"),
    ),
    ("Memcached", re.compile(r"memcache", re.IGNORECASE), re.compile(r":11211\b|port 11211\b")),
)
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
)
# Not every mailer and client writes these ports.
_USUAL = ("80", "443", "25", "465", "587")
_LONGEST = 1_000
_UNKNOWN_HOST = ("java.net.UnknownHostException", "UnknownHostException")
_DEFAULT_PORTS = ("6379", "5432", "3306", "5672", "27017", "9200", "11211")
# These servers have fixed addresses in the configuration.
_DATABASES = ("MySQL 2002",)
_USUAL_HOSTS = ("db", "database", "cache", "queue", "broker")
# A container of the service has the service's name, which not every version of PHP writes.
_PLAIN_HOSTS = {
    "redis": "Redis",
    "mysql": "MySQL 2002",
    "postgres": "PostgreSQL",
    "rabbitmq": "AMQP",
    "mongo": "MongoDB",
    "mongodb": "MongoDB",
    "elasticsearch": "Elasticsearch",
    "memcached": "Memcached",
}
# This link leads to cURL's manual; it is not the address of the connection.
_SEE = re.compile(r" ?\(see https?:[^)\n]{0,100}\)")


def connection_cause(message: str, class_name: str | None, text: str = "") -> str | None:
    """Return, for example, `api.x.pe: host not found`, or None if no connection failed.

    If neither the message nor its class names a host or a service, the trace in `text` may.
    """
    if not hints_at(message, _HINTS) and class_name not in _UNKNOWN_HOST:
        return None
    message = _SEE.sub("", message[:_LONGEST])
    if message.startswith(_LINK):
        return f"MySQL: {_LINK}"
    service = _service(message, class_name)
    return (
        _not_found(message, class_name, service, text)
        or _login_refused(message)
        or _not_reached(message, service, text)
    )


def _not_reached(message: str, service: str | None, text: str) -> str | None:
    if (unreached := _UNREACHED.match(message)) is not None:
        return f"{generalise_host(unreached['host'].lower())}: no connection"
    problem = _problem(message, service)
    if problem is None:
        return "connection lost" if message.startswith(_ABORTED) else None
    address = address_of(message) or (None if service else in_trace(text))
    if address is not None and service is None and _FILE_SERVER_PORTS.search(message):
        return f"{address.host}: no connection"
    subject = _named_service(service, address) if service else _named(address)
    return f"{subject}: {problem}" if subject else None


def _problem(message: str, service: str | None) -> str | None:
    if "through socket" in message and (socket := _SOCKET.search(message)) is not None:
        return _SOCKET_ERRORS.get(socket["no"])
    if _REFUSED.search(message):
        return "Connection refused"
    if service == "Redis" and _NO_REPLY.search(message):
        return "Operation timed out"
    if _TIMED_OUT.search(message) and (service or not message.startswith("Operation timed out af")):
        return "Connection timed out"
    if service in ("Redis", "AMQP", "MongoDB") and _LOST.search(message):
        return "connection lost"
    return None


def _not_found(message: str, class_name: str | None, service: str | None, text: str) -> str | None:
    """Return the host alone, because not every library names the service; else the service."""
    host = unresolved(f"{class_name}: {message}" if class_name else message)
    if host is None:
        return None
    if not host:
        address = address_of(message) or (None if service else in_trace(text))
        host = address.host if address else ""
    service = service or _PLAIN_HOSTS.get(host)
    is_plain = host in ("", "#") or (service is not None and _is_plain(host, service))
    name = service if is_plain else host
    return f"{name}: host not found" if name else "host not found"


def _login_refused(message: str) -> str | None:
    login = _LOGIN.search(message)
    return f"{generalise_host(login['host'].lower())}: login refused" if login else None


def _named(address: Address | None) -> str | None:
    """Return the host, with its port if the port tells apart services of the host."""
    if address is None:
        return None
    port = address.port
    is_steady = port is not None and int(port) < 32768 and port not in _USUAL
    return f"{address.host}:{port}" if is_steady else address.host


def _named_service(service: str, address: Address | None) -> str:
    """Return the service, with its host if the host has a name of its own.

    Many applications have several servers of one service. Not every library writes the host. An
    unusual port names the server if the host's address is only a number.
    """
    host, port, written = address or Address("", None, "")
    if host in ("", "#", "localhost") or _is_plain(host, service):
        is_server = host == "#" and service in _DATABASES and not written.startswith("127.")
        shown = f" {written}" if is_server else ""
        return service + shown + (f" :{port}" if port and port not in _DEFAULT_PORTS else "")
    return f"{service} {host}"


def _is_plain(host: str, service: str) -> bool:
    """Whether this is a container's usual name, so that it tells apart no servers."""
    return host in _USUAL_HOSTS or service.lower().startswith(host)


def _service(message: str, class_name: str | None) -> str | None:
    for name, _, of_text in _SERVICES:
        if of_text.search(message):
            return name
    for name, of_class, _ in _SERVICES if class_name else ():
        if class_name and of_class.search(class_name):
            return name
    return None
