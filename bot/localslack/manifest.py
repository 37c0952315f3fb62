"""The parts of an app's manifest that the local Slack applies.

https://docs.slack.dev/reference/app-manifest.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.localslack.blocks.specs import Json


class ManifestError(Exception):
    """The manifest is invalid; the message names the invalid part."""


# Scopes that each event requires, from https://docs.slack.dev/reference/events/<event>.
EVENT_SCOPES = {
    "message.im": "im:history",
    "subteam_created": "usergroups:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
}


@dataclass(frozen=True)
class SlashCommand:
    """One entry of `features.slash_commands`; `url` is its address without Socket Mode."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False
    url: str = ""


@dataclass(frozen=True)
class Manifest:
    """An app's permissions and subscriptions; the urls are empty in Socket Mode.

    `messages_tab`: people may write direct messages to the app.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    commands: tuple[SlashCommand, ...] = ()
    home_tab: bool = False
    messages_tab: bool = False
    interactivity: bool = True
    socket_mode: bool = True
    events_url: str = ""
    interactivity_url: str = ""

    def command(self, word: str) -> SlashCommand | None:
        """Return the command that begins with this word; None if the app has no such command.

        An app without the scope `commands` has no command:
        https://docs.slack.dev/reference/scopes/commands.
        """
        own = self.commands if "commands" in self.scopes else ()
        return next((command for command in own if command.command == word), None)

    def with_command(self, word: str) -> "Manifest":
        """Return the manifest; its only slash command begins with this word."""
        (command,) = self.commands
        return replace(self, commands=(replace(command, command=word),))

    def subscribes_to(self, event: str) -> bool:
        """Whether the app receives this event: it has a subscription and a scope for the event."""
        return event in self.events and EVENT_SCOPES.get(event, "") in {"", *self.scopes}

    def suggestions(self) -> list[Json]:
        """Return the commands that the message field suggests while a person types."""
        return [
            {
                "command": command.command,
                "description": command.description,
                "usage_hint": command.usage_hint,
                "subcommands": [],
            }
            for command in self.commands
        ]


def manifest_of(document: object) -> Manifest:
    """Return the manifest of a JSON or YAML document; raises `ManifestError`."""
    settings = _part(document, "settings")
    features = _part(document, "features")
    scopes = _part(_part(document, "oauth_config"), "scopes")
    events = _part(settings, "event_subscriptions")
    interactivity = _part(settings, "interactivity")
    name = _part(document, "display_information").get("name")
    if not isinstance(name, str) or not name:
        raise ManifestError("display_information.name must be a text")
    commands, home = _items(features, "slash_commands"), _part(features, "app_home")
    return Manifest(
        name=name,
        scopes=frozenset(_texts(scopes, "bot")),
        events=frozenset(_texts(events, "bot_events")),
        commands=tuple(_command(command) for command in commands),
        home_tab=bool(home.get("home_tab_enabled")),
        messages_tab=bool(home.get("messages_tab_enabled"))
        and not home.get("messages_tab_read_only_enabled"),
        interactivity=bool(interactivity.get("is_enabled")),
        socket_mode=bool(settings.get("socket_mode_enabled")),
        events_url=str(events.get("request_url", "")),
        interactivity_url=str(interactivity.get("request_url", "")),
    )


def _command(entry: object) -> SlashCommand:
    if not isinstance(entry, dict) or not str(entry.get("command", "")).startswith("/"):
        raise ManifestError("each of features.slash_commands needs a command with a slash")
    return SlashCommand(
        command=str(entry["command"]),
        description=str(entry.get("description", "")),
        usage_hint=str(entry.get("usage_hint", "")),
        should_escape=bool(entry.get("should_escape")),
        url=str(entry.get("url", "")),
    )


def _part(whole: object, name: str) -> Json:
    if not isinstance(whole, dict):
        raise ManifestError(f"the parent of {name} must be a mapping")
    part = whole.get(name) or {}
    if not isinstance(part, dict):
        raise ManifestError(f"{name} must be a mapping")
    return part


def _items(part: Json, name: str) -> Iterable[object]:
    items = part.get(name) or []
    if not isinstance(items, list):
        raise ManifestError(f"{name} must be a list")
    return items


def _texts(part: Json, name: str) -> list[str]:
    items = list(_items(part, name))
    texts = [text for text in items if isinstance(text, str)]
    if len(texts) != len(items):
        raise ManifestError(f"{name} must be a list of texts")
    return texts
