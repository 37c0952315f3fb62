"""Requests without an answer: a refused certificate, a time-out or a lost connection, by host."""

import re

from bot.fingerprint.errors.network.tls import NO_AUTHORITIES, openssl_error, tls_problem
from bot.fingerprint.errors.parts.addresses import address_of, cut_in_trace, in_trace
from bot.fingerprint.errors.parts.hints import RequestProblem, hints_at, problem_in, with_class
from bot.fingerprint.errors.parts.hosts import generalise_host, generalise_url
from bot.fingerprint.errors.stored.envelope import ErrorText

_HINTS = (
    *("cert", "handshake", "x509", "pkix", "timed out", "timeout", "deadline exceeded"),
    *("empty reply", "reset", "duration", "altname", "tls", "ssl", "protocol", "subject alt"),
    *("hang up", "without response", " eof", "end of", "failed to respond"),
    *("http/2", "http2", "stream error", "http response to"),
    *("redirect", "transfer closed", "incompleteread", "premature", "proxy", "tunnel", "verified"),
    *("disconnected", "for connect", "prematurely", "closed idle", "valid response", "timedout"),
)
# The client writes when it lost the connection, or for how long it waited.
_LOSSES = (
    RequestProblem(
        "Operation timed out",
        (
            *("operation timed out", "idle timeout reached", "read timed out", "readtimedout"),
            *("max duration was reached", "context deadline exceeded", "client.timeout exceeded"),
            *("timeout awaiting ", "httpclient.timeout of"),
            *("network timeout at", "net::readtimeout", "timed out reading data"),
            *("headers timeout", "timeout on reading data", "aborted due to timeout"),
            *("body timeout error", "response timeout error", "execution expired"),
            *("readtimeout", "read timeout reached", "esockettimedout", "read etimedout"),
            *("write operation timed out", "timed out after using the allocated"),
            *("i/o timeout", "read timeout on endpoint"),
        ),
        re.compile(
            r"\A(?:timeout of \d{1,9} ?ms exceeded|request timed out)"
            r"|(?:\A(?:socket\.timeout: )?|\berror |\": )(?:timed out>?|timeout)\Z"
            r"|[ .]timeouterror\Z"
        ),
    ),
    RequestProblem(
        "incomplete reply",
        (
            *("transfer closed with ", "incompleteread(", "premature close"),
            *("prematurely closed during response", "incomplete chunked read"),
            *("incomplete message body", "incomplete envelope body"),
            "response payload is not",
        ),
        re.compile(r": unexpected eof\Z|premature end of (?:content-length|chunk|stream)"),
    ),
    RequestProblem(
        "Empty reply from server",
        (
            *("empty reply from server", "remote end closed connection without response"),
            *("socket hang up", "server disconnected", "unexpected end of file"),
            *("unexpected end of stream", "failed to respond", "other side closed"),
            *("connection closed before message completed", "server closed connection"),
            *("prematurely closed before response", "server closed idle connection"),
            *("serverdisconnected", "closed before we received a valid response"),
        ),
        re.compile(r": eof\Z|\Aend of file reached"),
    ),
    RequestProblem(
        "Connection reset by peer",
        (
            *("connection reset by peer", "econnreset", "forcibly closed by the remote host"),
            *("socketerror: other", "connectionreseterror"),
        ),
        re.compile(r"\bconnection reset\b"),
    ),
    RequestProblem(
        "HTTP/2 stream closed",
        (
            *("stream error: stream id", "nghttp2_", "error in the http2 framing layer"),
            *("http/2 stream error", "http2: server sent goaway"),
        ),
        re.compile(r"http/2 stream \d{1,9} was (?:not )?closed"),
    ),
    RequestProblem(
        "too many redirects",
        (
            *("maximum redirect reached", "too many redirect", "too many http redirect"),
            *("maximum number of redirects exceeded", "redirected too many times"),
        ),
        re.compile(
            r"\bmaximum \(\d{1,3}\) redirects followed"
            r"|\b(?:more than|after|exceeded) \d{1,3} redirects"
        ),
    ),
)
# Python's requests: the class of the inner error depends on the moment of the loss.
_ABORTED = "('Connection aborted.', "
_SHORT = 80
# An application's own words before the client's words name the activity.
_OWN_WORDS = re.compile(
    r"(?!cURL error|SSL_|OpenSSL|net/http|https?: |tls: |read |write "
    r"|[\w.]{0,60}(?:Error|Exception|timeout): )"
    r"[^:\n]{3,60}: "
)
# A quoted value is no client's word.
_QUOTED = re.compile(r"'[^'\n]{0,200}'|\"[^\"\n]{0,200}\"")
# A proxy answers the request for a connection to the host, so the fault is not the host's.
_PROXY_REPLY = re.compile(
    r"(?:Received HTTP code |CONNECT tunnel failed, response |Tunnel connection failed: "
    r"|Proxy returns \"HTTP/\d\.\d |socket could not be established, statusCode=|Proxy response \("
    r"|CONNECT refused by proxy: HTTP/\d\.\d |Unexpected response code for CONNECT: "
    r"|proxy tunnel request to proxy [^\n]{1,200} status code ')(?P<status>\d{3})"
)
_PROXY_LOGIN = re.compile(
    r"(?:\A|: |\b407 \"?|message=')Proxy Authentication Required", re.IGNORECASE
)
_URL = re.compile(r"https?://[^\s\"'<>`,)]{1,900}")
_NAMED = re.compile(
    r"(?:host=|host name |host: |target hostname |certificate is not valid for |altnames: Host: "
    r"|connection to |expected CN=|\AHostname |name matching |\ACertificate for <|host |, not "
    r"|read tcp \S{1,60}->|\A(?=[\w.-]{4,200}:\d{2,5} failed to respond))"
    r"[\"'`]?(?P<host>[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})",
    re.IGNORECASE,
)
# This link leads to cURL's manual; it is not the address of the request.
_MANUAL = re.compile(r"\(see https?:[^)\n]{0,100}\)")
_LONGEST = 1_000


def openssl_cause(message: str) -> str | None:
    """Return OpenSSL's library and reason, with the host of a connection, or None."""
    message = _MANUAL.sub("", message[:_LONGEST])
    cause = openssl_error(message)
    host = _host(message) if cause else None
    return f"{host}: {cause}" if host else cause


def request_cause(message: str, error: ErrorText) -> str | None:
    """Return, for example, `api.x.pe: certificate has expired`, or None without the host's name.

    If the message does not name the host, the lines after it in the text may.
    """
    named = with_class(message, error.class_name)
    if not hints_at(named, _HINTS):
        return None
    message = _MANUAL.sub("", message[:_LONGEST])
    if (proxy := _proxy_cause(message, error.text)) is not None:
        return proxy
    problem = _problem(message) or (_problem(named) if named != message else None)
    if problem is None or "SQLSTATE" in message:
        return None
    if problem == NO_AUTHORITIES:
        return problem
    host = _host(message) or _host_after(error.text)
    return f"{host}: {problem}" if host else None


def hostless_cause(message: str, error: ErrorText) -> str | None:
    """Return the problem of a request to an unknown host, or None for other errors.

    Only the application's file tells apart the requests to several services.
    """
    if not hints_at(message, _HINTS):
        return None
    message = _MANUAL.sub("", message[:_LONGEST])
    if message.startswith(_ABORTED):
        problem: str | None = "connection lost"
    else:
        words = _QUOTED.sub("", message)[:_SHORT]
        problem = None if _OWN_WORDS.match(words) else _problem(words)
    if problem is None or error.class_name is None:
        return None
    return f"{problem} in {error.app_file}" if error.app_file else problem


def _proxy_cause(message: str, text: str) -> str | None:
    """Return the proxy's answer; if it wants a login, no request of the application succeeds."""
    reply = _PROXY_REPLY.search(message)
    if _PROXY_LOGIN.search(message) or (reply is not None and reply["status"] == "407"):
        return "proxy: login required"
    if reply is None:
        return None
    host = _host(message) or _host_after(text)
    cause = f"proxy answered HTTP {reply['status']}"
    return f"{host}: {cause}" if host else cause


def _host_after(text: str) -> str | None:
    """Return the host in a function's argument, in an error's properties, or of a job's log."""
    address = in_trace(text)
    return address.name if address else cut_in_trace(text)


def _host(message: str) -> str | None:
    url = _URL.search(message)
    if url is not None:
        return generalise_url(url.group().rstrip(".;:"))
    named = _NAMED.search(message)
    if named is not None:
        return generalise_host(named["host"].lower())
    address = address_of(message)
    return address.name if address else None


def _problem(message: str) -> str | None:
    if (problem := tls_problem(message)) is not None:
        return problem
    if message.startswith("Could not connect"):
        return None
    return problem_in(message.lower(), _LOSSES)
