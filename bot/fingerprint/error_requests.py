"""Requests without an answer: a refused certificate, a time-out or a lost connection, by host."""

import re

from bot.fingerprint.error_hints import hints_at
from bot.fingerprint.error_hosts import generalise_host, generalise_url

_HINTS = (
    *("cert", "handshake", "x509", "pkix", "timed out", "timeout", "deadline exceeded"),
    *("empty reply", "reset by peer", "duration"),
)
_SECURE = re.compile(
    r"SSL|TLS|x509|PKIX|CERT_|curl|https|\A(?:certificate|self|unable)", re.IGNORECASE
)
_CERTIFICATES = (
    (
        "TLS handshake failure",
        re.compile(r"handshake[_ ]failure|SSLHandshakeException", re.IGNORECASE),
    ),
    (
        "certificate has expired",
        re.compile(r"certificate (?:has )?expired|CERT_HAS_EXPIRED", re.IGNORECASE),
    ),
    (
        "self-signed certificate",
        re.compile(r"self[- ]signed certificate|SELF_SIGNED_CERT", re.IGNORECASE),
    ),
    (
        "certificate of an unknown issuer",
        re.compile(
            r"unable to get (?:local )?issuer certificate|unable to verify the first certificate"
            r"|certificate signed by unknown authority|PKIX path building failed"
            r"|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)",
            re.IGNORECASE,
        ),
    ),
    (
        "certificate of another host",
        re.compile(
            r"no alternative certificate subject name|does not match certificate's altnames"
            r"|certificate subject name [^\n]{1,200} does not match target"
            r"|Hostname mismatch, certificate|x509: certificate is valid for"
            r"|hostname [^\n]{1,120} doesn't match|Peer certificate CN=[^\n]{1,120} did not match",
            re.IGNORECASE,
        ),
    ),
)
_TIMED_OUT = re.compile(
    r"Operation timed out|Idle timeout reached|Read timed out|Max duration was reached"
    r"|context deadline exceeded|\Atimeout of \d{1,9} ?ms exceeded"
    r"|Timeout awaiting 'request'|Client\.Timeout exceeded"
)
_URL = re.compile(r"https?://[^\s\"'<>`,)]{1,900}")
_NAMED = re.compile(
    r"(?:host=|host name |host: |certificate is not valid for |altnames: Host: |connection to |"
    r"read tcp \S{1,60}->)[\"']?(?P<host>[A-Za-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})"
)
# This link leads to cURL's manual; it is not the address of the request.
_MANUAL = re.compile(r"\(see https?:[^)\n]{0,100}\)")
_PROPERTY = re.compile(
    r"\b(?:url|baseURL|uri): ['\"](?P<url>https?://[^\s'\"]{1,900})"
    r"|[ \n](?:GET|POST|PUT|PATCH|DELETE|HEAD) (?P<url2>https?://[^\s'\"]{1,900})"
)
_LONGEST = 1_000


# OpenSSL writes the code, the library, the function (until version 1.1) and the reason.
_OPENSSL = re.compile(
    r"\berror:[0-9A-Fa-f]{8}:(?P<library>[\w ]{2,60}):(?:[\w ]{0,60}:)?"
    r"(?P<reason>[A-Za-z][\w ]{2,80}?)(?= {2}| for |[^\w ]|\Z)"
)
_PYTHON_OPENSSL = re.compile(r"\[(?P<library>SSL): [A-Z0-9_]{3,60}\] (?P<reason>[a-z0-9 ]{3,80})")


def openssl_cause(message: str) -> str | None:
    """Return OpenSSL's library and reason, with the host of a connection, or None."""
    if "error:" not in message and "[SSL: " not in message:
        return None
    message = _MANUAL.sub("", message[:_LONGEST])
    error = _OPENSSL.search(message) or _PYTHON_OPENSSL.search(message)
    if error is None:
        return None
    library, host = error["library"].removesuffix(" routines"), _host(message)
    cause = f"OpenSSL {library}: {error['reason'].strip()}"
    return f"{host}: {cause}" if host else cause


def request_cause(message: str, text: str = "") -> str | None:
    """Return, for example, `api.x.pe: certificate has expired`, or None without the host's name.

    If the message does not name the host, the lines after it in `text` may.
    """
    if not hints_at(message, _HINTS):
        return None
    message = _MANUAL.sub("", message[:_LONGEST])
    problem = _problem(message)
    if problem is None:
        return None
    host = _host(message) or _host_after(text)
    return f"{host}: {problem}" if host else None


def _host_after(text: str) -> str | None:
    """Return the host in an error's properties, or of the request that a Ruby job's log adds."""
    after = _PROPERTY.search(text)
    return generalise_url(after["url"] or after["url2"]) if after else None


def _host(message: str) -> str | None:
    url = _URL.search(message)
    if url is not None:
        return generalise_url(url.group().rstrip(".;:"))
    named = _NAMED.search(message)
    return generalise_host(named["host"].lower()) if named else None


def _problem(message: str) -> str | None:
    if _SECURE.search(message):
        for problem, pattern in _CERTIFICATES:
            if pattern.search(message):
                return problem
    if message.startswith("Could not connect"):
        return None
    if _TIMED_OUT.search(message):
        return "Operation timed out"
    if "Empty reply from server" in message:
        return "Empty reply from server"
    # During the handshake, the reason is usually another than for an established connection.
    is_reset = "Connection reset by peer" in message and "SSL_connect" not in message
    return "Connection reset by peer" if is_reset else None
