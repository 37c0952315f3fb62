"""The sentences of a start in the language of a person.

A start reports its problems in English, as the log does.
"""

import re
from functools import cache
from zoneinfo import ZoneInfo

from bot.doctor.sentences import Sentence, sentences
from bot.text import Texts

_MARK = "\0"
_VALUES = ("setting", "reason", "table", "column", "engine", "type", "other", "layouts", "layout")
_TRANSLATED = (
    "start-wrong-bot-token",
    "start-wrong-app-token",
    "start-wrong-expiring-token",
    "start-wrong-token-lines",
    "start-wrong-signing-secret",
    "start-wrong-address",
    "start-wrong-driver",
    "start-wrong-memory",
    "start-wrong-no-database",
    "start-wrong-schema",
    "start-wrong-schema-file",
    "start-wrong-channel",
    "start-wrong-channels",
    "start-wrong-members",
    "start-wrong-readers",
    "start-wrong-command",
    "start-wrong-environment",
    "start-wrong-zone",
    "start-wrong-language",
    "start-wrong-missing",
    "start-wrong-missing-secret",
    "start-nobody",
    "start-no-audit-key",
    "start-no-tls",
    "start-open-file",
    "start-folder",
    "start-own-tables-old",
    "start-slack-token",
    "start-triggers",
    "start-children",
    "start-layouts",
    "start-layout-columns",
    "start-no-table",
    "start-no-table-codeigniter",
    "start-no-table-similar",
    "start-view",
    "start-engine",
    "start-no-column",
    "start-column-inexact",
    "start-column-no-default",
    "start-column-no-id",
    "start-column-text",
    "start-column-bytes",
    "start-column-number",
    "start-column-generated",
    "start-column-long",
    "start-column-time",
    "start-column-timestamp",
    "start-database-silent",
    "start-database-unreachable",
    "start-database-account",
    "start-database-rights",
    "start-database-crowded",
    "start-database-tls",
    "start-database-clear",
    "start-database-password",
    "start-database-missing",
    "start-database-file",
    "start-database-no-file",
)
"""The keys of the sentences; each English text equals the sentence of a start."""


def sentences_in(language: str) -> Sentence:
    """Return the function that returns a sentence of a key in this language."""
    return sentences(Texts(language, ZoneInfo("UTC")))


def in_language(problem: str, text: Sentence) -> str:
    """Return a problem of a start in the language of `text`; other sentences are unchanged."""
    for key, pattern in _patterns():
        match = pattern.fullmatch(problem)
        if match is not None:
            return text(key, **match.groupdict())
    return problem


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return a pattern of each English sentence; its groups are the values of the sentence."""
    english = sentences_in("en")
    marks = {name: f"{_MARK}{name}{_MARK}" for name in _VALUES}
    return tuple((key, _pattern(english(key, **marks))) for key in _TRANSLATED)


def _pattern(sentence: str) -> re.Pattern[str]:
    """Return the pattern of a sentence with marked values."""
    parts: list[str] = []
    for place, part in enumerate(sentence.split(_MARK)):
        group = f"(?P<{part}>.+)"
        is_value = place % 2 == 1
        again = f"(?P={part})" if group in parts else group
        parts.append(again if is_value else re.escape(part))
    return re.compile("".join(parts), re.DOTALL)
