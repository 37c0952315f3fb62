r"""Write alike the texts that differ between versions of a language or a library.

Each entry of the tables has the text's name, a word that every version contains, the common text,
and a pattern for each version. Most messages have none of the words, so the words save time.
"""

import re
from functools import cache

from bot.fingerprint.errors.wordings.databases import DATABASES
from bot.fingerprint.errors.wordings.frameworks import FRAMEWORKS
from bot.fingerprint.errors.wordings.java import JAVA
from bot.fingerprint.errors.wordings.libraries import LIBRARIES
from bot.fingerprint.errors.wordings.php import PHP
from bot.fingerprint.errors.wordings.php_types import PHP_TYPES
from bot.fingerprint.errors.wordings.python import PYTHON
from bot.fingerprint.errors.wordings.ruby import RUBY
from bot.fingerprint.errors.wordings.runtimes import RUNTIMES
from bot.fingerprint.errors.wordings.services import SERVICES
from bot.fingerprint.errors.wordings.workers import WORKERS
from bot.fingerprint.errors.wordings.xml import XML

# PHP's level of an error depends on the version: a notice of PHP 7 is a warning of PHP 8.
_LEVEL = re.compile(r"(?:Warning|Notice|Deprecated(?: Functionality)?): (?=\S)")
# What libraries write around an error is removed first, then the error is a language's.
_AROUND = XML + LIBRARIES + SERVICES + DATABASES + WORKERS + FRAMEWORKS
TABLES = _AROUND + PHP + PHP_TYPES + PYTHON + RUBY + JAVA + RUNTIMES
_ENTRIES = tuple((word, common, patterns) for _, word, common, patterns in TABLES)
# To compile all patterns would take a tenth of a second of each start; a queue needs a few.
_compiled = cache(re.compile)
_LETTERS = re.compile(r"[A-Za-z]+")
# Letters with other characters on both sides are a whole word of every message with the entry's
# word. So one set of a message's words rules out most entries.
_WHOLE = re.compile(r"(?<=[^A-Za-z])[A-Za-z]+(?=[^A-Za-z])")


def _by_whole_word() -> tuple[dict[str, list[int]], list[int]]:
    """Return the numbers of the entries by a whole word, and of those without a whole word."""
    numbers: dict[str, list[int]] = {}
    others: list[int] = []
    for number, (word, _, _) in enumerate(_ENTRIES):
        whole = max(_WHOLE.findall(word), key=len, default=None)
        (others if whole is None else numbers.setdefault(whole, [])).append(number)
    return numbers, others


_NUMBERS, _OTHERS = _by_whole_word()


def _entries(message: str) -> list[int]:
    """Return the numbers of the entries whose word the message contains, in their order."""
    numbers = list(_OTHERS)
    for word in _NUMBERS.keys() & _LETTERS.findall(message):
        numbers += _NUMBERS[word]
    return sorted(number for number in numbers if _ENTRIES[number][0] in message)


def of_any_version(message: str) -> str:
    """Return the message with the texts of all versions in their common form.

    An entry's word is in the message before the first replacement.
    """
    if (level := _LEVEL.match(message)) is not None:
        message = message[level.end() :]
    for number in _entries(message):
        _, common, patterns = _ENTRIES[number]
        for pattern in patterns:
            message = _compiled(pattern).sub(common, message)
    return message
