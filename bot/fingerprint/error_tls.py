"""Failed encryption: refused certificates, TLS alerts, broken handshakes, for every library."""

import re

_SECURE = re.compile(
    r"SSL|TLS|x509|PKIX|CERT_|curl|https|altnames|alternative|fatal alert|handshake"
    r"|Peer certificate|\A(?:certificate|self|unable|hostname)",
    re.IGNORECASE,
)
# Each cause of a refused or failed encryption, in the words of OpenSSL, cURL, GnuTLS, Node.js, Go
# and Java. A more precise cause stands before a vague one.
_PROBLEMS = (
    (
        "certificate has expired",
        re.compile(
            r"certificate (?:has )?expired|CERT_HAS_EXPIRED|certificate_expired"
            r"|CertificateExpiredException|validity check failed",
            re.IGNORECASE,
        ),
    ),
    ("certificate revoked", re.compile(r"certificate (?:has been )?revoked", re.IGNORECASE)),
    (
        "self-signed certificate",
        re.compile(r"self[- ]signed certificate|SELF_SIGNED_CERT", re.IGNORECASE),
    ),
    (
        "certificate of an unknown issuer",
        re.compile(
            r"unable to get (?:local )?issuer certificate|unable to verify the first certificate"
            r"|certificate signed by unknown authority|PKIX path building failed"
            r"|unable to find valid certification path|Trust anchor for certification path"
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
            r"|hostname [^\n]{1,120} (?:doesn't match|does not match|not verified)"
            r"|Certificate for <[^>\n]{1,200}> doesn't match|No subject alternative (?:DNS )?name"
            r"|Peer certificate CN=[^\n]{1,120} did not match",
            re.IGNORECASE,
        ),
    ),
    (
        "TLS protocol version refused",
        re.compile(
            r"unsupported protocol\b|no protocols available|No appropriate protocol"
            r"|server selected unsupported protocol version",
            re.IGNORECASE,
        ),
    ),
    (
        "no TLS on this port",
        re.compile(
            r"wrong version number|does not look like a TLS handshake|packet length too long"
            r"|Unsupported or unrecognized SSL message|plaintext connection\?"
            r"|server gave HTTP response to HTTPS client|:http request",
            re.IGNORECASE,
        ),
    ),
    (
        "TLS handshake timed out",
        re.compile(
            r"TLS handshake timeout|SSL connection time(?:out|d out)|handshake operation timed out",
            re.IGNORECASE,
        ),
    ),
    (
        "connection closed in the TLS handshake",
        re.compile(
            r"SSL_ERROR_SYSCALL|SSL_connect SYSCALL|SSL_connect: Connection reset"
            r"|Unknown SSL protocol error|unexpected eof while reading|UNEXPECTED_EOF_WHILE_READING"
            r"|EOF occurred in violation of protocol|before secure TLS connection"
            r"|Remote host (?:terminated the|closed connection during) handshake"
            r"|non-properly terminated",
            re.IGNORECASE,
        ),
    ),
    (
        "TLS handshake failure",
        re.compile(r"handshake[_ ]failure|SSLHandshakeException", re.IGNORECASE),
    ),
)
# A file of the machine, so that no host is to blame.
_NO_AUTHORITIES = re.compile(r"error setting certificate (?:verify locations|file)", re.IGNORECASE)
NO_AUTHORITIES = "certificates of authorities not readable"
# RFC 8446 names the alerts of the other side. OpenSSL, Go, Java, GnuTLS and Rust write them so.
_ALERT = re.compile(
    r"(?:(?:tlsv1|tlsv13|tlsv1\.\d|sslv3) alert |remote error: tls: |received fatal alert: "
    r"|TLS fatal alert has been received[.:]{1,2} ?)"
    r"(?P<alert>[A-Za-z][A-Za-z_ ]{3,40}?)(?= {2}| for |[^\w ]|\Z)",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Go has words of its own for some alerts.
_ALERTS = {
    "handshake failure": "TLS handshake failure",
    "protocol version": "TLS protocol version refused",
    "protocol version not supported": "TLS protocol version refused",
    "expired certificate": "TLS alert certificate expired",
    "revoked certificate": "TLS alert certificate revoked",
    "unknown certificate authority": "TLS alert unknown ca",
    "error decrypting message": "TLS alert decrypt error",
    "insufficient security level": "TLS alert insufficient security",
}
# OpenSSL writes the code, the library, the function (until version 1.1) and the reason.
_OPENSSL = re.compile(
    r"\berror:[0-9A-Fa-f]{8}:(?P<library>[\w ]{2,60}):(?:[\w ]{0,60}:)?"
    r"(?P<reason>[A-Za-z][\w ]{2,80}?)(?= {2}| for |[^\w ]|\Z)"
)
_PYTHON_OPENSSL = re.compile(r"\[(?P<library>SSL): [A-Z0-9_]{3,60}\] (?P<reason>[a-z0-9 ]{3,80})")


def tls_problem(message: str) -> str | None:
    """Return, for example, `certificate has expired`, or None for other errors."""
    if not _SECURE.search(message):
        return None
    if (alert := _ALERT.search(message)) is not None:
        words = _CAPITAL.sub(" ", alert["alert"]).replace("_", " ").strip().lower()
        return _ALERTS.get(words, f"TLS alert {words}")
    if _NO_AUTHORITIES.search(message):
        return NO_AUTHORITIES
    return next((problem for problem, pattern in _PROBLEMS if pattern.search(message)), None)


def openssl_error(message: str) -> str | None:
    """Return OpenSSL's library and reason, or None for other errors."""
    if "error:" not in message and "[SSL: " not in message:
        return None
    error = _OPENSSL.search(message) or _PYTHON_OPENSSL.search(message)
    if error is None:
        return None
    return f"OpenSSL {error['library'].removesuffix(' routines')}: {error['reason'].strip()}"
