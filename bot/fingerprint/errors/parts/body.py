"""The error code or the sentence in a response body that an error quotes, complete or cut."""

import re
from functools import lru_cache

from bot.fingerprint.errors.parts.notations import as_json
from bot.fingerprint.errors.parts.values import generalise

_START = re.compile(
    r"(?:\{\s*\\?[\"']|\{:\w{1,40}=>|\{\s{1,9}\w{1,40}: [\"'\[{\d]|\[\s*[\{\]]|\{\s*\n"
    r"|\b(?:Array|[\w\\]{1,80} Object)\s*\(\s*(?:\n|\[\w)|\b[aO]:\d{1,6}:[\{\"]"
    r"|<\?xml|<!DOCTYPE|<html|<(?:soap|env|SOAP-ENV|Error|Fault|response)\b"
    # any element in another
    r"|<[a-z][\w:.-]{1,60}(?: [^<>\n]{0,200})?>\s{0,20}<[a-z])",
    re.IGNORECASE,
)
_CODE_KEYS = r"o:errorCode|error_?code|err_?code|code|c[oó]digo_?error|c[oó]digo"
_JSON_CODE = re.compile(
    rf'"(?:{_CODE_KEYS})"\s{{0,5}}:\s{{0,5}}(?:"(?P<text>[A-Za-z][\w.:/-]{{1,70}})"'
    r'|"?(?P<no>-?\d{1,6})(?=["\s,}}\]]))'.replace("}}", "}"),
    re.IGNORECASE,
)
# The code of a customer or a product that the body names is data, not an error's code.
_OF_A_THING = re.compile(
    r'"(?:customer|cliente|client|product|producto|articulo|artículo|item|items|line|lines|lineas|líneas'
    r"|order|pedido|store|tienda|user|usuario|address|direccion|dirección|warehouse|almacen|almacén"
    r'|currency|moneda|country|pais|país)"\s{0,5}:\s{0,5}\[?\s{0,5}\{[^{}]{0,200}\Z',
    re.IGNORECASE,
)
# The second code of these services is more precise.
_JSON_DETAIL = re.compile(
    r'"(?:decline_code|sub_?code|status_detail|reason_?code)"\s{0,5}:\s{0,5}"(?P<text>[A-Za-z][\w.-]{1,60})"'
)
_JSON_ISSUE = re.compile(
    r'"issue"\s{0,5}:\s{0,5}"(?P<text>[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,8})"'
)
_JSON_TYPE = re.compile(
    r'"(?:__type|type|name|error)"\s{0,5}:\s{0,5}"(?P<text>[A-Za-z][\w.:#-]{1,70})"'
)
_JSON_MESSAGE = re.compile(
    r'"(?:error_description|error_message|errorMessage|faultstring|message|mensaje|msg|desc|detail|details'
    r'|detalle|descripcion|description|reason|motivo)"\s{0,5}:\s{0,5}\[?\s?"'
    r'(?P<text>(?:[^"\\]|\\.){2,300})',
    re.IGNORECASE,
)
# OData, for example SAP's and Microsoft's, has the language beside the text.
_JSON_VALUE = re.compile(
    r'"message"\s{0,5}:\s{0,5}\{[^{}]{0,80}"value"\s{0,5}:\s{0,5}"(?P<text>(?:[^"\\]|\\.){2,300})'
)
_JSON_FIELD = re.compile(
    r'(?:"(?:errors?|fields|violations|details)"\s{0,20}:\s{0,20}|\A\s{0,20})\{\s{0,20}'
    r'"(?P<field>[A-Za-z_][\w.*-]{0,60})"\s{0,20}:\s{0,20}\[\s{0,20}"'
    r'(?P<text>(?:[^"\\]|\\.){2,300})'
)
_JSON_PLAIN_FIELD = re.compile(
    r'"(?:errors|fields|violations)"\s{0,20}:\s{0,20}\{\s{0,20}"(?!(?:code|message|type|status|detail)")'
    r'(?P<field>[A-Za-z_][\w.*-]{0,60})"\s{0,20}:\s{0,20}"(?P<text>(?:[^"\\]|\\.){2,300})'
)
# Django's REST framework has the problems of a nested field in a list.
_JSON_LIST = re.compile(
    r'"(?P<field>[A-Za-z_]\w{0,60})"\s{0,20}:\s{0,20}\[\s{0,20}"(?P<text>(?:[^"\\]|\\.){2,300})'
)
# Most services name the invalid field beside the code and the sentence.
_JSON_PLACE = re.compile(
    r'"(?:fields?|param|parameter|pointer|property|property_?path|attribute|api_name|campo|loc)"\s{0,5}:\s{0,5}'
    r'(?:"(?P<one>[A-Za-z/#_][^"\s]{0,80})"|\[(?P<many>["\w\s,.-]{1,120})\])',
    re.IGNORECASE,
)
_OF_A_FIELD = re.compile(
    r"valid|missing|mandatory|required|blank|empty|format|unknown|taken|unique|too (?:long|short)"
    r"|null|must|requerid|obligatori|vac[ií]o",
    re.IGNORECASE,
)
_JSON_TITLE = re.compile(
    r'"(?:title|error|errors)"\s{0,5}:\s{0,5}\[?\s?"(?P<text>(?:[^"\\]|\\.){2,300})', re.IGNORECASE
)
_JSON_PROBLEM = re.compile(r'"title"\s{0,5}:\s{0,5}"(?P<text>[A-Z][A-Za-z ]{3,60})"')
_JSON_STATUS = re.compile(
    r'"(?:http_?)?(?:status|status_?code|code|c[oó]digo)"\s{0,5}:\s{0,5}"?(?P<no>[45]\d\d)\b',
    re.IGNORECASE,
)
_XML_CODE = re.compile(
    r"<(?:\w{1,30}:)?(?:code|faultcode|errorcode|error_code)(?: [^>\n]{0,120})?>\s{0,5}"
    r"(?P<text>[\w.:-]{2,80})\s{0,5}<",
    re.IGNORECASE,
)
_XML_MESSAGE = re.compile(
    r"<(?:\w{1,30}:)?(?:(?:error_?)?message|mensaje|faultstring|(?:error_?)?description|descripcion|detail"
    r"|title|reason|Text)(?: [^>\n]{0,120})?>\s{0,5}"
    r"(?P<text>[^<]{2,300})",
    re.IGNORECASE,
)
_LINE_CODE = re.compile(r"error code: ?(?P<text>[A-Z][A-Z0-9_]{2,70})", re.IGNORECASE)
_TRUNCATED = re.compile(r"\s?\(truncated\.\.\.\)|\.\.\.\s*\Z")
# Some services, such as Slack's webhooks, answer with the code alone.
_BARE_CODE = re.compile(r"\s{0,4}(?P<code>[A-Za-z]{2,30}(?:_[A-Za-z0-9]{1,30}){1,6})\s{0,4}\Z")
# A service uses each of these codes for several causes; only the sentence names the cause.
_VAGUE = re.compile(
    r"(?:user_error|unexpected_error|error|errors|bad_?request(?:_error)?|invalid_?request(?:_error)?|api_?error"
    r"|js_exception|invalid_content|server_?error|internal_?(?:server_?)?error|validation(?:_?(?:error|failed))?"
    r"|unknown(?:_?error)?|failed|failure|general_?error|exception|null|none|soap(?:-env|env)?:(?:client"
    r"|server)(?:\.\w+)?|client|server|true|false|invalid_data|unprocessable_entity|not_found|string"
    r"|object|error\.suitescripterror|oauthexception|field_custom_validation_exception|invalid_field"
    r"|field_integrity_exception|malformed_query"
    r"|the given data (?:was invalid|failed to pass validation)\.?|validation (?:failed|error)\.?"
    r")\Z",
    re.IGNORECASE,
)
# Many services have such a number, for example gRPC's 14; the sentence makes it readable.
_SMALL = re.compile(r"\d{1,2}\Z")
_NUMBER = re.compile(r"\A\(#\d{1,7}\) (?=\S)")
_TYPE_URL = re.compile(r"https?\b")
_ACCESSING = re.compile(r"\AError while accessing (?:a )?resource[.:]? ?", re.IGNORECASE)
_PARAMETERS = re.compile(r'"parameters"\s{0,5}:\s{0,5}\{(?P<list>[^{}]{1,400})')
_STRING = re.compile(r'"((?:[^"\\]|\\.){1,100})"')
_PLACEHOLDER = re.compile(r"%(?P<name>[A-Za-z]{1,30})")
_MAGENTO_CONSUMER = re.compile(r"\AThe consumer isn't")
# Names of the whole list of errors, or of no field in particular.
_NO_FIELDS = frozenset(
    (
        *("error", "errors", "message", "messages", "full_messages", "base", "detail", "details"),
        *("non_field_errors", "mensaje", "mensajes", "errores"),
    )
)
_WORDS = 9
# The place in a list, `lines.0.sku`, differs in each failure.
_POSITION = re.compile(r"(?<=\.)\d+(?=\.|\Z)|(?<=\[)\d+(?=\])")
_FIELD = "fieldname"


_SENTENCES = (
    *(_JSON_PLAIN_FIELD, _JSON_MESSAGE, _JSON_VALUE, _JSON_FIELD, _XML_MESSAGE, _JSON_TITLE),
    _JSON_LIST,
)


@lru_cache(maxsize=16)
def split_body(message: str) -> tuple[str, str]:
    """Split a message into its own words and the quoted body ("" if it quotes no body).

    Several formats ask this of one message, one after the other.
    """
    opening = _START.search(message)
    if opening is None:
        return message, ""
    return message[: opening.start()], message[opening.start() :]


def body_cause(body: str) -> str | None:
    """Return the body's error code; add the sentence's first words if the code is vague.

    A client quotes 120 characters of a body, so the sentence may be cut. Return None if the body
    has no code and no sentence, such as an HTML page.
    """
    if (bare := _BARE_CODE.match(body)) is not None:
        return bare["code"]
    body = as_json(body)
    if re.match(r"[\s:\"'\[-]{0,20}<(?:!DOCTYPE|html)", body, re.IGNORECASE):
        return None
    cause = _cause(body)
    place = _JSON_PLACE.search(body) if cause and _OF_A_FIELD.search(cause) else None
    if cause is None or place is None:
        return cause
    names = re.findall(r"[\w.-]+", place["one"] or place["many"])
    name = re.sub(r"\d+", "#", names[-1]) if names else ""
    return cause if re.search(rf"\b{re.escape(name)}\b", cause) else f"{name} - {cause}"


def _cause(body: str) -> str | None:
    code = _code(body)
    if code is not None and code.lstrip("-").isdigit() and (sentence := _sentence(body)):
        return sentence
    if code is not None and not _VAGUE.match(code) and not _SMALL.match(code):
        detail = _JSON_DETAIL.search(body)
        return f"{code} {detail['text']}" if detail else code
    if (issue := _JSON_ISSUE.search(body)) is not None:
        return issue["text"]
    sentence = _sentence(body)
    if code is None:
        return sentence
    return f"{code} {sentence}" if sentence else code


def is_vague(code: str) -> bool:
    """Whether services use this code for several causes."""
    return _VAGUE.match(code) is not None


def body_sentence(body: str) -> str | None:
    """Return the first words of the sentence in a body, or None."""
    return _sentence(as_json(body))


def body_status(body: str) -> str | None:
    """Return the HTTP status in a JSON body, for an error whose own text has no status."""
    status = _JSON_STATUS.search(as_json(body))
    return status["no"] if status else None


def _code(body: str) -> str | None:
    for pattern in (_JSON_CODE, _XML_CODE, _LINE_CODE, _JSON_TYPE):
        vague = None
        for match in pattern.finditer(body):
            code = match["text"] or match.groupdict().get("no")
            if code is None or _TYPE_URL.match(code) or code == "0":
                continue
            if _OF_A_THING.search(body, max(0, match.start() - 240), match.start()):
                continue
            if not _VAGUE.match(code) and not _is_status(code):
                return code
            vague = vague or (None if _is_status(code) else code)
        if vague is not None:
            return vague
    return None


def _is_status(code: str) -> bool:
    return len(code) == 3 and code.isdigit() and "100" <= code <= "599"


def _sentence(body: str) -> str | None:
    for pattern in _SENTENCES:
        for match in pattern.finditer(body):
            text = _TRUNCATED.sub("", _unescaped(match["text"])).strip()
            text = _NUMBER.sub("", text)
            if _VAGUE.match(text) or _TYPE_URL.match(text):
                continue
            field = match.groupdict().get("field")
            words = _general(_with_parameters(_ACCESSING.sub("", text), body), field).split()
            cut = match.end() >= len(body.rstrip()) or "(truncated" in match["text"]
            if cut and len(words) <= _WORDS:
                words = words[:-1]
            if words:
                sentence = " ".join(words[:_WORDS]).rstrip(" .:;,-")
                return sentence if words[0] != "#" else _title(body) or sentence
    return None


def _says(sentence: str, field: str) -> bool:
    """Whether a sentence has the field's name, or the name is that of a list of any problems."""
    name = field.casefold()
    return name in _NO_FIELDS or name.replace("_", " ") in sentence.casefold()


def _title(body: str) -> str | None:
    """Return the title of a problem (RFC 7807) whose sentence begins with a value."""
    title = _JSON_PROBLEM.search(body)
    return None if title is None or _VAGUE.match(title["text"]) else title["text"]


def _unescaped(text: str) -> str:
    for escape, char in (("\\/", "/"), ("\\n", " "), ('\\"', '"')):
        text = text.replace(escape, char)
    return text


def _general(sentence: str, field: str | None) -> str:
    """Return the generalised sentence after the field's name, which is not a file or a number."""
    if field is None:
        return generalise(sentence)
    name = _POSITION.sub("#", field)
    words = generalise(sentence.replace(field, _FIELD)).replace(_FIELD, name)
    return words if _says(sentence, field) else f"{name} - {words}"


def _with_parameters(sentence: str, body: str) -> str:
    """Return Magento's sentence with its parameters in place of `%name` or `%1`.

    Versions of Magento write its most frequent sentence in two ways.
    """
    if "%" not in sentence:
        return sentence
    sentence = _MAGENTO_CONSUMER.sub("Consumer is not", sentence)
    parameters = _PARAMETERS.search(body)
    values = _STRING.findall(parameters["list"]) if parameters else []
    pairs = dict(zip(values[::2], values[1::2], strict=False))
    return _PLACEHOLDER.sub(lambda match: pairs.get(match["name"], match.group()), sentence)
