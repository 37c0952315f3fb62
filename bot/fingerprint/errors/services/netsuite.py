"""Errors of NetSuite: one code for each cause, through SOAP, REST and RESTlets."""

import re

from bot.fingerprint.errors.parts.body import body_cause, split_body
from bot.fingerprint.errors.parts.values import first_words, generalise
from bot.fingerprint.errors.services.cause import without_appended

_NETSUITE = ("netsuite", "suitetalk", "suitescript", "restlet", "sss_", "o:errordetails")
# Only NetSuite abbreviates so in its codes.
_ABBREVIATIONS = ("RCRD_", "_REQD", "_DSNT_", "_FLD_VALUE")
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
    ("INVALID_KEY_OR_REF", re.compile(r"Invalid [\w ]{1,40} reference key ")),
    ("INSUFFICIENT_PERMISSION", re.compile(r"Permission Violation: You need")),
    ("USER_ERROR", re.compile(r"Please enter value\(s\) for: ")),
    ("RCRD_DSNT_EXIST", re.compile(r"That record does not exist")),
    ("RCRD_HAS_BEEN_CHANGED", re.compile(r"Record has been changed")),
    ("DUP_RCRD", re.compile(r"This record already exists")),
    ("DUP_ENTITY", re.compile(r"This entity already exists")),
    ("UNIQUE_CUST_ID_REQD", re.compile(r"A customer record with this ID already exists")),
    ("MISSING_REQD_FLD", re.compile(r"Missing (?:a )?required field")),
    ("SESSION_TIMED_OUT", re.compile(r"Your connection has timed out")),
    (
        "SSS_USAGE_LIMIT_EXCEEDED",
        re.compile(r"Script Execution Usage Limit Exceeded", re.IGNORECASE),
    ),
    ("SSS_TIME_LIMIT_EXCEEDED", re.compile(r"Script Execution Time Exceeded", re.IGNORECASE)),
    (
        "UNEXPECTED_ERROR",
        re.compile(r"\ATypeError: |\AReferenceError: |\AAn unexpected error (?:has )?occurred"),
    ),
)
# SOAP, REST and RESTlets have a code each for one cause.
_ALIASES = {
    "SSS_REQUEST_LIMIT_EXCEEDED": "CONCURRENCY_LIMIT_EXCEEDED",
    "WS_REQUEST_BLOCKED": "CONCURRENCY_LIMIT_EXCEEDED",
    "INVALID_LOGIN_ATTEMPT": "INVALID_LOGIN",
    "INVALID_LOGIN_CREDENTIALS": "INVALID_LOGIN",
    "RCRD_DSNT_EXIST": "NONEXISTENT_ID",
}
# A client may cut a REST answer before its code. With these statuses there is only one code.
_REST_STATUS = re.compile(r"\"status\"\s?:\s?(?P<status>401|404|429),\s?\"o:errorDetails\"")
_OF_STATUS = {
    "401": "INVALID_LOGIN",
    "404": "NONEXISTENT_ID",
    "429": "CONCURRENCY_LIMIT_EXCEEDED",
}
# NetSuite's support searches an unexpected error by this id.
_ERROR_ID = re.compile(r"\.? Error ID\b.*")
# What people correct depends on the kind of the record or the permission. A record that is missing
# is created; a record that exists is added to the subsidiary.
_KINDS = {
    "INVALID_KEY_OR_REF": re.compile(
        r"Invalid (?P<kind>[\w ]{1,40}) reference key \S{1,40}?\.?(?= |\Z|[\"'\n])"
        r"(?P<of> for subsidiary\b)?"
    ),
    "INSUFFICIENT_PERMISSION": re.compile(
        r"You need +(?:an? |the )?\\?['\"](?P<kind>[^'\"\\\n]{1,80})"
    ),
    "MISSING_REQD_FLD": re.compile(r"required fields?:? ['\"]?(?P<kind>\w{1,40})"),
    # Only REST's addresses name the kind; a client that cuts the address has it in a frame.
    "NONEXISTENT_ID": re.compile(
        r"(?:/record/v\d/|->(?:get|patch|put|post|delete)\('/?)(?P<kind>[a-z]\w{2,40})/"
    ),
}
# The words of Python's client.
_CLIENT_LEAD = re.compile(
    r"\A(?:An error occur?red in an? \w{1,30} request: |:? ?Error while accessing a resource\. )"
)
# SOAP, REST and RESTlets have different codes for a field that does not accept its value.
_FIELD = re.compile(
    r"Invalid Field Value [^\n]{1,80}? for the following field: (?P<field>\w{1,40})"
)
# Python's and Ruby's clients print the answer's fields; quotes in a printed text have a backslash.
_PRINTED = re.compile(
    r"\A(?:[\s\\'\",]|\\n){1,20}:?(?:message|detail)[\\'\"]{0,2}(?::|=>) ?[\\'\"]{1,2}"
    r"(?P<text>[^'\"\\\n]{3,300})"
)


def netsuite_cause(message: str, text: str, class_name: str | None) -> str | None:
    """Return `NetSuite: CODE` for an error of NetSuite, with the sentence if the code is vague.

    NetSuite's messages contain fields, record ids and URLs, which are no part of the cause.
    """
    lower = text.lower()
    is_named = any(word in lower for word in _NETSUITE)
    is_named = is_named or any(word in message for word in _ABBREVIATIONS)
    if not is_named and not _SOAP_FAULTS.search(class_name or ""):
        return None
    code = (_code(message) or _code_of_status(message)) if is_named else None
    if code is None:
        code = next((code for code, pattern in _SENTENCES if pattern.search(message)), None)
    # Any service has unexpected errors.
    if code is None or (code == "UNEXPECTED_ERROR" and not is_named):
        return None
    if (field := _FIELD.search(message)) is not None:
        return f"NetSuite: INVALID_FLD_VALUE {field['field']}"
    if code in _VAGUE:
        code = f"{code} {_sentence(message)}"
    code = _ERROR_ID.sub("", _ALIASES.get(code, code))
    return f"NetSuite: {code}{_kind(code, message, text)}"


def _kind(code: str, message: str, text: str) -> str:
    """Return the kind of the record or of the permission that the error names, else nothing."""
    kind = _KINDS[code].search(message) if code in _KINDS else None
    if kind is None and code == "NONEXISTENT_ID":
        kind = _KINDS[code].search(text)
    return f" {kind['kind']}{kind.groupdict().get('of') or ''}" if kind else ""


def _code_of_status(message: str) -> str | None:
    status = _REST_STATUS.search(message) if "o:errorDetails" in message else None
    return _OF_STATUS[status["status"]] if status else None


def _sentence(text: str) -> str:
    """Return the first words of NetSuite's sentence without the client's words before it."""
    return first_words(without_appended(generalise(_CLIENT_LEAD.sub("", text))), 9).rstrip(" #")


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
        return f"{match['code']} {_sentence(sentence)}"
    return None
