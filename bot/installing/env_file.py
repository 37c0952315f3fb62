"""Write the settings to a file that only its owner can read."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import make_url

from bot.doctor.sentences import Sentence
from bot.models.refusals import StartError

MODE = 0o600
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%,*+=?~-]*")
"""The values that a shell, systemd and Docker read in the same way."""


def write_env_file(path: Path, values: Mapping[str, str], text: Sentence) -> None:
    """Write one line per setting, and replace the file only after it is complete."""
    lines = [f"{name}={_written(name, value)}\n" for name, value in values.items()]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(lines)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        problem = text("setup-unwritable", path=path, reason=error.strerror)
        raise StartError([problem]) from error


def _written(name: str, value: str) -> str:
    """Return a value as the file needs it; special characters of a password are encoded."""
    if name == "DATABASE_URL":
        value = make_url(value).render_as_string(hide_password=False)
    else:
        value = ",".join(re.findall(r"[^\s,]+", value))
    return value if _PLAIN.fullmatch(value) else "'" + value.replace("'", r"'\''") + "'"
