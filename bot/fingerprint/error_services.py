"""Error codes of services in a job's text, and data that the text quotes after a colon."""

import re

from bot.fingerprint.error_body import body_cause, split_body
from bot.fingerprint.error_values import generalise

_NETSUITE = ("netsuite", "suitetalk", "suitescript")
_CODE = re.compile(
    r"(?<![\w.])(?P<code>[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8})\b(?P<after>[^\n]{0,400})"
)
# NetSuite uses each of these codes for several causes.
_VAGUE = frozenset(("USER_ERROR", "UNEXPECTED_ERROR", "JS_EXCEPTION", "INVALID_REQUEST"))
_WORDS = 9
# An id after the sentence names the failed row, not the cause.
_APPENDED = re.compile(r"(?:[,;.] | \(| - )(?:\w{1,30}:? ){1,2}#\)?\Z")
# The text after these words is the value that was not found or not accepted.
_VALUE_FOLLOWS = re.compile(
    r"(?:not found|no (?:fue |se )?(?:encontrad[oa]|encontró)|does not exist|doesn't exist"
    r"|no existe|already exists|ya existe|(?:row|line|record|fila|l[ií]nea|registro) #?\d{1,9})"
    r"(?: in \w{1,30}| en \w{1,30})?: (?![{\[<])",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?:class|method|function|view|route|table|column|file|host|command|driver|template|service"
    r"|module|property|constant|clase|m[eé]todo|funci[oó]n|vista|ruta|tabla|columna|archivo)\b"
    r"[^:]{0,40}\Z",
    re.IGNORECASE,
)


def netsuite_cause(message: str, text: str) -> str | None:
    """Return `NetSuite: CODE` for an error of NetSuite, with the sentence if the code is vague.

    NetSuite's messages contain fields, record ids and URLs, which are no part of the cause.
    """
    lower = text.lower()
    if not any(word in lower for word in _NETSUITE):
        return None
    words, body = split_body(message)
    cause = body_cause(body) if body else None
    if cause is not None and _CODE.match(cause):
        return f"NetSuite: {_short(cause)}"
    for match in _CODE.finditer(words):
        if "NETSUITE" in match["code"]:
            continue
        if match["code"] not in _VAGUE:
            return f"NetSuite: {match['code']}"
        sentence = without_appended(generalise(match["after"].lstrip(" -:]")))
        return f"NetSuite: {_short(match['code'] + ' ' + sentence)}"
    return None


def _short(cause: str) -> str:
    return " ".join(cause.split()[: _WORDS + 1]).rstrip(" .:;,-#")


def without_data(message: str) -> str:
    """Remove the value after words such as "not found:", unless it is a name in a program."""
    match = _VALUE_FOLLOWS.search(message[:400])
    if match is None or _NAMED.search(message[: match.start()]):
        return message
    return message[: match.end()].rstrip(": ")


def without_appended(text: str) -> str:
    """Remove an id at the end of a generalised text, such as `, order #`."""
    return _APPENDED.sub("", text)
