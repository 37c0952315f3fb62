"""Failed encryption: refused certificates, TLS alerts, broken handshakes, for every library."""

import re

from bot.fingerprint.errors.parts.hints import RequestProblem, has_word, problem_in

_SECURE = (
    *("ssl", "tls", "x509", "pkix", "cert", "curl", "https", "altnames", "alternative"),
    *("fatal alert", "handshake", "hostname"),
)
# Each cause of a refused or failed encryption, in the words of OpenSSL, cURL, GnuTLS, Node.js, Go
# and Java. A more precise cause stands before a vague one.
_PROBLEMS = (
    RequestProblem(
        "certificate has expired",
        (
            *("certificate has expired", "certificate expired", "cert_has_expired"),
            *("certificate_expired", "certificateexpiredexception", "validity check failed"),
        ),
    ),
    RequestProblem("certificate revoked", ("certificate revoked", "certificate has been revoked")),
    RequestProblem(
        "self-signed certificate",
        ("self-signed certificate", "self signed certificate", "self_signed_cert"),
    ),
    RequestProblem(
        "certificate of an unknown issuer",
        (
            *("unable to get issuer certificate", "unable to get local issuer certificate"),
            *("unable to verify the first certificate", "signed by unknown authority"),
            *("pkix path building failed", "unable to find valid certification path"),
            *("trust anchor for certification path", "unable_to_verify_leaf_signature"),
            "unable_to_get_issuer_cert",
        ),
    ),
    RequestProblem(
        "certificate of another host",
        (
            *("no alternative certificate subject name", "does not match certificate's altnames"),
            *("does not match target", "hostname mismatch, certificate"),
            *("x509: certificate is valid for", "did not match expected cn"),
            *("no subject alternative ", "does not match the server certificate"),
        ),
        re.compile(r"(?:hostname|certificate for) [^\n]{1,120}? (?:doesn't match|not verified)"),
    ),
    RequestProblem(
        "TLS protocol version refused",
        (
            *("unsupported protocol", "no protocols available", "no appropriate protocol"),
            "protocol version not supported",
        ),
    ),
    RequestProblem(
        "no TLS on this port",
        (
            *("wrong version number", "does not look like a tls handshake", ":http request"),
            *("packet length too long", "unsupported or unrecognized ssl message"),
            *("plaintext connection?", "server gave http response to https client"),
        ),
    ),
    RequestProblem(
        "TLS handshake timed out",
        (
            *("tls handshake timeout", "ssl connection timeout", "ssl connection timed out"),
            "handshake operation timed out",
        ),
    ),
    RequestProblem(
        "connection closed in the TLS handshake",
        (
            *("ssl_error_syscall", "ssl_connect syscall", "ssl_connect: connection reset"),
            *("unknown ssl protocol error", "unexpected eof while reading"),
            *("unexpected_eof_while_reading", "eof occurred in violation of protocol"),
            *("before secure tls connection", "remote host terminated the handshake"),
            *("closed connection during handshake", "non-properly terminated"),
        ),
    ),
    RequestProblem(
        "TLS handshake failure",
        ("handshake failure", "handshake_failure", "sslhandshakeexception"),
    ),
)
# A file of the machine, so that no host is to blame.
_NO_AUTHORITIES = re.compile(r"(?:\A|: )error setting certificate (?:verify locations|file)")
NO_AUTHORITIES = "certificates of authorities not readable"
# RFC 8446 names the alerts of the other side. OpenSSL, Go, Java, GnuTLS and Rust write them so.
_ALERT = re.compile(
    r"(?:(?:tlsv1|tlsv13|tlsv1\.\d|sslv3) alert |remote error: tls: |received fatal alert: "
    r"|TLS fatal alert has been received[.:]{1,2} ?)"
    r"(?P<alert>[A-Za-z][A-Za-z_ ]{3,40}?)(?= {2}| for |[^\w ]|\Z)",
    re.IGNORECASE,
)
_ALERT_WORDS = (" alert", "remote error: tls")
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
    lower = message.lower()
    if not has_word(lower, _SECURE):
        return None
    if has_word(lower, _ALERT_WORDS) and (alert := _ALERT.search(message)) is not None:
        words = _CAPITAL.sub(" ", alert["alert"]).replace("_", " ").strip().lower()
        return _ALERTS.get(words, f"TLS alert {words}")
    if _NO_AUTHORITIES.search(lower):
        return NO_AUTHORITIES
    return problem_in(lower, _PROBLEMS)


def openssl_error(message: str) -> str | None:
    """Return OpenSSL's library and reason, or None for other errors."""
    if "error:" not in message and "[SSL: " not in message:
        return None
    error = _OPENSSL.search(message) or _PYTHON_OPENSSL.search(message)
    if error is None:
        return None
    return f"OpenSSL {error['library'].removesuffix(' routines')}: {error['reason'].strip()}"
