"""The names of people that the audit log allows for changes from the terminal."""

import re

from bot.models.requests import SYSTEM

LONGEST_NAME = 64
"""The maximum length of a name in the audit log."""
_LETTERS = r"[A-Za-z0-9\xc0-\xd6\xd8-\xf6\xf8-\xff]+"
_PERSON_NAME = re.compile(rf"{_LETTERS}(?:(?: |[.'_@-] ?){_LETTERS})*\.?")
_SLACK_ID = re.compile(r"(?<![A-Za-z0-9])[UWS][A-Z0-9]{7,}(?![A-Za-z0-9])")


def name_problem(name: str) -> str | None:
    """Return the reason why the audit log does not allow this name, or None for a valid name."""
    if not 1 <= len(name) <= LONGEST_NAME or name == SYSTEM:
        return f"--as needs a name of a person, with 1 to {LONGEST_NAME} characters."
    if _PERSON_NAME.fullmatch(name) is None:
        return (
            "--as needs a name of Latin letters, digits, single spaces and . ' @ - _, because "
            "other characters could imitate another name."
        )
    if _SLACK_ID.search(name) is not None:
        return "--as needs a name, not a Slack id: an id could belong to another person."
    return None
