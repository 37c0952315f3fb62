"""Read the JSON of stored audit records.

Somebody with the database account may have written any text there. Such a text must stop neither
the verification nor the messages of other records.
"""

import json
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from bot.models.audit import Target


def read_arguments(stored: str) -> dict[str, Any]:
    """Return the arguments; return no arguments if the text is not an object of JSON."""
    values = _read(stored)
    return values if isinstance(values, dict) else {}


def read_targets(stored: str) -> tuple[Target, ...]:
    """Return the targets without those that the bot cannot have written."""
    values = _read(stored)
    targets = []
    for value in values if isinstance(values, list) else ():
        with suppress(ValidationError):
            targets.append(Target.model_validate(value))
    return tuple(targets)


def _read(stored: str) -> object:
    try:
        return json.loads(stored)
    except (ValueError, RecursionError):
        return None
