"""Mask long tokens that look random; these tokens match no rule for a known form."""

import re
from collections import Counter
from math import log2

from bot.masking.secret_patterns import MASK

_TOKEN = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{40,}={0,2}|[A-Za-z0-9]{20,})(?![A-Za-z0-9])"
    r"|(?<=[/+])[A-Za-z0-9]{20,}(?![A-Za-z0-9+])"
)
# Most long words of paths and classes have no digit.
_LONG = re.compile(r"(?<![A-Za-z0-9+/])(?=[A-Za-z+/]*[0-9])[A-Za-z0-9+/]{20}")
_HEX = re.compile(r"[0-9a-fA-F]+\Z")
_CLASSES = re.compile(r"[A-Z]+|[a-z]+|[0-9]+|[^A-Za-z0-9]")
# Ids of objects. They are not secret, because their services show them everywhere.
_IDS = re.compile(
    r"(?:\b|_)(?:pi|ch|cus|sub|in|evt|req|price|prod|card|pm|seti|cs|re|txn|acct|ord|msg|job|run|file|order)"
    r"[_-]\Z"
)
_LONGEST = 2_000


def has_long_word(text: str) -> bool:
    """Return whether the text has a word of 20 or more letters and digits with a digit.

    Every random token, hexadecimal text and AWS key is such a word, or a part of one.
    """
    return _LONG.search(text) is not None


def mask_random_tokens(text: str) -> str:
    """Return `text` with `[masked]` for each token of 20 or more characters that looks random."""
    return _TOKEN.sub(_masked_if_random, text)


def _masked_if_random(token: re.Match[str]) -> str:
    start = token.start()
    if _IDS.search(token.string, max(0, start - 7), start) is not None:
        return token.group()
    return MASK if _is_random(token.group()[:_LONGEST].rstrip("=")) else token.group()


def _is_random(piece: str) -> bool:
    """Whether letters and digits alternate more than in names; hex hashes are not secret."""
    # A path has a slash in each 12 characters; base64 has a slash in each 64 characters.
    if _HEX.match(piece) or piece.count("/") * 12 > len(piece):
        return False
    runs = _CLASSES.findall(piece)
    kinds = (str.islower, str.isupper, str.isdigit)
    mixed = all(any(kind(char) for char in piece) for kind in kinds)
    if mixed:
        return len(runs) * 3 >= len(piece) and _entropy(piece) >= 3.5
    has_digits = any(map(str.isdigit, piece)) and any(map(str.islower, piece))
    return has_digits and len(piece) >= 30 and len(runs) >= 8 and _entropy(piece) >= 3.5


def _entropy(piece: str) -> float:
    """Return Shannon's entropy in bits per character."""
    return -sum(count / len(piece) * log2(count / len(piece)) for count in Counter(piece).values())
