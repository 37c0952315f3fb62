"""gRPC's status, which each language writes in another form: `gRPC UNAVAILABLE: …`."""

import re

from bot.fingerprint.errors.parts.values import first_words, generalise
from bot.fingerprint.errors.stored.envelope import ErrorText

_CODES = (
    *("CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"),
    *("ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"),
    *("ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)
# Go, Python, Node.js and Java
_STATUS = re.compile(
    r"\brpc error: code = (?P<go>[A-Z]\w{1,30}) desc = (?P<text1>[^\n]{0,300})"
    r"|\bstatus = StatusCode\.(?P<python>[A-Z_]{2,30})\s{1,3}details = \"(?P<text2>[^\"\n]{0,300})"
    r"|\A\d{1,2} (?P<node>[A-Z_]{2,30}): (?P<text3>[^\n]{0,300})"
)
_JAVA = re.compile(r"(?P<code>[A-Z_]{2,30})(?:: (?P<text>[^\n]{0,300}))?\Z")
_JAVA_CLASSES = ("StatusRuntimeException", "StatusException")
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Each language has its own words for these, and none of them names a cause.
_WITHOUT_WORDS = ("DEADLINE_EXCEEDED", "CANCELLED")


def grpc_cause(message: str, error: ErrorText) -> str | None:
    """Return the code of a gRPC status with the first words of the server, or None."""
    status = _STATUS.search(message) if "rpc" in message or "status =" in message else None
    status = status or _STATUS.match(message)
    if status is not None:
        code = status["python"] or status["node"]
        code = code or _CAPITAL.sub("_", status["go"]).upper().replace("CANCELED", "CANCELLED")
        return _of_code(code, status["text1"] or status["text2"] or status["text3"] or "", error)
    is_java = (error.class_name or "").endswith(_JAVA_CLASSES)
    if is_java and (java := _JAVA.match(message)) is not None:
        return _of_code(java["code"], java["text"] or "", error)
    return None


def _of_code(code: str, text: str, error: ErrorText) -> str | None:
    if code not in _CODES:
        return None
    words = "" if code in _WITHOUT_WORDS else first_words(generalise(text))
    if words:
        return f"gRPC {code}: {words}"
    return f"gRPC {code} in {error.app_file}" if error.app_file else f"gRPC {code}"
