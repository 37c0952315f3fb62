"""HTTP replies in the words of clients and applications: status, host and the body's cause."""

import re
from http import HTTPStatus

from bot.fingerprint.errors.parts.addresses import url_in_trace
from bot.fingerprint.errors.parts.body import body_cause, body_sentence, split_body
from bot.fingerprint.errors.parts.codes import find_status, is_of_thing
from bot.fingerprint.errors.parts.hosts import generalise_host, generalise_path, generalise_url
from bot.fingerprint.errors.parts.values import with_lead
from bot.fingerprint.errors.stored.envelope import ErrorText

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
    r"|HTTP Error|Response status code does not indicate success:"
    r"|Expected\([\d, |\[\]]{1,40}\) <=> Actual\() ?(?P<status>\d{3})\b"
    r"(?: \([A-Z][^)\n]{2,40}\)| [A-Z][\w ]{2,40}(?=: [A-Z]{3,7} ))?"
    r"(?:(?: for|:) [A-Z]{3,7} (?P<url>https?://\S{1,900}))?"
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
_STATUS_ONLY = re.compile(r"\A(?:HTTP )?(?P<status>[45]\d\d)(?: \"?[A-Z][A-Za-z' -]{2,40}\"?)?\Z")
_ACTIVE_RESOURCE = re.compile(r"Response\(code=(?P<status>\d{3}), body=")
_REQUESTS = re.compile(
    r"(?P<status>\d{3}) (?:Client|Server) Error: [^\n]{0,80}? for url: (?P<url>\S{1,900})"
)
# aiohttp, OpenAPI's clients, Java's own client and cURL's option `failonerror`
_OTHERS = re.compile(
    r"(?:\A(?P<status1>[45]\d\d), message='[^'\n]{0,80}', url=(?:URL\()?'"
    r"|Server returned HTTP response code: (?P<status2>\d{3}) for URL: "
    r"|Response\{protocol=[^\s,]{1,12}, code=(?P<status3>\d{3}), message=[^,\n]{0,60}, url=)"
    r"(?P<url>https?://[^\s'\"}]{1,900})"
)
# cURL's option `failonerror`, which CodeIgniter's client sets
_CURL_STATUS = re.compile(
    r"The requested URL returned error: (?P<status>\d{3})(?: [A-Z][A-Za-z' -]{2,40})?"
    r"(?:[^\n]{0,200}? for (?P<url>https?://\S{1,900}))?"
)
_CLIENTS = (
    *(_GUZZLE, _SYMFONY, _LARAVEL, _AXIOS, _REQUESTS, _OLD_GUZZLE),
    *(_HTTPX, _SPRING, _FEIGN, _ACTIVE_RESOURCE, _PHP_STREAM, _STATUS_ONLY, _OTHERS, _CURL_STATUS),
)
_STATUS_GROUPS = ("status", "status1", "status2", "status3")
_STATUS_PHRASES = {str(status.value): status.phrase.casefold() for status in HTTPStatus}
_STATUS_OF_PHRASE = {phrase: no for no, phrase in _STATUS_PHRASES.items() if no >= "400"}
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
_OF_SERVICE = ("401", "403", "408", "429")
_SENTENCE = 4
"""A body's cause of at least this number of words names the service by itself."""
# Sentences that frameworks write, so that many services have them.
_OF_ANY_SERVICE = re.compile(
    r"(?:\w{2,40}[_.]\w{2,40} )?(?:(?:the|an?|your|this|some|one or more) )?"
    r"(?:(?:bad|invalid|requested) )?"
    r"(?:request|error|resource|validation|input|parameters?|body|payload|json|data|page|url|route"
    r"|something|oops|unexpected|unknown|internal|not)\b",
    re.IGNORECASE,
)
# Codes that say only what the status says.
_REPEATED = {
    "401": _REFUSED_TOKEN,
    "403": re.compile(r"(?:forbidden|(?:access|permission)_?denied)\Z", re.IGNORECASE),
    "404": _NOT_FOUND,
    "429": re.compile(
        r"(?:(?:api_?)?rate_?limit(?:ed|s|ing)?(?:_?(?:exceeded|reached|error))?"
        r"|too_?many_?requests|throttled|throttling(?:_?exception)?)\Z"
        r"|(?:api )?rate limit (?:exceeded|reached)\b|too many (?:requests|attempts)\b"
        r"|request was throttled\b|(?:you(?:'ve| have) )?exceeded (?:your |the )?rate limit\b",
        re.IGNORECASE,
    ),
    "500": re.compile(r"(?:internal|server)[_ ]?(?:server[_ ]?)?error\Z", re.IGNORECASE),
    "502": re.compile(r"bad_?gateway\b", re.IGNORECASE),
    "503": re.compile(
        r"(?:(?:the )?service[_ ]?)?(?:is )?(?:temporarily[_ ]?|currently )?unavailable\Z",
        re.IGNORECASE,
    ),
    "504": re.compile(
        r"(?:gateway[_ ]?)?time[_ -]?out\Z|endpoint request timed out\Z", re.IGNORECASE
    ),
}
# The words of an application around a status. They name neither a service nor an action.
_CLIENT_WORD = re.compile(
    r"(?:api|http|https|curl|request|response|reply|answer|status|code|error|errors|exception|failed|failure"
    r"|returned|responded|received|got|unexpected|invalid|bad|non|successful|unsuccessful|ok|server|client"
    r"|with|from|to|on|for|the|a|an|was|is|at|calling|call|in|of|url|endpoint|remote|upstream"
    r"|get|post|put|patch|delete|head|body|message|http[12]|\d{1,2}|giving|up|after|attempts?|s"
    r"|wp_error|http_request_failed|could|not|unable|cannot|failing|does|did"
    # Spanish
    r"|respuesta|respondi[oó]|devolvi[oó]|retorn[oó]|recibi[oó]|c[oó]digo|estado|petici[oó]n|solicitud"
    r"|llamad[ao]|llamar|consulta|consultar|servidor|la|el|los|las|un|una|de|del|al|con|en|por|no"
    r"|fall[oó]|fallid[ao]|inesperad[ao])\Z",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_URL = re.compile(r"https?://[^\s\"'<>`]{1,900}")
_URL_AT_END = re.compile(
    r"(?<=for |rom |url |rl: |=to )https?://[^\s\"'<>`)]{1,900}(?=[\"')]{0,2}\.?\Z)"
)
_STATUS_AT_END = re.compile(
    r"(?:\A|(?<=[\s(\[=:]))(?P<status>[45]\d\d)[)\]]?"
    r"(?: [A-Z][A-Za-z' -]{2,40})?[)\]]?[\s:,.;-]{0,5}"
    r"(?:(?:response|body|reply|content|message|payload)(?: body)?[:=]? ?)?[\"']?\Z"
)
_ANY_STATUS = re.compile(r"(?<!\d)[1-5]\d\d(?!\d)")
_LONGEST = 600


def http_cause(message: str, error: ErrorText) -> str | None:
    """Return, for example, `HTTP 422 api.x.pe: sku - The sku is unknown`, or None without a status.

    The words of a client are known. An application's own words have a status beside the address of
    the request, or before the body of the reply.
    """
    if (status := _of_phrase(message, error)) is not None:
        return _of_reply(status, None, "", error)
    if error.code is None and _ANY_STATUS.search(message) is None:
        return None
    for pattern in _CLIENTS:
        match = pattern.search(message)
        if match is not None:
            groups = match.groupdict()
            status = next(groups[name] for name in _STATUS_GROUPS if groups.get(name))
            url = groups.get("url") or groups.get("url1") or groups.get("url2")
            cause = _of_reply(status, url, message[match.end() :], error)
            return with_lead(_named(message[: match.start()]), cause)
    return _in_own_words(message, error)


def _of_phrase(message: str, error: ErrorText) -> str | None:
    """Return the status whose phrase is the message of PHP's client for SOAP, or of a code."""
    if error.class_name != "SoapFault" and error.code is None:
        return None
    status = _STATUS_OF_PHRASE.get(message.removeprefix("[HTTP] ").strip(" .").casefold())
    return status if error.code in (None, status) else None


def _in_own_words(message: str, error: ErrorText) -> str | None:
    """Return the cause of a reply in an application's words, or None if there is no status."""
    head, body = split_body(message)
    head = head[:_LONGEST]
    url = _URL.search(head) or _URL_AT_END.search(message)
    words = head.replace(url.group(), "", 1) if url else head
    if body and not head.strip() and error.code in _STATUS_PHRASES and error.code >= "400":
        return _of_reply(error.code, None, body, error)
    status = find_status(words) if url else _STATUS_AT_END.search(words) if body else None
    if status is None or is_of_thing(words[: status.start()]):
        return None
    address = url.group().rstrip(".,:;)]") if url else None
    cause = _of_reply(status["status"], address, body, error)
    prefix = f"HTTP {status['status']}: "
    if cause.startswith(prefix) and _is_of_one_service(cause.removeprefix(prefix)):
        return cause
    return with_lead(_named(words[: status.start()]), cause)


def _named(lead: str) -> str:
    """Return the words before a status without those that every application writes."""
    every = list(_WORD.finditer(lead))
    while every and _CLIENT_WORD.match(every[-1].group()):
        every.pop()
    is_named = any(not _CLIENT_WORD.match(word.group()) for word in every)
    return lead[: every[-1].end()] if is_named else ""


def _of_reply(status: str, url: str | None, rest: str, error: ErrorText) -> str:
    """Return status, host and the body's code; add the path if the status needs it.

    401, 403, 408, 429 and 5xx are about the whole service. All other statuses are about one
    resource, and only the path or a sentence of the body names this resource. A sentence is of one
    service, so that its clients agree that do not write the address. Services share codes. Most
    clients do not write the method.
    """
    url = url or url_in_trace(error.text)
    cause = body_cause(rest)
    if cause is not None and _repeats(status, cause):
        cause = body_sentence(rest) if url is None else None
    key = f"HTTP {status}"
    serves = status in _OF_SERVICE or status[0] == "5"
    if cause is not None and not serves and _is_of_one_service(cause):
        return f"{key}: {cause}"
    if url is None and cause is None and error.app_file:
        # Only the application's file tells apart the answers of several services.
        return f"{key} in {error.app_file}"
    if url is not None:
        key += f" {generalise_url(url)}"
        if cause is None and not serves and not generalise_host(url).endswith("amazonaws.com"):
            key += f" {generalise_path(url)}"
    return f"{key}: {cause}" if cause is not None else key


def _is_of_one_service(cause: str) -> bool:
    return len(cause.split()) >= _SENTENCE and _OF_ANY_SERVICE.match(cause) is None


def _repeats(status: str, cause: str) -> bool:
    """Whether a body says only what its status says, so that clients without bodies agree."""
    if cause.casefold() == _STATUS_PHRASES.get(status):
        return True
    says = _REPEATED.get(status)
    return says is not None and says.match(cause) is not None
