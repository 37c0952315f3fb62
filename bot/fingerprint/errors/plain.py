"""Errors without a known format: the sentence, and the class or the code if it is too short."""

import re
from http import HTTPStatus

from bot.fingerprint.errors.parts.body import body_cause, body_status, split_body
from bot.fingerprint.errors.parts.codes import without_number
from bot.fingerprint.errors.parts.values import generalise
from bot.fingerprint.errors.services.cause import without_appended

# A second line that states the cause: CodeIgniter's, Stripe's and Symfony's, or plain words.
_CAUSE_LINE = re.compile(
    r"Main connection \[|\((?:Record|Model|Document|Operation)\b|\(Network error|Exit Code:"
    r"|(?:Caused by|Reason|Cause|Causa|Motivo|Error|Details?|Detalles?|Message|Mensaje)\b ?:",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"\[(?P<code>[A-Za-z][A-Za-z_:.-]{0,60}\d{0,4}(?:\.[A-Za-z]\w{0,30})?"
    r"|[\w-]{1,20}:[\w.-]{1,40})\] "
    r"|\((?P<prefixed>[\w-]{1,20}:[\w.-]{1,60})\) "
)
# These classes do not identify the cause: programs throw them for any error, or convert other
# errors to them.
_GENERIC = frozenset(
    (
        *("Error", "AxiosError", "FetchError", "ClientError", "HTTPError"),
        *("Exception", "ErrorException", "RuntimeException", "LogicException"),
        *("InvalidArgumentException", "UnexpectedValueException", "DomainException"),
        *("BadMethodCallException", "OutOfBoundsException", "TypeError", "ValueError"),
        *("RuntimeError", "StandardError", "ArgumentError", "OSError", "IOError", "IOException"),
        *("IllegalArgumentException", "IllegalStateException"),
    )
)
_TOO_SHORT = 12
"""A text of at most this length, such as "failed", needs the class as a part of the cause."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE = 4
"""A text of at least this number of words names the cause without its class."""
# General codes of SOAP faults; none of these codes is a code of the service itself.
_TRANSPORTS = frozenset(("HTTP", "WSDL", "Client", "Server"))
_CODE_AT_END = re.compile(r"(?P<code>\[[a-z]{2,30}(?:_[a-z0-9]{1,30}){1,8}\])\s*\Z")
# Pydantic writes the number of errors first, and the fields and problems on the next lines.
_PYDANTIC_TYPE = re.compile(r" [\[(](?:type=|\w{1,40}\])")
_VALIDATION = re.compile(r"\d{1,4} validation errors? for \w")
_CODE = re.compile(r"[A-Za-z]\w{0,30}(?:[_.-]\w{1,30}){1,8}\Z")
_VENDOR = re.compile(r"(?!App\\)(?P<name>[A-Z]\w{1,40})\\")
_SERVICE_WORD = re.compile(r"[A-Z][A-Za-z]{2,30}\Z")
_GENERAL_FAULT = re.compile(
    r"(?:soap(?:-?env)?|env|s):(?:Client|Server|Sender|Receiver)\Z", re.IGNORECASE
)
# The classes of PHP, Python and Ruby for an answer that is a fault.
_FAULTS = ("SoapFault", "SOAPFault", ".Fault")
_FAULT_NUMBER = re.compile(r"\.\d{2,6}\Z")
# Each client of these servers has classes of its own, and repeats the server's short words.
_SERVERS = (("mongo", "MongoDB"), ("kafka", "Kafka"), ("memcache", "Memcached"), ("redis", "Redis"))
_STATUSES = frozenset(str(status.value) for status in HTTPStatus if status >= 400)


def plain_cause(message: str, class_name: str | None, code: str | None) -> str:
    """Return the message's sentence and its body's cause; add class and code if they are needed."""
    head, body = split_body(message)
    text, is_coded = _sentence(head)
    cause = _of_body(body, text)
    service = _service(text, class_name) if cause is not None else None
    if service is not None:
        return f"{service}: {cause}"
    if cause is not None:
        # A code of the body names the cause; words before it name the service and the activity.
        is_coded = is_coded or (_CODE.match(cause) is not None and " " in text)
        text = f"{text}: {cause}" if text else cause
    text = without_appended(text or generalise(body[:300]))
    # A sentence names the cause, and each library has a class of its own for the sentence. The
    # application's own classes and HTTP statuses are kept, because people use them to distinguish
    # causes.
    is_own = class_name is not None and class_name.startswith("App\\")
    if is_coded and _is_sentence(text):
        return text
    if not is_own and code not in _STATUSES and _is_sentence(text):
        return text
    if class_name is not None:
        name = _plain_class(class_name)
        short = name.rpartition("\\")[2] if not is_own else name
        return text if short in _GENERIC and len(text) > _TOO_SHORT else f"{name}: {text}"
    # CodeIgniter's code is a constant of the exception's class. Longer codes are ids.
    if code is not None and len(code) <= 4 and code not in text:
        return f"{code} - {text}"
    return text


def _sentence(head: str) -> tuple[str, bool]:
    """Return the generalised sentence, and whether a service's number stood before it."""
    # SoapFault and many services write a fault's code in brackets before the fault's text.
    fault = _FAULT.match(head)
    code = (fault["code"] or fault["prefixed"]) if fault else ""
    if fault is not None and (code in _TRANSPORTS or _GENERAL_FAULT.match(code)):
        head, fault = head[fault.end() :], None
    if (code_at_end := _CODE_AT_END.search(head)) is not None:
        # The language of the sentence depends on the service's user, so only the code is used.
        head = code_at_end["code"]
    lines = _first_lines(head[fault.end() :] if fault else head)
    if (sentence := without_number(lines)) is not None:
        return generalise(sentence), True
    text = generalise(lines)
    if fault is None:
        return text, False
    # PHP stores a fault with its code or without, depending on the framework.
    if _is_sentence(text) and (_FAULT_NUMBER.search(code) or ":" in code):
        return text, _FAULT_NUMBER.search(code) is not None
    return f"[{code}] {text}", False


def _of_body(body: str, text: str) -> str | None:
    """Return the cause in the body, with its status if the text has no status."""
    if not body:
        return None
    cause, status = body_cause(body), body_status(body)
    if status is None or status in text:
        return cause
    return f"HTTP {status} {cause}" if cause else f"HTTP {status}"


def _service(text: str, class_name: str | None) -> str | None:
    """Return the service of a body: the library's namespace, or the word before the body."""
    if class_name is None:
        return text if _SERVICE_WORD.match(text) else None
    vendor = _VENDOR.match(class_name) if not text else None
    return vendor["name"] if vendor else None


def _is_sentence(text: str) -> bool:
    return len(_WORD.findall(text)) >= _SENTENCE


def _plain_class(name: str) -> str:
    """Return a class without the parts that differ between versions of its library.

    In Python and Java, two modules or packages may have one class. Old PHP libraries write
    underscores instead of a namespace.
    """
    lower = name.lower()
    for word, server in _SERVERS:
        if word in lower:
            return server
    if "\\" in name:
        return name
    if name.endswith(_FAULTS):
        return "Fault"
    if name.count("_") and all(part[:1].isupper() for part in name.split("_")):
        return name.replace("_", "\\")
    return name.rpartition(".")[2].partition("$")[0]


def _first_lines(head: str) -> str:
    """Return the first line; add the second line if the first line only announces it."""
    every = [line.strip() for line in head.strip().splitlines()]
    lines = [line for line in every if line]
    if not lines:
        return ""
    if lines[2:] and _VALIDATION.match(lines[0]):
        return f"{lines[0]} {lines[1]} {_PYDANTIC_TYPE.split(lines[2])[0].capitalize()}"
    is_short = len(lines[0]) < 30 and every[1:2] != [""]
    if lines[1:] and (is_short or lines[0][-1] == ":" or _CAUSE_LINE.match(lines[1])):
        return f"{lines[0]} {lines[1]}"
    return lines[0]
