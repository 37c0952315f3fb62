"""Find secrets in encoded text: JSON's escapes, base64, addresses and HTML."""

import html
import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from urllib.parse import unquote_plus

from bot.masking.secret_patterns import MASK

# Quotes, backslashes and control characters stay escaped; decoded, they could end a value.
_ESCAPED = re.compile(r"\\{1,16}u(?!00(?:22|27|5[cC]|[01]))(?P<code>[0-9a-fA-F]{4})")
_SURROGATES = re.compile(r"[\ud800-\udfff]+")
# The first three bytes of a readable text are ASCII, or the first letter has an accent, or a byte
# order mark comes first. Only one of eight other words begins like this.
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_=-])"
    r"(?=[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghklopstwx014589]|w|77u)"
    r"[A-Za-z0-9+/_-]{16,}={0,2}(?![A-Za-z0-9+/_=])"
)
_CREDENTIALS = re.compile(r"[\w.@+-]{1,64}:[^\s:]{4,200}\Z")
_PERCENT = re.compile(r"[\w.~%+*=&-]{4,}")
_PERCENT_CODE = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:quot|apos|lt|gt|amp|#\d{1,5}|#[xX][0-9a-fA-F]{1,5});")
# `\x61` and `\141`, as languages write characters of texts.
_CODE = re.compile(r"\\{1,4}(?:x(?P<hex>[2-7][0-9a-fA-F])|(?P<octal>0?[0-1]?[0-7]{2}))")
# Each byte is a printable character of ASCII; nearly no hash has such bytes only.
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[2-7][0-9A-Fa-f]){12,}(?![0-9A-Za-z])")
_HEAD = 32
_SPACES = {ord(char): None for char in "\t\r\n"}
_LONGEST = 200_000
_DEEPEST = 3


def decoded_escapes(text: str) -> str:
    r"""Decode JSON's `\u` escapes in `text`, because an escape could hide a key."""
    if "\\u" not in text:
        return text
    text = _ESCAPED.sub(lambda match: chr(int(match["code"], 16)), text)
    return _SURROGATES.sub(_joined, text)


def _joined(halves: re.Match[str]) -> str:
    return halves.group().encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def mask_encoded(
    text: str, mask: Callable[[str, int], str], depth: int, *, has_long_word: bool
) -> str:
    """Return `text`; mask each encoded part whose decoded text `mask` changes.

    `depth` counts the encodings around this text; `mask` receives the depth of the part.
    """
    if depth >= _DEEPEST:
        return text
    if "&" in text and _ENTITY.search(text) is not None:
        text = _unless_same(text, html.unescape(text), mask, depth)
    if "\\" in text and _CODE.search(text) is not None:
        text = _unless_same(text, _CODE.sub(_character, text), mask, depth)
    if "%" in text:
        text = _PERCENT.sub(lambda run: _masked_percent(run.group(), mask, depth), text)
    if has_long_word:
        text = _HEX.sub(lambda run: _masked_hex(run.group(), mask, depth), text)
    return _BASE64.sub(lambda run: _masked_base64(run.group(), mask, depth), text)


def _unless_same(text: str, plain: str, mask: Callable[[str, int], str], depth: int) -> str:
    """Return the masked decoded text if it has a secret, and otherwise the text as written."""
    masked = mask(plain, depth + 1)
    return text if masked == plain else masked


def _masked_percent(run: str, mask: Callable[[str, int], str], depth: int) -> str:
    if _PERCENT_CODE.search(run) is None:
        return run
    return _unless_same(run, unquote_plus(run), mask, depth)


def _masked_hex(run: str, mask: Callable[[str, int], str], depth: int) -> str:
    plain = bytes.fromhex(run[:_LONGEST]).decode("ascii", "ignore")
    return run if mask(plain, depth + 1) == plain else MASK


def _character(code: re.Match[str]) -> str:
    return chr(int(code["hex"], 16) if code["hex"] else int(code["octal"], 8))


def _masked_base64(run: str, mask: Callable[[str, int], str], depth: int) -> str:
    if _base64_text(run[:_HEAD]) is None:
        return run
    plain = _base64_text(run[:_LONGEST])
    if plain is None:
        return run
    secret = _CREDENTIALS.match(plain) is not None or mask(plain, depth + 1) != plain
    return MASK if secret else run


def _base64_text(run: str) -> str | None:
    """Return the text in a run of base64, or None if the run has no readable text."""
    body = run.rstrip("=").translate({0x2D: "+", 0x5F: "/"})
    body = body[: len(body) // 4 * 4] if len(body) % 4 == 1 else body + "=" * (-len(body) % 4)
    try:
        plain = b64decode(body).decode("utf-8", "ignore")
    except (Error, ValueError):
        return None
    if not plain or len(plain) < len(body) // 2 or not plain.translate(_SPACES).isprintable():
        return None
    is_ascii = len(plain.encode("ascii", "ignore")) * 4 >= len(plain) * 3
    return plain if is_ascii else None
