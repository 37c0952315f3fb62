"""The language of `queue-bot setup`: typed, of the settings, or of the terminal."""

import re
from collections.abc import Mapping

from bot.installing.questions import LANGUAGE
from bot.text import LANGUAGES

_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The variables of the terminal's locale; the first that is set decides."""


def language_of(environ: Mapping[str, str], typed: str | None = None) -> str:
    """Return the language that was typed, or that of the settings, or that of the locale."""
    locale = next((environ[name] for name in _LOCALES if environ.get(name)), "")
    for name in (typed or "", environ.get(LANGUAGE, ""), re.split(r"[_.@-]", locale)[0].lower()):
        if name.strip() in LANGUAGES:
            return name.strip()
    return "en"
