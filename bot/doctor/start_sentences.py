"""The sentences of a start in the language of a person.

A start reports its problems in English, as the log does.
"""

from zoneinfo import ZoneInfo

from bot.doctor.sentences import Sentence, sentences
from bot.text import Texts

_VALUE = "\0"
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
    "start-slack-token",
    "start-triggers",
    "start-database-unreachable",
    "start-database-silent",
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
    english = sentences_in("en")
    setting = problem.partition(" ")[0]
    for key in _TRANSLATED:
        before, _, after = english(key, setting=setting, reason=_VALUE).partition(_VALUE)
        reason = problem[len(before) : len(problem) - len(after)]
        if problem == f"{before}{reason}{after}" and (after or not reason):
            return text(key, setting=setting, reason=reason)
    return problem
