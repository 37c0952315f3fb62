"""Read secrets from the files that variables such as SLACK_BOT_TOKEN_FILE name."""

import stat
from collections.abc import Mapping
from pathlib import Path

from bot.settings.settings import Settings


def with_secret_files(raw_values: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    """Replace each variable NAME_FILE by NAME with the content of the file."""
    merged = dict(raw_values)
    for name in Settings.SECRETS:
        path = merged.pop(f"{name}_FILE", None)
        if path is None:
            continue
        if name in merged:
            problems.append(f"{name} and {name}_FILE are both set; keep one of them.")
            continue
        # Without this empty secret, a bad file would also be reported as a missing secret.
        merged[name] = ""
        try:
            merged[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"{name}_FILE names a file that queue-bot cannot read as text.")
        else:
            if not merged[name]:
                problems.append(f"{name}_FILE names an empty file.")
    return merged


def exposed_files(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each secret file that every account can read or change."""
    paths = {name: environ.get(f"{name}_FILE", "").strip() for name in Settings.SECRETS}
    return [
        f"{name}_FILE names a file that every account on this machine can read or change: "
        "run chmod 600."
        for name, path in paths.items()
        if path and is_exposed(path)
    ]


def is_exposed(path: str) -> bool:
    """Return whether every account on this machine can read or replace the file's content."""
    try:
        return bool(Path(path).stat().st_mode & (stat.S_IROTH | stat.S_IWOTH))
    except (OSError, ValueError):
        return False
