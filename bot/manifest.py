"""The manifest of the Slack app, and the scopes that it asks for."""

import re
from pathlib import Path

_HERE = Path(__file__).parent


def manifest_text() -> str:
    """Return the text of manifest.yml, which the package contains when it is installed."""
    installed, checkout = _HERE / "manifest.yml", _HERE.parent / "manifest.yml"
    path = installed if installed.is_file() else checkout
    return path.read_text(encoding="utf-8")


def needed_scopes() -> dict[str, str]:
    """Return the bot scopes of the manifest, each with its purpose from the line's comment."""
    scopes = manifest_text().partition("    bot:\n")[2]
    lines = re.findall(r"^      - (\S+)(?: +# (.*))?$", scopes.partition("\n\n")[0], re.MULTILINE)
    return {scope: purpose.strip() for scope, purpose in lines}
