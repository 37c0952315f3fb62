"""Errors of AWS: the operation, the bucket and the code, in the forms of each SDK."""

import re

from bot.fingerprint.errors.parts.body import body_cause
from bot.fingerprint.errors.parts.hosts import generalise_host, generalise_url
from bot.fingerprint.errors.parts.values import generalise, with_lead

_PHP = re.compile(
    r'Error executing "(?P<op>\w{1,80})" on "(?P<url>[^"\n]{1,1500})"; (?P<rest>.*)', re.DOTALL
)
_PYTHON = re.compile(
    r"An error occurred \((?P<code>[\w.]{1,80})\) when calling the (?P<op>\w{1,80}) operation"
)
# `s3fs` and `boto3` name the bucket only here.
_UPLOAD = re.compile(r"\AFailed to upload \S{1,400} to (?P<bucket>[\w.-]{3,63})/")
_GO = re.compile(
    r"operation error (?P<service>[\w ]{1,40}): (?P<op>\w{1,80}), [^\n]{0,600}?"
    r"\bapi error (?P<code>[A-Z]\w{1,80})\b"
)
_JAVA = re.compile(
    r"\(Service: (?:Amazon|AWS)? ?(?P<service>\w{1,40})[;,] Status Code: (?P<status>\d{3})[;,] "
    r"(?:Error Code: (?P<code>\w{1,80}))?"
)
_RUBY = re.compile(r"\AAws::(?P<service>\w{1,40})::Errors::(?P<code>\w{1,80})\Z")
_CODE = re.compile(r"(?:^|[\s)>])(?P<code>[A-Za-z][\w.:#-]{2,70}) \((?:client|server)\): ")
_CURL = re.compile(r"cURL error (?P<no>\d{1,3}): ?(?P<text>[^\n(]{0,200})", re.IGNORECASE)
_STATUS = re.compile(r"resulted in an? `(\d{3})")
# Only S3's hosts name a thing, the bucket. Other hosts name the service and the region.
_BUCKET = re.compile(
    r"https?://(?:(?P<host>[\w.-]{3,63})\.)?s3[.-](?:[\w.-]{1,60}\.)?amazonaws\.com(?::\d{1,5})?"
    r"(?:/(?P<path>[\w.-]{3,63}))?"
)
# These codes are about the account's key or clock, so neither the operation nor the bucket is a
# part of the cause.
_OF_THE_ACCOUNT = frozenset(
    (
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
        *("RequestTimeTooSkewed", "TokenRefreshRequired", "AccountProblem", "NotSignedUp"),
        *("InvalidClientTokenId", "UnrecognizedClientException", "ExpiredTokenException"),
    )
)
# Clients of some languages do not write the operation. These codes name the cause without it.
_WITHOUT_OPERATION = (
    ("NonExistentQueue", "NonExistentQueue"),
    ("QueueDoesNotExist", "NonExistentQueue"),
    ("ProvisionedThroughputExceededException", "ProvisionedThroughputExceededException"),
)
_TIMES = re.compile(r"( timed out) after \d+ milliseconds(?: with [^\n:;(]{0,60} received)?")


def is_aws(message: str) -> bool:
    """Whether the message is of an SDK that quotes the request's error after its own words."""
    return "Error executing" in message and _PHP.search(message) is not None


def aws_cause(message: str, class_name: str | None) -> str | None:
    """Return, for example, `AWS PutObject my-bucket AccessDenied`, or None for other errors."""
    cause = _cause(message, class_name)
    words = cause or class_name or ""
    if (code := words.rpartition(" ")[2]) in _OF_THE_ACCOUNT and cause is not None:
        return f"AWS {code}"
    for code, name in _WITHOUT_OPERATION:
        if words.endswith(code):
            return f"AWS {name}"
    return cause


def _cause(message: str, class_name: str | None) -> str | None:
    if (python := _PYTHON.search(message)) is not None:
        upload = _UPLOAD.match(message)
        is_named = upload is not None and python["code"] not in _OF_THE_ACCOUNT
        bucket = f" {upload['bucket']}" if upload and is_named else ""
        return f"AWS {python['op']}{bucket} {python['code']}"
    if (go := _GO.search(message)) is not None:
        return f"AWS {go['op']} {go['code']}"
    if (java := _JAVA.search(message)) is not None:
        code = java["code"] or (class_name or "").rpartition(".")[2] or f"HTTP {java['status']}"
        if code == f"{java['service']}Exception":
            # The SDK's version 2 has a class for some codes only, and writes no other code.
            code = message[: java.start()].title().replace(" ", "")
        return f"AWS {java['service']} {code.removesuffix('Exception')}"
    if (ruby := _RUBY.match(class_name or "")) is not None:
        return f"AWS {ruby['service']} {ruby['code']}"
    php = _PHP.search(message)
    if php is None:
        return None
    return with_lead(message[: php.start()], f"AWS {php['op']} {_php(php)}")


def _php(match: re.Match[str]) -> str:
    rest = match["rest"]
    named = _BUCKET.match(match["url"])
    bucket = f"{generalise_host(named['host'] or named['path'] or '')} " if named else ""
    code = _CODE.search(rest)
    if code is not None and code["code"] in _OF_THE_ACCOUNT:
        return code["code"]
    if code is not None:
        return bucket + code["code"]
    status = _STATUS.search(rest)
    cause = body_cause(rest)
    if cause is None and status is None:
        curl = _CURL.search(rest)
        if curl is None:
            return bucket + generalise(rest.partition("\n")[0])
        text = generalise(_TIMES.sub(r"\1", curl["text"]))
        return f"cURL {curl['no']} {text} {generalise_url(match['url'])}"
    if cause in _OF_THE_ACCOUNT:
        return cause
    return bucket + (cause or f"HTTP {status[1] if status else ''}".strip())
