"""Find where a secret value begins and ends, after the key in text that no parser reads."""

import json
import re

from bot.masking.secret_patterns import MASK

_PHP_LEAD = re.compile(
    r"(?:[sS]:\d{1,9}:)(?=\\{0,32}\")|[idb]:(?=[-\d])|(?:int|float|bool)\((?=[^)\n])"
    r"|[bBrRuUnNfF@$]{1,2}(?=[\"'])"
)
# var_dump() escapes nothing, so only the length shows the end of the text.
_DUMPED = re.compile(r"string\((?P<bytes>\d{1,7})\) \\{0,32}\"")
_PHP_BLOCK = re.compile(r"(?:a:\d{1,9}|O:\d{1,4}:\\{0,32}\"[^\"]{0,300}\"(?::\d{1,9})?):\{")
_BLANKS = re.compile(r"[ \t]*")
_SPACES = re.compile(r"\s*")
# The second sign of `==`, `:=` and `===`, and an anchor or a type of YAML.
_LEAD = re.compile(r"[=!~]{1,3}[ \t]{0,8}|(?:&[\w-]{1,40}|!{1,2}[\w-]{1,40})[ \t]{1,8}")
# The value is below its key: a block of YAML, or a single word on the next line.
_BELOW = re.compile(r"(?:[|>][-+0-9]{0,2})?[ \t]{0,40}\r?\n")
_INDENTED = re.compile(r"(?:[ \t]+(?!at |in |File |from |#)[^\r\n]*(?:\r?\n|\Z))+")
_ONE_WORD = re.compile(r"(?!#)\S{3,400}(?=[ \t]{0,40}(?:\r?\n|\Z))")
_OPENING = re.compile(r"\\{0,32}[\"'`]")
_JOINED = re.compile(r"[ \t]{0,8}[.+][ \t]{0,8}(?=\\{0,32}[\"'])")
_ANGLES = re.compile(r"<[^<>\n]{1,4000}>")
# A sign ends a value only if no further part of the value can follow it: `a;b` is one value, but
# `a; b` and `a;name=b` are not.
_INNER_SIGN = re.compile(r"[,;&)}\]<>\"'\\](?![\s,;&)}\]<>\"'\\.]|[\w. -]{1,60}[=:]|\Z)")
_WORD = re.compile(r"[^\s,;&)}\]<>\"'\\]{1,4000}")
_PHRASE = re.compile(r"[^,;\n&)}\]<>\"'\\]{1,4000}")
_MOST_PARTS = 400
# A header continues on the next line after a comma.
_LINE = re.compile(r"[^\r\n\"\\]{1,8000}(?:(?<=,)\r?\n[ \t]{1,20}[^\r\n\"\\]{1,250}){0,8}")
_HEADERS = re.compile(r"(?:proxy-?)?authori[sz]ation|(?:set-?)?cookie|x-[\w-]{1,60}", re.IGNORECASE)
_MAIL = re.compile(r"mail|correo", re.IGNORECASE)
_DECODER = json.JSONDecoder()


def value_span(text: str, pair: re.Match[str], key: str) -> tuple[int, int]:
    """Return the start and the end of the value after a key; they are equal without a value."""
    if pair["tag"]:
        return _element_span(text, pair)
    blanks = (_SPACES if pair["quoted"] else _BLANKS).match(text, pair.end())
    start = blanks.end() if blanks else pair.end()
    dumped = _DUMPED.match(text, start)
    return _written_span(text, start, pair, key) if dumped is None else _dumped_span(text, dumped)


def _element_span(text: str, pair: re.Match[str]) -> tuple[int, int]:
    """Return the content of an XML element, with the elements and CDATA in the content."""
    start = pair.end()
    if text[start - 2] == "/":
        return start, start
    end = text.find("<", start)
    if end < 0:
        return start, len(text)
    if text.startswith("</", end):
        return start, end
    close = text.find(f"{pair['tag']}>", end)
    return start, len(text) if close < 0 else max(end, text.rfind("</", start, close))


def _written_span(text: str, start: int, pair: re.Match[str], key: str) -> tuple[int, int]:
    """Return the start and the end of a value that ends at its quote, bracket or space."""
    if _PHP_BLOCK.match(text, start) is not None:
        return start, len(text)
    lead = _PHP_LEAD.match(text, start) or _LEAD.match(text, start)
    start = lead.end() if lead else start
    if text.startswith(MASK, start):
        return start, start
    if not pair["quoted"] and (below := _BELOW.match(text, start)) is not None:
        value = _INDENTED.match(text, below.end()) or _ONE_WORD.match(text, below.end())
        return value.span() if value else (start, start)
    opening = _OPENING.match(text, start)
    if opening is not None:
        return _quoted_span(text, opening)
    if text[start : start + 1] in ("{", "["):
        return start, _container_end(text, start)
    value = _ANGLES.match(text, start)
    return start, value.end() if value else _bare_end(text, start, pair, key)


def _dumped_span(text: str, dumped: re.Match[str]) -> tuple[int, int]:
    start = dumped.end()
    if text.startswith(MASK, start):
        return start, start
    count = int(dumped["bytes"])
    value = text[start : start + count].encode("utf-8", "replace")[:count]
    return start, start + len(value.decode("utf-8", "ignore"))


def _quoted_span(text: str, opening: re.Match[str]) -> tuple[int, int]:
    """Return the content of a quoted text: with doubled quotes, and with joined texts.

    Examples: `'ab''cd'` of SQL, `"ab" . "cd"` of PHP, and texts in three quotes.
    """
    start, mark = opening.end(), opening.group()
    if text.startswith(mark * 2, start):
        end = text.find(mark * 3, start + 2 * len(mark))
        return start + 2 * len(mark), len(text) if end < 0 else end
    end = _closing(text, mark, start)
    while start < end < len(text):
        after = end + len(mark)
        joined = _JOINED.match(text, after)
        following = _OPENING.match(text, after if joined is None else joined.end())
        if following is None or (joined is None and following.group() != mark):
            break
        end = _closing(text, following.group(), following.end())
        mark = following.group()
    return start, end


def _closing(text: str, mark: str, start: int) -> int:
    """Return the end of a quoted value: its quote with the same backslashes, or the text's end."""
    escapes = len(mark) - 1
    at = start
    while (at := text.find(mark[-1], at)) >= 0:
        run = at
        while run > start and text[run - 1] == "\\" and at - run <= escapes:
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


def _bare_end(text: str, start: int, pair: re.Match[str], key: str) -> int:
    """Return the end of a value without quotes: at a sign, a space or the end of the line."""
    if _HEADERS.fullmatch(key):
        line = _LINE.match(text, start)
        return line.end() if line else start
    part = _WORD if pair["sep"] == "=" or _MAIL.search(key) else _PHRASE
    end = start
    for _ in range(_MOST_PARTS):
        piece = part.match(text, end)
        end = piece.end() if piece else end
        if text.endswith(MASK[:-1], start, end) and text.startswith(MASK[-1], end):
            end += 1
        if _INNER_SIGN.match(text, end) is None:
            break
        end += 1
    return end
