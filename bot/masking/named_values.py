"""Mask the values of secret keys in text that no parser reads: broken JSON, logs, headers, SQL."""

import re
from collections.abc import Callable, Iterator

from bot.masking.secret_patterns import MASK
from bot.masking.value_spans import value_span

_PAIR = re.compile(
    # "key": or 'key' => at any depth of escaping; PHP's s:8:"key"; and ["key"]=> too.
    r"(?P<esc>\\{0,32})(?P<quote>[\"'])(?P<quoted>(?:[^\"'\\\n]|\\{1,16}u0000){1,180})"
    r"(?P=esc)(?P=quote)(?::(?:[\w\\\"]{1,200}:)?(?:protected|private))?\]?"
    r"\s{0,64}(?:=>|[:=;])\s{0,64}"
    # key: or key= or --key= or [key] => or [key:protected] => or `key` = or key -> or key |
    r"|(?<!\w)(?<!\w-)(?P<bare>[^\W\d][\w.-]{0,79})"
    r"(?::(?:[\w\\]{1,200}:)?(?:protected|private)(?=\]))?"
    r"[`\"\]*]{0,2}\s{0,8}(?P<sep>=>|[:=]|(?:->|→|\|)(?=[ \t])|(?<=\t))[*]{0,2}[ \t]{0,8}"
    # <ns:key attribute="…">
    r"|<(?:[\w-]{1,40}:)?(?P<tag>[\w.-]{1,80})(?:\s[^<>]{0,300})?>"
)
_NAME = r"[^\W\d][\w .-]{1,60}"
_MARK = r"\\{0,16}[\"']"
_LIST_PAIR = re.compile(
    rf"[\[(,]\s{{0,8}}[bur]?(?P<mark>{_MARK})(?P<key>-{{0,2}}{_NAME})(?P=mark)\s{{0,8}},\s{{0,8}}"
    rf"[bur]?(?P=mark)(?P<value>[^\"'\\\n]{{1,2000}})(?=(?P=mark)\s{{0,8}}[\]),])"
)
_IS = rf"(?:{_MARK})?\s{{0,8}}(?:=>|[:=])\s{{0,8}}"
_NAMES = r"\b(?:name|key|field|header|label|param|nombre|campo|nome|chave)"
_VALUES = r"\b(?:value|val|content|contents|data|valor|v)"
# At most 120 characters may be between the name and the value.
_BETWEEN = r"[^{}<>\[\]\n]{1,120}?"
_NAME_FIRST = re.compile(
    rf"{_NAMES}{_IS}(?P<mark>{_MARK}|)(?P<key>{_NAME}?)(?P=mark)(?=[\s,;\\\"']){_BETWEEN}"
    rf"{_VALUES}{_IS}(?P<value>(?P=mark)[^\"'\\\n]{{0,4000}}|[^\s\"'\\,}}\])>]{{1,4000}})",
    re.IGNORECASE,
)
_VALUE_FIRST = re.compile(
    rf"{_VALUES}{_IS}(?P<mark>{_MARK})(?P<value>[^\"'\\\n]{{0,4000}})(?=(?P=mark){_BETWEEN}"
    rf"{_NAMES}{_IS}(?P=mark)(?P<key>{_NAME})(?P=mark))",
    re.IGNORECASE,
)
# <key>password</key><string>…</string>
_ELEMENTS = re.compile(
    rf"<(?:[\w-]{{1,40}}:)?(?P<name>key|name|field|param|label)>\s{{0,8}}(?P<key>{_NAME})"
    r"</(?:[\w-]{1,40}:)?(?P=name)>\s{0,40}<[\w:-]{1,40}(?:\s[^<>]{0,100})?>(?P<mark>)"
    r"(?P<value>[^<]{1,4000})"
)
# The part of a form: name="password", an empty line, and the value.
_FORM_PART = re.compile(
    rf"\bname=(?P<mark>\"?)(?P<key>{_NAME})(?P=mark)(?:;[^\r\n]{{0,200}})?"
    r"(?:\r?\n[^\r\n]{1,200}){0,4}\r?\n\r?\n(?P<value>[^\r\n]{1,4000})"
)
_QUOTED = r"[\"'][^\"'\n]{0,2000}[\"']"
# password in ('…', '…'), `token` like '…', password <> '…'
_COMPARED = re.compile(
    r"(?P<key>[^\W\d]\w{1,60})[`\"\]]?\s{1,8}(?:not\s{1,8})?(?P<mark>)"
    r"(?:in\s{0,8}\(\s{0,8}|(?:[ri]?like|regexp|<>|!==?|<=>)\s{0,8})"
    rf"(?P<value>{_QUOTED}(?:\s{{0,8}},\s{{0,8}}[\"'][^\"'\n]{{0,40}}[\"']){{0,60}})",
    re.IGNORECASE,
)
_DUPLICATE = re.compile(
    r"(?P<mark>)entry '(?P<value>[^'\n]{1,400})(?=' for key '(?P<key>[^'\n]{1,200})')"
)
# setPassword('…'), and getenv('DB_PASSWORD') ?: '…'
_CALL = re.compile(
    r"(?P<key>[^\W\d]\w{2,60})[({]\s{0,8}(?P<mark>[\"'])(?P<value>[^\"'\n]{1,2000})(?=(?P=mark))"
)
_DEFAULT = re.compile(
    rf"(?P<mark>[\"'])(?P<key>{_NAME})(?P=mark)[)\]]{{1,2}}\s{{0,4}}(?:\?:|\?\?|\|\||or)\s{{0,4}}"
    r"(?P=mark)(?P<value>[^\"'\n]{1,2000})(?=(?P=mark))"
)
# assertEquals('…', $password)
_COMPARED_CALL = re.compile(
    r"\(\s{0,4}(?P<mark>[\"'])(?P<value>(?=[^\"'\n]{0,60}\d)[^\"'\n]{6,400})"
    r"(?=(?P=mark)\s{0,4},\s{0,4}\$?(?P<key>[^\W\d]\w{2,60})\s{0,4}[,)])"
)
# password = var.x != "" ? var.x : "…"
_CONDITIONAL = re.compile(
    r"\b(?P<key>[^\W\d][\w.-]{1,60})\s{0,4}=\s{0,4}[^\n?]{1,160}\?[^\n:]{1,100}:\s{0,4}"
    r"(?P<mark>[\"'])(?P<value>[^\"'\n]{1,400})(?=(?P=mark))"
)
# A part of an address after its name: /reset-password/…
_PATH = re.compile(
    r"/(?P<key>[A-Za-z][\w-]{2,40})/(?P<mark>)"
    r"(?P<value>(?=[\w.~-]{0,60}\d)(?=[\w.~-]{0,60}[A-Za-z])[\w.~-]{8,400})(?![\w.~/-])"
)
# Only signs before the mask: the value was masked before.
_IS_MASKED = re.compile(r"(?:[|>+@$\"'-]|\\{1,8}[rn\"]){0,12}\[masked\]")
_HARMLESS = re.compile(r"(?:yes|no|true|false|null|none|nil|0|1)\s*\Z", re.IGNORECASE)
_INSERT = re.compile(
    r"\b(?:insert|replace)\s{1,8}(?:ignore\s{1,8})?into\s{1,8}[^\s(]{1,200}\s{0,8}"
    r"\((?P<columns>[^)]{1,1500})\)\s{0,8}values?\s{0,8}(?P<values>[^\n]{0,100000})",
    re.IGNORECASE,
)
_ERRORS = ("Exception", "Error", "Fault", "Failure", "Warning", "Refused")
_PORT = re.compile(r"\d{1,5}(?!\w)")


def mask_pairs(text: str, is_masked: Callable[[str], bool]) -> str:
    """Return `text` with `[masked]` after every key for which `is_masked` holds.

    If a value has no clear end, the rest of the text is masked.
    """
    if "(" in text:
        text = _INSERT.sub(lambda statement: _without_values(statement, is_masked), text)
    for pattern in _pair_patterns(text):
        text = pattern.sub(lambda pair: _masked_pair(pair, is_masked), text)
    out: list[str] = []
    at = 0
    search_from = 0
    while (pair := _PAIR.search(text, search_from)) is not None:
        key = pair["quoted"] or pair["bare"] or pair["tag"]
        if not is_masked(key) or _is_no_key(pair, key):
            # The matched key may contain a secret key, so the search skips only its first part.
            search_from = pair.end("bare") if pair["bare"] else pair.start() + 1
            continue
        start, end = value_span(text, pair, key)
        is_harmless = _HARMLESS.match(text[start:end]) or _IS_MASKED.match(text, start)
        if end > start and not is_harmless:
            out += (text[at:start], MASK)
            at = end
        search_from = max(pair.end(), end)
    return "".join(out) + text[at:]


def _without_values(statement: re.Match[str], is_masked: Callable[[str], bool]) -> str:
    if not any(is_masked(column) for column in statement["columns"].split(",")):
        return statement.group()
    return statement.group()[: statement.start("values") - statement.start()] + MASK


_HINTED = (
    (_LIST_PAIR, (",",)),
    (_NAME_FIRST, ("val", "content", "data")),
    (_VALUE_FIRST, ("val", "content", "data")),
    (_ELEMENTS, ("</",)),
    (_FORM_PART, ("name=",)),
    (_COMPARED, ("like ", " in (", " in(", "regexp ", "<>", "!=")),
    (_DUPLICATE, ("for key '",)),
    (_CALL, ("('", '("', "{'", '{"')),
    (_DEFAULT, ("')", '")', "']", '"]')),
    (_COMPARED_CALL, ("',", '",')),
    (_CONDITIONAL, (" ? ",)),
    (_PATH, ("://",)),
)
"""The pair patterns. A pattern matches only if the text contains one of the pattern's parts; a
search without a match takes 8 µs."""


def _pair_patterns(text: str) -> Iterator[re.Pattern[str]]:
    """Yield the pair patterns that the text can match."""
    lowered = text.lower()
    for pattern, hints in _HINTED:
        if any(hint in lowered for hint in hints):
            yield pattern


def _is_no_key(pair: re.Match[str], key: str) -> bool:
    """Whether the match is not a key: a text around a key, a host, or an error's class."""
    if pair["quoted"]:
        return "=" in key or ":" in key
    if pair["sep"] != ":":
        return False
    # `mail.example.com:587` is a host and a port.
    return key.endswith(_ERRORS) or (
        "." in key and _PORT.match(pair.string, pair.end()) is not None
    )


def _masked_pair(pair: re.Match[str], is_masked: Callable[[str], bool]) -> str:
    """Return `["password", "…"]` or `"name": "password", "value": "…"` with the value masked."""
    value = pair["value"]
    if not is_masked(pair["key"]) or is_masked(value) or MASK in value:
        return pair.group()
    mark = pair["mark"] if value.startswith(pair["mark"]) else ""
    return pair.group()[: pair.start("value") - pair.start()] + mark + MASK
