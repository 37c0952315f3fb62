"""The corpora of the masking tests: forms of secrets, and texts that must stay readable.

A form has `<SET:COUNT>` for random characters. SET: `a` lower case, `A` upper case, `1` digits, `h`
hex digits, `H` hex digits in upper case, and any of `+/=_-.~` for itself. Only forms are stored, so
that no scanner of repositories reports the corpus.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.masking.secret_patterns import MASK

HERE = Path(__file__).parent
FINGERPRINTS = HERE.parent / "fingerprint"
PIECES = ["{", "}", '"', "'", "\\", ":", "=", "=>", "password", "token:", "[", "]", "\n", " ", ","]
PIECES += ["a@b.co", "://a:", "@", "4111 ", "1", "eyJ", "Bearer ", "-----BEGIN PRIVATE KEY-----"]
PIECES += ['s:8:"password";', "a:1:{", 'O:1:"A":1:{', "\0", "\ud800", "insert into a (", "<a "]
PIECES += ['"password":"', "%40", "xoxb-", "<password>", ") values (", "\\u0040", "é"]
"""Texts that could make a rule slow when they are repeated."""

EXAMPLES = 5
"""The number of random examples of each form."""

_RANDOM = re.compile(r"<(?P<set>[aA1hH+/=_.~-]+):(?P<count>\d+)>")
_SETS = {
    "a": "abcdefghijklmnopqrstuvwxyz",
    "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "1": "0123456789",
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
}
_LETTER_OR_DIGIT = re.compile(r"[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Example:
    """An example of a rule, and its random parts, none of which may be shown."""

    rule: str
    text: str
    secrets: tuple[str, ...]


def examples(file: str) -> list[Example]:
    """Return examples of the forms in a file, the same in each run."""
    return [
        _example(rule, form, random.Random(f"{rule} {number}"))
        for rule, form in _lines(file)
        for number in range(EXAMPLES)
    ]


def _lines(file: str) -> Iterator[tuple[str, str]]:
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            rule, _, form = line.partition("\t")
            yield rule, form.replace("\\n", "\n")


def _example(rule: str, form: str, chance: random.Random) -> Example:
    secrets: list[str] = []

    def fill(part: re.Match[str]) -> str:
        count = int(part["count"])
        characters = "".join(_SETS.get(char, char) for char in part["set"])
        secret = "".join(chance.choice(characters) for _ in range(count))
        # A random part never begins or ends with a sign, like real tokens.
        ends = "".join(char for char in characters if char.isalnum())
        secret = chance.choice(ends) + secret[1:-1] + chance.choice(ends) if count > 1 else secret
        if count >= 8:
            secrets.append(secret)
        return secret

    return Example(rule, _RANDOM.sub(fill, form), tuple(secrets) or (form,))


def exceptions() -> list[str]:
    """Return the real and typical exceptions that the tests of error groups use."""
    names = ("error_corpus", "error_held_out", "error_second", "error_third")
    corpora = (json.loads((FINGERPRINTS / f"{name}.json").read_text("utf-8")) for name in names)
    return [text for corpus in corpora for texts in corpus.values() for text in texts]


def readable_lines() -> list[str]:
    """Return lines that must stay as they are: ids, hashes, addresses, class names, SQL."""
    lines = (HERE / "readable.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def tokens(text: str) -> list[str]:
    """Return the words of a text that have a letter or a digit."""
    return [word for word in text.split() if _LETTER_OR_DIGIT.search(word)]


def lost_tokens(text: str, masked: str) -> list[str]:
    """Return the words of `text` that are not in `masked`."""
    left = set(tokens(masked))
    return [word for word in tokens(text) if word not in left]


def shown_parts(example: Example, masked: str) -> list[str]:
    """Return the secrets of which the masked text shows at least eight characters in a row."""
    shown = masked.replace(MASK, "\0")
    return [
        secret
        for secret in example.secrets
        if any(secret[at : at + 8] in shown for at in range(max(1, len(secret) - 7)))
    ]
