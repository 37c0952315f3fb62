"""Words that decide whether patterns are tried at all, because most errors have none of them."""

import re
from typing import NamedTuple

_LONGEST = 1_000
_SHORT = 20


class RequestProblem(NamedTuple):
    """A cause, and the words of all libraries for it, in small letters.

    The pattern finds words that are not together, and is also in small letters.
    """

    name: str
    words: tuple[str, ...]
    pattern: re.Pattern[str] | None = None


def hints_at(message: str, words: tuple[str, ...]) -> bool:
    """Whether the first 1,000 characters contain one of these words, which are in small letters."""
    return has_word(message[:_LONGEST].lower(), words)


def has_word(lower: str, words: tuple[str, ...]) -> bool:
    """Whether a text in small letters contains one of these words."""
    # A loop is faster than `any` with a generator, and this function runs for every error.
    for word in words:  # noqa: SIM110 as above
        if word in lower:
            return True
    return False


def with_class(message: str, class_name: str | None) -> str:
    """Return the message; add its class if the message is so short that the class is the cause."""
    return f"{message} {class_name}" if class_name and len(message) <= _SHORT else message


def problem_in(lower: str, problems: tuple[RequestProblem, ...]) -> str | None:
    """Return the name of the first problem whose words are in a text in small letters."""
    for name, words, pattern in problems:
        if has_word(lower, words) or (pattern is not None and pattern.search(lower)):
            return name
    return None
