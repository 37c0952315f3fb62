"""Errors of web services, and data that a job's text quotes after a colon."""

import re
from http import HTTPStatus

from bot.fingerprint.errors.parts.body import body_cause, body_sentence, is_vague, split_body
from bot.fingerprint.errors.parts.codes import without_number
from bot.fingerprint.errors.parts.hosts import generalise_url
from bot.fingerprint.errors.parts.values import first_words, generalise
from bot.fingerprint.errors.services.codes import common_cause
from bot.fingerprint.errors.services.names import service_name, without_label

_ADDRESS = re.compile(r"https?://[^\s\"'<>`]{1,300}")
_PHRASES = frozenset(status.phrase.casefold() for status in HTTPStatus)
# A client's words before the service's sentence or code. The client may put these in quotes.
_LEAD = re.compile(
    r"\A(?:(?:[A-Z]\w{1,30})?Error(?:\[\w{1,12}\])?: |REST request failed(?: with message|:) "
    r"|Shopify is throttling requests: "
    r"|Failed\. {1,2}Response code = \d{3}\. {1,2}Response message = [\w ]{2,40} \("
    r"|\w{1,20}: (?=\w{1,20} - )|\[?HTTP \d{3}\]? (?:error: )?"
    r"|(?:\d{3} [\w ]{2,30} )?\(error code: \d{1,8}\): |[A-Z]{3,7} https?:\S{1,900}: \d{3} - "
    r"|\d{3} [A-Z][A-Za-z ]{2,30} - |\d{3}: |\d{3} (?:[A-Z]{3,7} \S{1,900}: )?(?=[A-Z\w])"
    r"|<HttpError \d{3} when requesting \S{1,900} returned "
    # the service's number, in brackets, after a label or as the first of Python's arguments
    r"|\(?#\d{1,7}\) |(?:[A-Z][\w. ]{1,30} )?\[-?\d{1,6}\] |\((?:-?\d{1,6}, (?=['\"]))"
    r"|(?:[A-Z][\w. ]{1,30}: )?-?\d{1,6} (?=[A-Z(])"
    r"|(?:[\w.]{1,30} ){0,3}(?:responded|returned|replied|answered)(?: with)?(?: an?)?"
    r"(?: \w{1,20})? error(?: code| message)?(?: \(?\d{3}\)?)?:? "
    r"|(?:base|errors?|messages?) - |\d{1,2} [A-Z][A-Z_]{4,20}: "
    # Ruby's client of Google writes the reason before the sentence.
    r"|[a-z]{2,20}(?:[A-Z][a-z]{1,20}){1,4}: (?=[A-Z])"
    r"|(?:An? )?(?:\w{1,20} )?(?:API|api) error(?: occurred)?: ?)"
    r"(?P<quote>[\"'`]?)(?:\d{3} - )?"
)
# After the sentence, some clients write the status, or the number with the sentence again.
_TAIL = re.compile(
    r" \((?:code:? |HTTP |status:? )?[45]\d\d\)\.?\Z| - \d{3,6}: [^\n]{1,300}\Z"
    r"|,? (?:status|code): [45]\d\d\Z"
    r"|[. /]{1,5}(?:See:?|More info\w{0,7}|(?:Read|Learn) more|Please have a look) "
    r"[^\n]{0,40}https?:[^\n]*"
)
# Some clients write all fields of the answer on one line.
_MESSAGE_FIELD = re.compile(
    r"\b(?:(?:[Mm]essage|MENSAJE|description): \"?|message=['\"])(?P<text>[^\n]{3,300}?)"
    r"(?: - [A-Z]\w{1,20}: |\. Error \w|['\"], \w{1,20}=|\"?\)?\Z)"
)
# A code before its sentence, as the last word, or in the address of its documentation.
_CODES = (
    re.compile(r"#error-(?P<code>[A-Z]\w{3,60})"),
    re.compile(
        r"\A\[?(?P<code>[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8})(?:\]|:? (?=\w)| - |\Z)"
    ),
    re.compile(r"\A(?P<code>(?:[A-Z][a-z]{2,20}){2,5}): (?=[A-Z])"),
    re.compile(
        r"(?:\[|\A|[\"':] ?)(?P<code>[a-z]{2,30}(?:_[a-z0-9]{1,30}){1,8})(?:\]|[\"']?\.?\Z)"
    ),
)
# Not every client writes the status's phrase before the sentence.
_PHRASE_LEAD = re.compile(
    r"\A\W?(?:Bad Request|Forbidden|Unauthorized|Not Found|Conflict|Too Many Requests): (?=\S{2})"
)
_SMALL_START = re.compile(r"\A[a-z](?=[a-z']* (?!- ))")
# Salesforce's clients write the names of the fields after the sentence.
_FIELDS = re.compile(r": \[(?:[A-Za-z_]\w{0,40}, ?){0,5}(?P<field>[A-Za-z_]\w{0,40})\]")
_HUMPS = re.compile(r"(?:[A-Z][a-z]{1,30}){2,6}\Z")
# Only some clients of these services write the code, but all write the sentence.
_BY_SENTENCE = frozenset(("Conekta", "OpenAI"))
_STATUS = re.compile(
    r"resulted in an? `\d{3}|status code \d{3}|Response code \d{3}|Response\(code=\d{3}"
    r"|HTTP/\d(?:\.\d)? \d{3}|\d{3} (?:Client|Server) Error"
)
# RFC 6749: a server that gives tokens answers 401 only to a client that it does not know.
_TOKEN_REFUSED = re.compile(
    r"\b401\b[^\n]{0,200}/oauth2?/(?:v\d/)?token\b|/oauth2?/token\S{0,9} [^\n]{0,60}\b401\b"
)
# Clients do not write the kind of an error.
_VAGUE_CODE = re.compile(
    r"\A(?:[a-z_]{1,40}_error|\d{1,2}|[A-Z]\w{1,40}(?:Exception|Error)) (?=\S)"
)
_WSDL = re.compile(r"Parsing WSDL: Couldn't load|SoapClient::(?:__construct|SoapClient)\(")
# An id after the sentence names the failed row, not the cause.
_APPENDED = re.compile(
    r"(?:[,;.] | \(| - )(?:\w{1,30}:? ){1,2}#\)?\Z| \((?:[\w .]{1,40}[=:] ?#[,;]? ?){1,4}\)\Z"
    r"|(?: ?\[\w{1,20}: ?#\]){1,5}\Z"
    r"|(?:[.,;]{0,2} (?:Reference|TrackingId|[Rr]equest ?I[Dd]|CorrelationId|ActivityId)[:=] ?\S+"
    r"|[.,;]{0,2} #,(?= TrackingId)){1,5}\Z"
)
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


def service_cause(message: str, class_name: str | None, text: str) -> str | None:
    """Return, for example, `Shopify: Exceeded # calls per second`, or None for other errors.

    The cause is the code or the sentence in the response's body, or the client's sentence. Return
    None if the error has neither, so that status and path remain part of the cause.
    """
    head, body = split_body(message)
    name = service_name(message, head, class_name, text)
    if name is None:
        return None
    cause = None
    if body:
        cause = body_sentence(body) if name in _BY_SENTENCE else body_cause(body)
    if cause is not None:
        cause = _without_vague(cause)
    if cause is None and "/token" in head and _TOKEN_REFUSED.search(head):
        cause = "invalid_client"
    if cause is None and not _STATUS.search(head):
        cause = _of_words(head.strip().partition("\n")[0], name)
    if body and cause is not None and cause.casefold() in _PHRASES:
        cause = body_sentence(body)
    if cause is None or cause.casefold() in _PHRASES:
        return None
    if not _names_cause(cause, is_client=not body):
        return None
    cause = _PHRASE_LEAD.sub("", cause)
    cause = _SMALL_START.sub(lambda letter: letter.group().upper(), cause)
    cause = common_cause(name, cause.removeprefix(f"{name} "))
    return f"{name}: {first_words(without_appended(cause))}"


def _without_vague(cause: str) -> str:
    """Return the sentence without the code before it that says nothing: few clients write it."""
    code, _, sentence = cause.partition(" ")
    is_code = code.isupper() or "_" in code
    return sentence if sentence and is_code and is_vague(code) else _VAGUE_CODE.sub("", cause)


def _names_cause(cause: str, *, is_client: bool) -> bool:
    """Whether this is a sentence or a code; one small word may be any part of an answer."""
    if is_client and cause.istitle() and len(cause) > 7:
        return True
    if " " in cause or "_" in cause or _HUMPS.match(cause):
        return True
    return len(cause) > 3 and (cause.isdigit() or (cause.isupper() and len(cause) > 5))


def _of_words(line: str, name: str) -> str:
    """Return the service's code, or its sentence without a client's words around it."""
    line = without_label(line, name)
    line = without_number(line) or line
    if (field := _MESSAGE_FIELD.search(line)) is not None:
        line = field["text"]
    lead = _LEAD.match(line)
    if lead is not None:
        line = line[lead.end() :]
        line = line.partition(lead["quote"])[0] if lead["quote"] else line
    code = next((code for pattern in _CODES if (code := pattern.search(line))), None)
    if code is not None and is_vague(code["code"]) and code.start() == 0 and code.end() < len(line):
        line, code = line[code.end() :], None
    if code is None or is_vague(code["code"]):
        return without_appended(generalise(_TAIL.sub("", line)))
    field = _FIELDS.search(line)
    return f"{field['field']} - {code['code']}" if field else code["code"]


def wsdl_cause(message: str) -> str | None:
    """Return the host whose description of a SOAP service could not be read, or None."""
    if "WSDL" not in message and "SoapClient" not in message:
        return None
    address = _ADDRESS.search(message) if _WSDL.search(message) else None
    return f"{generalise_url(address.group())}: WSDL not loaded" if address else None


def without_data(message: str) -> str:
    """Remove the value after words such as "not found:", unless it is a name in a program."""
    match = _VALUE_FOLLOWS.search(message[:400])
    if match is None or _NAMED.search(message[: match.start()]):
        return message
    return message[: match.end()].rstrip(": ")


def without_appended(text: str) -> str:
    """Remove an id at the end of a generalised text, such as `, order #`."""
    return _APPENDED.sub("", text)
