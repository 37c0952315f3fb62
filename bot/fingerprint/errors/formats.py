"""Reduce the error formats of databases, HTTP clients and cloud SDKs to one form of the cause."""

import re
from dataclasses import replace

from bot.fingerprint.errors.language import language_cause
from bot.fingerprint.errors.network.connections import connection_cause
from bot.fingerprint.errors.network.grpc import grpc_cause
from bot.fingerprint.errors.network.http import http_cause
from bot.fingerprint.errors.network.requests import hostless_cause, openssl_cause, request_cause
from bot.fingerprint.errors.parts.hosts import generalise_url
from bot.fingerprint.errors.parts.values import generalise, with_lead
from bot.fingerprint.errors.plain import plain_cause
from bot.fingerprint.errors.services.aws import aws_cause, is_aws
from bot.fingerprint.errors.services.cause import (
    service_cause,
    without_data,
    wsdl_cause,
)
from bot.fingerprint.errors.services.netsuite import netsuite_cause
from bot.fingerprint.errors.services.replies import reply_cause
from bot.fingerprint.errors.sql.cause import has_lock_words, sql_cause
from bot.fingerprint.errors.sql.oracle import oracle_cause
from bot.fingerprint.errors.sql.statements import without_statement
from bot.fingerprint.errors.stored.envelope import ErrorText
from bot.fingerprint.errors.system import system_cause
from bot.fingerprint.errors.wordings.versions import of_any_version

_CURL = re.compile(
    r"(?:\bcurl error:? ?\(?(?P<no>\d{1,3})\)?:?|\A(?P<no2>\d{1,2}) :) ?(?P<text>[^\n]{0,600})",
    re.IGNORECASE,
)
_CURL_TAIL = re.compile(r"\s?\(see https?:|\s?\[url\]")
_FOR_URL = re.compile(r"\b(?:for|para) \"?(?P<url>https?://[^\s\"]{1,900})")
_CURL_TIMES = re.compile(r"( timed out) after \d+ milliseconds(?: with [^\n:;(]{0,60} received)?")


def canonical(error: ErrorText) -> str:
    """Return a message's cause on one line; add class and code if no known format matches."""
    message, class_name = of_any_version(without_statement(error.message)), error.class_name
    if message != error.message:
        error = replace(error, message=message)
    cause = (
        reply_cause(message, class_name)
        or oracle_cause(message, error.text)
        or language_cause(error)
        or netsuite_cause(message, error.text, class_name)
        or wsdl_cause(message)
        or system_cause(message, class_name)
    )
    if cause is None and not is_aws(message):
        cause = connection_cause(message, class_name, error.text)
        cause = cause or request_cause(message, error)
    cause = cause or openssl_cause(message) or aws_cause(message, class_name)
    if cause is None and has_lock_words(message):
        cause = sql_cause(error)
    # A client's error is about its service only if the service answered.
    if cause is None and "cURL" not in message:
        cause = service_cause(message, class_name, error.text)
    cause = cause or grpc_cause(message, error) or http_cause(message, error) or sql_cause(error)
    cause = cause or hostless_cause(message, error) or _curl(message)
    if cause is not None:
        return cause
    return plain_cause(without_data(message), class_name, error.code)


def classed_cause(error: ErrorText) -> str | None:
    """Return the cause that a class without a message names, if the trace names the host."""
    name = error.class_name or ""
    return connection_cause("", name, error.text) or request_cause(name, error)


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
