"""Mask the values of secret keys in text that no parser reads: broken JSON, logs, headers, SQL."""

import json
import re
from collections.abc import Callable, Iterator

from bot.masking.secret_patterns import MASK

_PAIR = re.compile(
    # "key": or 'key' => at any depth of escaping; PHP's s:8:"key"; and ["key"]=> too.
    r"(?P<esc>\\{0,32})(?P<quote>[\"'])(?P<quoted>(?:[^\"'\\\n]|\\{1,16}u0000){1,90})"
    r"(?P=esc)(?P=quote)(?::(?:[\w\\\"]{1,200}:)?(?:protected|private))?\]?"
    r"\s{0,64}(?:=>|[:=;])\s{0,64}"
    # key: or key= or --key= or [key] => or [key:protected] => or `key` =
    r"|(?<!\w)(?<!\w-)(?P<bare>[^\W\d][\w.-]{0,79})"
    r"(?::(?:[\w\\]{1,200}:)?(?:protected|private)(?=\]))?"
    r"[`\"\]]?\s{0,8}(?P<sep>=>|[:=])[ \t]{0,8}"
    # <ns:key attribute="…">
    r"|<(?:[\w-]{1,40}:)?(?P<tag>[\w.-]{1,80})(?:\s[^<>]{0,300})?>"
)
_PHP_LEAD = re.compile(
    r"(?:[sS]:\d{1,9}:)(?=\\{0,32}\")|[idb]:(?=[-\d])|(?:int|float|bool)\((?=[^)\n])"
    r"|[bBrRuUN]{1,2}(?=[\"'])"
)
# var_dump() escapes nothing, so only the length shows the end of the text.
_DUMPED = re.compile(r"string\((?P<bytes>\d{1,7})\) \\{0,32}\"")
_NAME = r"[^\W\d][\w .-]{1,60}"
_MARK = r"\\{0,16}[\"']"
_LIST_PAIR = re.compile(
    rf"[\[(,]\s{{0,8}}(?P<mark>{_MARK})(?P<key>-{{0,2}}{_NAME})(?P=mark)\s{{0,8}},\s{{0,8}}"
    rf"(?P=mark)(?P<value>[^\"'\\\n]{{1,2000}})(?=(?P=mark)\s{{0,8}}[\]),])"
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
_PHP_BLOCK = re.compile(r"(?:a:\d{1,9}|O:\d{1,4}:\\{0,32}\"[^\"]{0,300}\"(?::\d{1,9})?):\{")
_OPENING = re.compile(r"\\{0,32}[\"'`]")
_WORD = re.compile(r"[^\s,;&)}\]<>\"'\\]{1,4000}")
_PHRASE = re.compile(r"[^,;\n&)}\]<>\"'\\]{1,4000}")
_LINE = re.compile(r"[^\r\n\"\\]{1,8000}")
_HARMLESS = re.compile(r"(?:yes|no|true|false|null|none|nil|0|1)\s*\Z", re.IGNORECASE)
_HEADERS = re.compile(r"(?:proxy-?)?authori[sz]ation|(?:set-?)?cookie|x-[\w-]{1,60}", re.IGNORECASE)
_MAIL = re.compile(r"mail|correo", re.IGNORECASE)
_INSERT = re.compile(
    r"\b(?:insert|replace)\s(?:ignore )?into [^\s(]{1,200} ?\((?P<columns>[^)\n]{1,1500})\) "
    r"values? ?(?P<values>[^\n]{0,100000})",
    re.IGNORECASE,
)
_ERRORS = ("Exception", "Error", "Fault", "Failure", "Warning", "Refused")
_PORT = re.compile(r"\d{1,5}(?!\w)")
_DECODER = json.JSONDecoder()


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
        start, end = _value_span(text, pair, key)
        if end > start and not _HARMLESS.match(text[start:end]):
            out += (text[at:start], MASK)
            at = end
        search_from = max(pair.end(), end)
    return "".join(out) + text[at:]


def _without_values(statement: re.Match[str], is_masked: Callable[[str], bool]) -> str:
    if not any(is_masked(column) for column in statement["columns"].split(",")):
        return statement.group()
    return statement.group()[: statement.start("values") - statement.start()] + MASK


def _pair_patterns(text: str) -> Iterator[re.Pattern[str]]:
    """Yield the pair patterns that the text can match; a search without a match takes 8 µs."""
    if "," in text:
        yield _LIST_PAIR
    lowered = text.lower()
    if any(word in lowered for word in ("val", "content", "data")):
        yield from (_NAME_FIRST, _VALUE_FIRST)


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


def _value_span(text: str, pair: re.Match[str], key: str) -> tuple[int, int]:
    start = pair.end()
    if pair["tag"]:
        end = text.find("<", start)
        return start, len(text) if end < 0 else end
    dumped = _DUMPED.match(text, start)
    return _written_span(text, pair, key) if dumped is None else _dumped_span(text, dumped)


def _written_span(text: str, pair: re.Match[str], key: str) -> tuple[int, int]:
    """Return the start and the end of a value that ends at its quote, bracket or space."""
    start = pair.end()
    if _PHP_BLOCK.match(text, start) is not None:
        return start, len(text)
    lead = _PHP_LEAD.match(text, start)
    start = lead.end() if lead else start
    if text.startswith(MASK, start):
        return start, start
    opening = _OPENING.match(text, start)
    if opening is not None:
        return opening.end(), _closing(text, opening)
    if text[start : start + 1] in ("{", "["):
        return start, _container_end(text, start)
    value = _bare_value(pair, key).match(text, start)
    return start, value.end() if value else start


def _dumped_span(text: str, dumped: re.Match[str]) -> tuple[int, int]:
    start = dumped.end()
    if text.startswith(MASK, start):
        return start, start
    count = int(dumped["bytes"])
    value = text[start : start + count].encode("utf-8", "replace")[:count]
    return start, start + len(value.decode("utf-8", "ignore"))


def _closing(text: str, opening: re.Match[str]) -> int:
    """Return the end of a quoted value: its quote with the same backslashes, or the text's end."""
    mark = opening.group()
    escapes = len(mark) - 1
    at = opening.end()
    while (at := text.find(mark[-1], at)) >= 0:
        run = at
        while run > opening.end() and text[run - 1] == "\\" and at - run <= escapes:
            run -= 1
        if at - run == escapes:
            return run
        at += 1
    return len(text)


def _container_end(text: str, start: int) -> int:
    try:
        _, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return len(text)
    return end


def _bare_value(pair: re.Match[str], key: str) -> re.Pattern[str]:
    if _HEADERS.fullmatch(key):
        return _LINE
    return _WORD if pair["sep"] == "=" or _MAIL.search(key) else _PHRASE
