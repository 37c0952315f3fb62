"""Errors of NetSuite: one code for each cause, through SOAP, REST and RESTlets."""

import re

from bot.fingerprint.error_body import body_cause, split_body
from bot.fingerprint.error_services import without_appended
from bot.fingerprint.error_values import first_words, generalise

_NETSUITE = ("netsuite", "suitetalk", "suitescript", "restlet", "sss_", "o:errordetails")
_SOAP_FAULTS = re.compile(r"(?:SoapFault|SOAPFault|\bFault)\Z")
_CODE = re.compile(
    r"(?<![\w.])(?P<code>[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8})\b(?P<after>[^\n]{0,400})"
)
# NetSuite uses each of these codes for several causes.
_VAGUE = frozenset(("USER_ERROR", "UNEXPECTED_ERROR", "JS_EXCEPTION", "INVALID_REQUEST"))
# SOAP clients write NetSuite's sentence without its code.
_SENTENCES = (
    ("CONCURRENCY_LIMIT_EXCEEDED", re.compile(r"concurrent request limit exceeded", re.IGNORECASE)),
    (
        "INVALID_LOGIN",
        re.compile(r"Invalid login attempt|You have entered an invalid email", re.IGNORECASE),
    ),
    ("INVALID_KEY_OR_REF", re.compile(r"Invalid \w{1,40} reference key ")),
    ("INSUFFICIENT_PERMISSION", re.compile(r"Permission Violation: You need")),
    ("USER_ERROR", re.compile(r"Please enter value\(s\) for: ")),
    ("RCRD_DSNT_EXIST", re.compile(r"That record does not exist")),
    ("RCRD_HAS_BEEN_CHANGED", re.compile(r"Record has been changed")),
    ("DUP_RCRD", re.compile(r"This record already exists")),
    ("SESSION_TIMED_OUT", re.compile(r"Your connection has timed out")),
    (
        "SSS_USAGE_LIMIT_EXCEEDED",
        re.compile(r"Script Execution Usage Limit Exceeded", re.IGNORECASE),
    ),
    ("SSS_TIME_LIMIT_EXCEEDED", re.compile(r"Script Execution Time Exceeded", re.IGNORECASE)),
)
# SOAP, REST and RESTlets have a code each for one cause.
_ALIASES = {
    "SSS_REQUEST_LIMIT_EXCEEDED": "CONCURRENCY_LIMIT_EXCEEDED",
    "WS_REQUEST_BLOCKED": "CONCURRENCY_LIMIT_EXCEEDED",
    "INVALID_LOGIN_ATTEMPT": "INVALID_LOGIN",
    "INVALID_LOGIN_CREDENTIALS": "INVALID_LOGIN",
}
# NetSuite's support searches an unexpected error by this id.
_ERROR_ID = re.compile(r"\.? Error ID\b.*")
# A record that is missing is created; a record that exists is added to the subsidiary. For each
# missing permission, another permission is added to the role.
_KIND = re.compile(r"reference key \S{1,40} (?P<kind>for subsidiary)\b")
# SOAP, REST and RESTlets have different codes for a field that does not accept its value.
_FIELD = re.compile(
    r"Invalid Field Value [^\n]{1,80}? for the following field: (?P<field>\w{1,40})"
)
# Python's and Ruby's clients print the answer's fields; quotes in a printed text have a backslash.
_PRINTED = re.compile(
    r"\A(?:[\s\\'\",]|\\n){1,20}:?(?:message|detail)[\\'\"]{0,2}(?::|=>) ?[\\'\"]{1,2}"
    r"(?P<text>[^'\"\\\n]{3,300})"
)
_PERMISSION = re.compile(r"You need +(?:an? |the )?\\?['\"](?P<kind>[^'\"\\\n]{1,80})")


def netsuite_cause(message: str, text: str, class_name: str | None) -> str | None:
    """Return `NetSuite: CODE` for an error of NetSuite, with the sentence if the code is vague.

    NetSuite's messages contain fields, record ids and URLs, which are no part of the cause.
    """
    lower = text.lower()
    is_named = any(word in lower for word in _NETSUITE)
    if not is_named and not _SOAP_FAULTS.search(class_name or ""):
        return None
    code = _code(message) if is_named else None
    if code is None:
        code = next((code for code, pattern in _SENTENCES if pattern.search(message)), None)
    if code is None:
        return None
    if (field := _FIELD.search(message)) is not None:
        return f"NetSuite: INVALID_FLD_VALUE {field['field']}"
    if code == "USER_ERROR":
        code = first_words(f"{code} {without_appended(generalise(message))}", 10)
    code = _ALIASES.get(code, code)
    kind = {"INVALID_KEY_OR_REF": _KIND, "INSUFFICIENT_PERMISSION": _PERMISSION}.get(code)
    match = kind.search(message) if kind else None
    code = _ERROR_ID.sub("", code)
    return f"NetSuite: {code} {match['kind']}" if match else f"NetSuite: {code}"


def _code(message: str) -> str | None:
    """Return the code of a response's body or of the message; add the sentence if it is vague."""
    own_words, body = split_body(message)
    cause = body_cause(body) if body else None
    if cause is not None and _CODE.match(cause):
        return first_words(cause, 10).rstrip(" #")
    for match in _CODE.finditer(own_words):
        if "NETSUITE" in match["code"]:
            continue
        if match["code"] not in _VAGUE:
            return match["code"]
        printed = _PRINTED.match(match["after"])
        sentence = printed["text"] if printed else match["after"].lstrip(" -:]")
        sentence = without_appended(generalise(sentence))
        return first_words(f"{match['code']} {sentence}", 10).rstrip(" #")
    return None
