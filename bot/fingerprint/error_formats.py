"""Reduce the error formats of databases, HTTP clients and cloud SDKs to one form of the cause."""

import re
from dataclasses import replace
from http import HTTPStatus

from bot.fingerprint.error_aws import aws_cause, is_aws
from bot.fingerprint.error_body import body_cause
from bot.fingerprint.error_connections import connection_cause
from bot.fingerprint.error_envelope import ErrorText
from bot.fingerprint.error_hosts import generalise_host, generalise_path, generalise_url
from bot.fingerprint.error_language import language_cause
from bot.fingerprint.error_netsuite import netsuite_cause
from bot.fingerprint.error_plain import plain_cause
from bot.fingerprint.error_replies import reply_cause
from bot.fingerprint.error_requests import openssl_cause, request_cause
from bot.fingerprint.error_services import (
    service_cause,
    without_data,
    wsdl_cause,
)
from bot.fingerprint.error_sql import sql_cause
from bot.fingerprint.error_sql_statements import without_statement
from bot.fingerprint.error_system import system_cause
from bot.fingerprint.error_values import generalise, with_lead
from bot.fingerprint.error_versions import of_any_version

_GUZZLE = re.compile(
    r"(?:(?:Client|Server|HTTP) error|Unsuccessful request)?:? ?`[A-Z]{3,8} "
    r"(?P<url>[^`\s]{1,1500})` resulted in an? `(?P<status>\d{3})[^`\n]{0,120}` response:?"
)
_OLD_GUZZLE = re.compile(
    r"(?:Client|Server) error response\s+(?:\[url\] (?P<url1>\S{1,900})\s+)?"
    r"\[status code\] (?P<status>\d{3})\s+\[reason phrase\][^\n\[]{0,80}"
    r"(?:\s+\[url\] (?P<url2>\S{1,900}))?"
)
_SYMFONY = re.compile(
    r"HTTP(?:/\d(?:\.\d)?)? (?P<status>\d{3})[^\"\n]{0,80} returned for "
    r"\"(?P<url>[^\"\n]{1,900})\"\.?"
)
_LARAVEL = re.compile(r"HTTP request returned status code (?P<status>\d{3}):?")
_AXIOS = re.compile(
    r"(?:Request failed with status code|Response code|the server responded with status"
    r"|HTTP Error) (?P<status>\d{3})\b(?: \([A-Z][^)\n]{2,40}\))?"
)
_HTTPX = re.compile(
    r"(?:Client|Server) error '(?P<status>\d{3})[^'\n]{0,60}' for url '(?P<url>[^'\n]{1,900})'"
)
_SPRING = re.compile(
    r"\A(?P<status>[45]\d\d)(?: [A-Z][\w ]{2,40})?(?: ?: (?=[\"\[{])| from [A-Z]{3,7} "
    r"(?=https?:)| on [A-Z]{3,7} request for \")(?P<url>https?://[^\s\"]{1,900})?"
)
_FEIGN = re.compile(
    r"\[(?P<status>\d{3})[^\]\n]{0,60}\] during \[[A-Z]{3,7}\] to "
    r"\[(?P<url>[^\]\n]{1,900})\](?: \[[^\]\n]{0,200}\])?:?"
)
_PHP_STREAM = re.compile(
    r"\w{1,40}\((?P<url>https?://[^()\s]{1,900})\): [Ff]ailed to open stream: HTTP request failed! "
    r"HTTP/\d(?:\.\d)? (?P<status>\d{3})[^\n]{0,60}"
)
_STATUS_ONLY = re.compile(r"\A(?P<status>[45]\d\d)(?: [A-Z][A-Za-z' -]{2,40})?\Z")
_ACTIVE_RESOURCE = re.compile(r"Response\(code=(?P<status>\d{3}), body=")
_REQUESTS = re.compile(
    r"(?P<status>\d{3}) (?:Client|Server) Error: [^\n]{0,80}? for url: (?P<url>\S{1,900})"
)
# Node.js prints the request of an error after its frames.
_URL_PROPERTY = re.compile(r"\n[^\n]{0,60}\b(?:url|baseURL): '(?P<url>https?://[^'\n]{1,900})'")
_CLIENTS = (
    *(_GUZZLE, _SYMFONY, _LARAVEL, _AXIOS, _REQUESTS, _OLD_GUZZLE),
    *(_HTTPX, _SPRING, _FEIGN, _ACTIVE_RESOURCE, _PHP_STREAM, _STATUS_ONLY),
)
_CURL = re.compile(
    r"(?:\bcurl error:? ?\(?(?P<no>\d{1,3})\)?:?|\A(?P<no2>\d{1,2}) :) ?(?P<text>[^\n]{0,600})",
    re.IGNORECASE,
)
_CURL_TAIL = re.compile(r"\s?\(see https?:|\s?\[url\]")
_FOR_URL = re.compile(r"\b(?:for|para) \"?(?P<url>https?://[^\s\"]{1,900})")
_STATUS_PHRASES = {str(status.value): status.phrase.casefold() for status in HTTPStatus}
_REFUSED_TOKEN = re.compile(
    r"(?:(?:invalid|expired|bad|missing|no)_?(?:access_?|auth_?|api_?)?(?:token|key|credentials)"
    r"|(?:access_?)?token_?(?:expired|invalid|not_?valid)|unauthori[sz]ed|unauthenticated"
    r"|(?:authentication|authorization)_?(?:failed|error|required)|not_?authenticated)\Z"
    r"|(?:the )?(?:access )?token (?:has )?(?:is )?(?:expired|invalid)\b|unauthenticated\b",
    re.IGNORECASE,
)
_NOT_FOUND = re.compile(
    r"(?:not_found )?(?:[\w#]{1,40} ){0,6}(?:(?:was )?not found\Z|does(?:n't| not) exist\b)",
    re.IGNORECASE,
)
_CURL_TIMES = re.compile(r"( timed out) after \d+ milliseconds(?: with [^\n:;(]{0,60} received)?")


def canonical(error: ErrorText) -> str:
    """Return a message's cause on one line; add class and code if no known format matches."""
    message, class_name = of_any_version(without_statement(error.message)), error.class_name
    if message != error.message:
        error = replace(error, message=message)
    cause = (
        reply_cause(message, class_name)
        or language_cause(error)
        or netsuite_cause(message, error.text, class_name)
        or wsdl_cause(message)
        or system_cause(message, class_name)
    )
    if cause is None and not is_aws(message):
        cause = connection_cause(message, class_name, error.text)
        cause = cause or request_cause(message, error.text)
    cause = cause or openssl_cause(message) or aws_cause(message, class_name)
    # A client's error is about its service only if the service answered.
    if cause is None and "cURL" not in message:
        cause = service_cause(message, class_name, error.text)
    cause = cause or _http(message, error) or _curl(message)
    cause = cause or sql_cause(error)
    if cause is not None:
        return cause
    return plain_cause(without_data(message), class_name, error.code)


def _http(message: str, error: ErrorText) -> str | None:
    for pattern in _CLIENTS:
        match = pattern.search(message)
        if match is not None:
            rest = message[match.end() :]
            return with_lead(message[: match.start()], _http_cause(match, rest, error))
    return None


def _http_cause(match: re.Match[str], rest: str, error: ErrorText) -> str:
    """Return status, host and the body's code; add the path if the status needs it.

    401, 403, 408, 429 and 5xx are about the whole service. All other statuses are about one
    resource, and only the path names this resource. Most clients do not write the method.
    """
    groups = match.groupdict()
    status = groups["status"]
    url = groups.get("url") or groups.get("url1") or groups.get("url2")
    if url is None and (property_ := _URL_PROPERTY.search(error.text)) is not None:
        url = property_["url"]
    cause = body_cause(rest)
    if cause is not None and url is not None and _repeats(status, cause):
        cause = None
    key = f"HTTP {status}"
    if url is None and cause is None and error.app_file:
        # Only the application's file tells apart the answers of several services.
        return f"{key} in {error.app_file}"
    if url is not None:
        key += f" {generalise_url(url)}"
        serves = status in ("401", "403", "408", "429") or status[0] == "5"
        if cause is None and not serves and not generalise_host(url).endswith("amazonaws.com"):
            key += f" {generalise_path(url)}"
    return f"{key}: {cause}" if cause is not None else key


def _repeats(status: str, cause: str) -> bool:
    """Whether a body says only what its status says, so that clients without bodies agree."""
    if cause.casefold() == _STATUS_PHRASES.get(status):
        return True
    says = {"401": _REFUSED_TOKEN, "404": _NOT_FOUND}.get(status)
    return says is not None and says.match(cause) is not None


def _curl(message: str) -> str | None:
    match = _CURL.search(message)
    if match is None:
        return None
    return with_lead(message[: match.start()], _curl_text(match))


def _curl_text(match: re.Match[str]) -> str:
    text = match["text"]
    url = _FOR_URL.search(text)
    tail = _CURL_TAIL.search(text)
    head = text[: tail.start()] if tail else text[: url.start()] if url else text
    head = _CURL_TIMES.sub(r"\1", head)
    key = f"cURL {match['no'] or match['no2']} {generalise(head)}"
    if url is not None:
        host = generalise_url(url["url"])
        if host not in key:
            key += f" {host}"
    return key
