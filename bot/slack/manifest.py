"""The app's manifest, for the configured slash command and environment, and its scopes."""

import re
from importlib.resources import files

from bot.models.requests import SLASH_COMMAND

APP = "queue-bot"


def manifest(slash: str = SLASH_COMMAND, environment: str | None = None) -> str:
    """Return the YAML text that an administrator pastes into Slack's app page.

    An app of a named environment has the environment in its name, so that people can distinguish
    the apps of one workspace.
    """
    text = files("bot.slack").joinpath("manifest.yml").read_text(encoding="utf-8")
    name = APP if environment is None else f"{APP} {environment}"
    for line, changed in (
        (f"command: {SLASH_COMMAND}\n", f"command: {slash}\n"),
        (f"commands # {SLASH_COMMAND}\n", f"commands # {slash}\n"),
        (f"  name: {APP}\n", f"  name: {name}\n"),
        (f"display_name: {APP}\n", f"display_name: {name}\n"),
    ):
        text = text.replace(line, changed)
    return text


def needed_scopes() -> dict[str, str]:
    """Return the bot scopes of the manifest, each with its purpose from the line's comment."""
    scopes = manifest().partition("    bot:\n")[2].partition("\n\n")[0]
    lines = re.findall(r"^      - (\S+)(?: +# (.*))?$", scopes, re.MULTILINE)
    return {scope: purpose.strip() for scope, purpose in lines}
