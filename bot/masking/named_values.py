"""Mask the values of named keys in unparsable text: broken JSON, logs, headers, SQL."""

import json
import re
from collections.abc import Callable

from bot.masking.secret_patterns import MASK

_PAIR = re.compile(
    # "key": or 'key' => at any depth of escaping; PHP's s:8:"key"; too.
    r"(?P<esc>\\{0,32})(?P<quote>[\"'])(?P<quoted>(?:[^\"'\\\n]|\\{1,16}u0000){1,90})"
    r"(?P=esc)(?P=quote)\s{0,64}(?:=>|[:=;])\s{0,64}"
    # key: or key= or [key] => or `key` =
    r"|(?<![\w-])(?P<bare>[^\W\d][\w.-]{0,79})[`\"\]]?\s{0,8}(?P<sep>=>|[:=])[ \t]{0,8}"
    # <ns:key attribute="…">
    r"|<(?:[\w-]{1,40}:)?(?P<tag>[\w.-]{1,80})(?:\s[^<>]{0,300})?>"
)
_PHP_LEAD = re.compile(r"(?:[sS]:\d{1,9}:)(?=\\{0,32}\")|[idb]:(?=[-\d])")
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
_DECODER = json.JSONDecoder()


def mask_pairs(text: str, is_masked: Callable[[str], bool]) -> str:
    """Return `text` with `[masked]` after every key for which `is_masked` holds.

    If a value has no clear end, the rest of the text is masked.
    """
    text = _INSERT.sub(lambda statement: _without_values(statement, is_masked), text)
    out: list[str] = []
    at = 0
    search_from = 0
    while (pair := _PAIR.search(text, search_from)) is not None:
        key = pair["quoted"] or pair["bare"] or pair["tag"]
        if not is_masked(key) or (pair["quoted"] and ("=" in key or ":" in key)):
            # An apparent key may contain another one, so only its own first part is skipped.
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


def _value_span(text: str, pair: re.Match[str], key: str) -> tuple[int, int]:
    start = pair.end()
    if pair["tag"]:
        end = text.find("<", start)
        return start, len(text) if end < 0 else end
    if _PHP_BLOCK.match(text, start) is not None:
        return start, len(text)
    lead = _PHP_LEAD.match(text, start)
    start = lead.end() if lead else start
    opening = _OPENING.match(text, start)
    if opening is not None:
        return opening.end(), _closing(text, opening)
    if text[start : start + 1] in ("{", "["):
        return start, _container_end(text, start)
    value = _bare_value(pair, key).match(text, start)
    return start, value.end() if value else start


def _closing(text: str, opening: re.Match[str]) -> int:
    """Return the end of a quoted value: its own quote after as many backslashes, or the end."""
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
