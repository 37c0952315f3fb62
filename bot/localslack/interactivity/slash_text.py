"""The text of a slash command as Slack sends it."""

import re

from bot.localslack.workspace import Workspace


def escape_names(workspace: Workspace, text: str) -> str:
    """Replace names by references, as Slack does for a command with `should_escape: true`.

    https://docs.slack.dev/interactivity/implementing-slash-commands.
    """

    def reference(match: re.Match[str]) -> str:
        sign, name = match.groups()
        if sign == "#" and (channel := workspace.find_channel(name)):
            return f"<#{channel.id}|{channel.name}>"
        if sign == "@" and (user := workspace.find_user(name)):
            return f"<@{user.id}|{user.name}>"
        for group in workspace.groups.values():
            if sign == "@" and group.handle == name:
                return f"<!subteam^{group.id}|@{name}>"
        return match.group()

    return re.sub(r"(?<![\w<])([@#])([\w-]+)", reference, text)
